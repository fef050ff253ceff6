// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_document.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "core/store/plugin_support.h"

namespace shmflake {
namespace {

constexpr std::int64_t kRowVersion = 1;
constexpr std::string_view kJsonSpace = " \t\r\n";

struct Member {
  std::string name;
  std::size_t begin = 0;  // of the value, as it is written
  std::size_t size = 0;
};

// The position after the string that begins at `at`.
std::size_t EndOfString(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

std::string StringValue(std::string_view token) {
  return nlohmann::json::parse(token).get<std::string>();
}

Member MakeMember(std::string_view text, const std::string& name, std::size_t begin,
                  std::size_t end) {
  begin = text.find_first_not_of(kJsonSpace, begin);
  end = text.find_last_not_of(kJsonSpace, end - 1) + 1;
  return {name, begin, end - begin};
}

// The members of an object that is known to be valid JSON. A parser would give the values as numbers
// of its own choice; here they stay the characters that somebody wrote.
std::vector<Member> MembersOf(std::string_view text) {
  std::vector<Member> members;
  std::string name;
  std::size_t value_begin = 0;  // 0: not in a value
  int depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const std::size_t end = EndOfString(text, at);
      if (value_begin == 0) name = StringValue(text.substr(at, end - at));
      at = end;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (value_begin == 0) {
      if (c == ':') value_begin = at + 1;
    } else if (depth == 0 || (c == ',' && depth == 1)) {
      members.push_back(MakeMember(text, name, value_begin, at));
      value_begin = 0;
    }
    ++at;
  }
  return members;
}

EtcdResult Wrong(int code, const std::string& text, const std::string& rule) {
  return {code, rule + ": " + Excerpt(text)};
}

// The one member of that name, as an integer. *found is null when there is none.
EtcdResult ReadMember(const std::string& text, const std::vector<Member>& members,
                      std::string_view name, std::int64_t* value, const Member** found) {
  *found = nullptr;
  const std::string shown(name);
  for (const Member& member : members) {
    if (member.name != name) continue;
    if (*found != nullptr) return Wrong(SHMFLAKE_STORE_SCHEMA, text, "it has two " + shown);
    *found = &member;
  }
  if (*found == nullptr) return {};
  std::string token = text.substr((*found)->begin, (*found)->size);
  if (token[0] == '"') token = StringValue(token);
  switch (ReadInteger(token, value)) {
    case IntegerText::kInteger:
      return {};
    case IntegerText::kOutOfRange:
      return Wrong(SHMFLAKE_STORE_RANGE, text, shown + " does not fit 64 bits");
    case IntegerText::kOther:
      break;
  }
  return Wrong(SHMFLAKE_STORE_SCHEMA, text, shown + " must be an integer");
}

}  // namespace

EtcdResult EtcdDocument::Parse(const std::string& text, EtcdDocument* out) {
  const nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    return Wrong(SHMFLAKE_STORE_SCHEMA, text, "it must be a JSON object with max_id and step");
  }
  const std::vector<Member> members = MembersOf(text);
  std::int64_t version = kRowVersion;
  const Member* member = nullptr;
  EtcdResult result = ReadMember(text, members, "v", &version, &member);
  if (result.code == SHMFLAKE_STORE_RANGE || (result.ok() && version != kRowVersion)) {
    return Wrong(SHMFLAKE_STORE_SCHEMA, text, "v must be 1");
  }
  if (!result.ok()) return result;

  result = ReadMember(text, members, "step", &out->row_.step, &member);
  if (!result.ok()) return result;
  if (member == nullptr) return Wrong(SHMFLAKE_STORE_SCHEMA, text, "it has no step");
  result = ReadMember(text, members, "max_id", &out->row_.max_id, &member);
  if (!result.ok()) return result;
  if (member == nullptr) return Wrong(SHMFLAKE_STORE_SCHEMA, text, "it has no max_id");
  out->text_ = text;
  out->max_id_begin_ = member->begin;
  out->max_id_size_ = member->size;
  return {};
}

std::string EtcdDocument::OfNewRow(const shmflake_store_row& row) {
  return "{\"v\":" + std::to_string(kRowVersion) + ",\"max_id\":\"" + std::to_string(row.max_id) +
         "\",\"step\":\"" + std::to_string(row.step) + "\"}";
}

std::string EtcdDocument::WithMaxId(std::int64_t max_id) const {
  std::string text = text_;
  return text.replace(max_id_begin_, max_id_size_, "\"" + std::to_string(max_id) + "\"");
}

}  // namespace shmflake
