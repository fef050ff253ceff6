// SPDX-License-Identifier: Apache-2.0
#include "core/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/platform.h"
#include "core/text.h"
#include "core/toml_guard.h"

// The parser is needed here only, and small: no formatters, no exceptions of its own. It tells its
// compiler to take for granted (or, in debug builds, aborts without) some conditions that broken
// files do break and that its next branch handles: without NDEBUG and with an empty TOML_ASSERT it
// does neither.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
// Values within values; the settings have none, and the parser recurses.
#define TOML_MAX_NESTED_VALUES 8
#include <toml++/toml.h>

namespace shmflake {
namespace {

constexpr std::string_view kTableName = "snowflake";
Status Unreadable(const std::string& path, const std::string& reason) {
  return Fail(Code::CONFIG_NOT_FOUND, "cannot read the configuration file %s: %s",
              Printable(path).c_str(), reason.c_str());
}

std::string At(const std::string& path, std::size_t line) {
  return Printable(path) + ":" + std::to_string(line);
}

// The value as messages show it.
std::string Show(const toml::node& node) {
  if (const auto* text = node.as_string()) return Quote(text->get());
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) {
    char text[40];
    std::snprintf(text, sizeof(text), "%g", number->get());
    return text;
  }
  return node.is_table() ? "a table" : node.is_array() ? "an array" : "a date or time";
}

// The value in the kind's type; empty when it is of another.
std::optional<SettingValue> Take(const SettingSpec& spec, const toml::node& node) {
  const toml::value<std::int64_t>* number = node.as_integer();
  const toml::value<std::string>* text = node.as_string();
  switch (spec.kind) {
    case SettingKind::kInteger:
    case SettingKind::kWorkerPart:
      if (number != nullptr) return number->get();
      return std::nullopt;
    case SettingKind::kBoolean:
      if (const auto* boolean = node.as_boolean()) return boolean->get();
      return std::nullopt;
    case SettingKind::kMode:
      if (text != nullptr) {
        if (const auto mode = ParseOctal(text->get())) return std::int64_t{*mode};
      }
      return std::nullopt;
    case SettingKind::kGroup:
      if (number != nullptr) return std::to_string(number->get());
      [[fallthrough]];
    case SettingKind::kPath:
    case SettingKind::kName:
    case SettingKind::kChoice:
    case SettingKind::kStore:
    case SettingKind::kStoreUrl:
      if (text != nullptr) return text->get();
      return std::nullopt;
  }
  return std::nullopt;
}

std::string TypeRule(const SettingSpec& spec) {
  switch (spec.kind) {
    case SettingKind::kMode:
      return "must be a string in quotes, such as \"0660\"";
    case SettingKind::kPath:
    case SettingKind::kName:
    case SettingKind::kChoice:
    case SettingKind::kStoreUrl:
      return "must be a string";
    default:
      return RuleOf(spec);
  }
}

Status UnknownKey(const std::string& where, std::string_view key) {
  std::vector<std::string_view> known;
  for (const SettingSpec& spec : SettingTable()) known.push_back(spec.key);
  const std::string_view nearest = NearestWord(key, known);
  std::string message = where + ": unknown key: " + Quote(key);
  if (!nearest.empty()) message.append("; did you mean ").append(nearest).append("?");
  return {Code::CONFIG_KEY, std::move(message)};
}

struct ConfigEntry {
  std::size_t line;
  std::string_view key;
  const toml::node* node;
};

Status ReadEntry(const std::string& path, const ConfigEntry& entry, SettingLayer* layer) {
  const std::string where = At(path, entry.line);
  const SettingSpec* spec = FindSetting(entry.key);
  if (spec == nullptr) return UnknownKey(where, entry.key);
  const std::string subject = where + ": " + std::string(entry.key);
  std::optional<SettingValue> value = Take(*spec, *entry.node);
  if (!value) {
    // A text that is no octal number has the right type all the same.
    if (spec->kind == SettingKind::kMode && entry.node->is_string()) {
      return Fail(Code::CONFIG_VALUE, "%s %s: %s", subject.c_str(), RuleOf(*spec).c_str(),
                  Show(*entry.node).c_str());
    }
    return Fail(Code::CONFIG_TYPE, "%s %s: %s", subject.c_str(), TypeRule(*spec).c_str(),
                Show(*entry.node).c_str());
  }
  GivenValue given{std::move(*value), SettingOrigin::kConfigFile, subject, where};
  SHMFLAKE_RETURN_IF_ERROR(CheckValue(*spec, given));
  if (const GivenValue* other = layer->Find(*spec)) {
    return Fail(Code::CONFIG_KEY, "%s is given twice, at the top and in [snowflake]: also at %s",
                subject.c_str(), other->source.c_str());
  }
  layer->Set(*spec, std::move(given));
  return Status::Ok();
}

std::size_t LineOf(const toml::key& key) { return key.source().begin.line; }

}  // namespace

Status ReadConfigText(const std::string& path, bool optional, bool* found, std::string* text) {
  *found = false;
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (optional && (errno == ENOENT || errno == ENOTDIR)) return Status::Ok();
    return Unreadable(path, std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return Unreadable(path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return Unreadable(path, std::strerror(EISDIR));
  if (!S_ISREG(info.st_mode)) return Unreadable(path, "it must be a regular file");
  text->clear();
  char part[4096];
  while (true) {
    const ssize_t count = ::read(fd.get(), part, sizeof(part));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unreadable(path, std::strerror(errno));
    if (count == 0) break;
    text->append(part, static_cast<std::size_t>(count));
    if (text->size() > kLargestConfigFile) {
      return Unreadable(path, "it must be at most " + std::to_string(kLargestConfigFile) +
                                  " bytes: " + std::strerror(EFBIG));
    }
  }
  *found = true;
  return Status::Ok();
}

Status ParseConfigText(const std::string& path, std::string_view text, SettingLayer* layer) {
  std::size_t line = 0;
  if (const std::string wrong = GuardToml(text, &line); !wrong.empty()) {
    return Fail(Code::CONFIG_SYNTAX, "%s: %s", At(path, line).c_str(), wrong.c_str());
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Fail(Code::CONFIG_SYNTAX, "%s: not TOML: %s",
                At(path, error.source().begin.line).c_str(),
                Printable(error.description()).c_str());
  }
  std::vector<ConfigEntry> entries;
  for (const auto& [key, node] : parsed.table()) {
    if (key.str() != kTableName) {
      entries.push_back({LineOf(key), key.str(), &node});
      continue;
    }
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      return Fail(Code::CONFIG_TYPE, "%s: snowflake must be a table: %s",
                  At(path, LineOf(key)).c_str(), Show(node).c_str());
    }
    for (const auto& [inner_key, inner_node] : *table) {
      entries.push_back({LineOf(inner_key), inner_key.str(), &inner_node});
    }
  }
  // The table is sorted by key; people read from the top.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const ConfigEntry& a, const ConfigEntry& b) { return a.line < b.line; });
  for (const ConfigEntry& entry : entries) SHMFLAKE_RETURN_IF_ERROR(ReadEntry(path, entry, layer));
  return Status::Ok();
}

}  // namespace shmflake
