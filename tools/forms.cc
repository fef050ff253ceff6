// SPDX-License-Identifier: Apache-2.0
#include "forms.h"

#include <shmflake/shmflake.h>

#include <algorithm>

#include "text.h"

namespace tool {
namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kUlidLength = 26;
constexpr std::size_t kHexLength = 16;
constexpr std::size_t kBase32Length = 13;  // of base36, too
constexpr std::size_t kBase62Length = 11;  // of base58, too

struct NamedForm {
  const char* name;
  Form form;
  int library;  // SHMFLAKE_FORM_*, or 0
};

constexpr NamedForm kForms[] = {
    {"decimal", Form::kDecimal, SHMFLAKE_FORM_DECIMAL},
    {"hex", Form::kHex, SHMFLAKE_FORM_HEX},
    {"base36", Form::kBase36, SHMFLAKE_FORM_BASE36},
    {"base58", Form::kBase58, SHMFLAKE_FORM_BASE58},
    {"base62", Form::kBase62, SHMFLAKE_FORM_BASE62},
    {"crockford32", Form::kCrockford32, SHMFLAKE_FORM_CROCKFORD32},
    {"uuid", Form::kUuid, 0},
    {"ulid", Form::kUlid, 0},
    {"uuid7", Form::kUuid, 0},
};

const NamedForm& Find(Form form) {
  return *std::find_if(std::begin(kForms), std::end(kForms),
                       [form](const NamedForm& one) { return one.form == form; });
}

bool HasHexPrefix(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsSmall(char c) { return c >= 'a' && c <= 'z'; }
bool IsCapital(char c) { return c >= 'A' && c <= 'Z'; }

template <typename Is>
bool All(std::string_view text, Is is) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}
template <typename Is>
bool Any(std::string_view text, Is is) {
  return std::any_of(text.begin(), text.end(), is);
}

}  // namespace

const char* FormName(Form form) { return Find(form).name; }
int LibraryForm(Form form) { return Find(form).library; }
bool Is64Bit(Form form) { return LibraryForm(form) != 0; }

bool FindForm(std::string_view name, Form* out) {
  for (const NamedForm& one : kForms) {
    if (name != one.name) continue;
    *out = one.form;
    return true;
  }
  return false;
}

bool ReadAs(const std::string& text, Form form, Reading* out, Failure* failure) {
  Reading reading;
  reading.form = form;
  const bool prefix = form == Form::kHex && HasHexPrefix(text);
  int code = 0;
  if (form == Form::kUuid) {
    code = shmflake_parse_uuid(text.c_str(), reading.bytes.data());
  } else if (form == Form::kUlid) {
    code = shmflake_parse_ulid(text.c_str(), reading.bytes.data());
  } else {
    code = shmflake_parse(text.c_str() + (prefix ? 2 : 0), LibraryForm(form), &reading.id);
  }
  if (code == SHMFLAKE_OK) {
    *out = reading;
    return true;
  }
  *failure = LibraryFailure(code);
  if (prefix) failure->message += ", counted behind 0x";
  return false;
}

std::vector<Form> FormsOf(std::string_view text) {
  std::vector<Form> forms;
  if (HasHexPrefix(text)) forms.push_back(Form::kHex);
  if (All(text, IsDigit)) forms.push_back(Form::kDecimal);
  const std::size_t hyphens = static_cast<std::size_t>(std::count(text.begin(), text.end(), '-'));
  if (text.size() == kUuidLength || (hyphens == 4 && text.size() > kUlidLength)) {
    forms.push_back(Form::kUuid);
  } else if (text.size() == kUlidLength) {
    forms.push_back(Form::kUlid);
  } else if (text.size() == kHexLength && All(text, IsHexDigit)) {
    forms.push_back(Form::kHex);
  } else if (text.size() - hyphens == kBase32Length) {
    // The library writes the one in small letters and the other in capitals.
    const bool base36_first = Any(text, IsSmall) && !Any(text, IsCapital) && hyphens == 0;
    if (base36_first) forms.push_back(Form::kBase36);
    forms.push_back(Form::kCrockford32);
    if (!base36_first && hyphens == 0) forms.push_back(Form::kBase36);
  } else if (text.size() == kBase62Length) {
    forms.push_back(Form::kBase62);
    forms.push_back(Form::kBase58);
  }
  if (forms.empty()) forms.push_back(Form::kDecimal);
  return forms;
}

}  // namespace tool
