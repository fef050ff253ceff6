// SPDX-License-Identifier: Apache-2.0
// The C ABI's IDs as text. Success touches nothing but the arguments.
#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "core/id_text.h"
#include "core/id_text_error.h"
#include "core/uuid_text.h"

using shmflake::Code;
using shmflake::IsTextForm;
using shmflake::TextForm;
using shmflake::capi::SetLastError;

// The header, the core and the golden list say the same numbers.
static_assert(SHMFLAKE_FORM_DECIMAL == static_cast<int>(TextForm::kDecimal));
static_assert(SHMFLAKE_FORM_HEX == static_cast<int>(TextForm::kHex));
static_assert(SHMFLAKE_FORM_BASE36 == static_cast<int>(TextForm::kBase36));
static_assert(SHMFLAKE_FORM_BASE58 == static_cast<int>(TextForm::kBase58));
static_assert(SHMFLAKE_FORM_BASE62 == static_cast<int>(TextForm::kBase62));
static_assert(SHMFLAKE_FORM_CROCKFORD32 == static_cast<int>(TextForm::kCrockford32));
static_assert(SHMFLAKE_FORM_CROCKFORD32 == shmflake::kTextForms);
static_assert(SHMFLAKE_TEXT_SIZE > shmflake::kMaxIdText);
static_assert(SHMFLAKE_TEXT_SIZE > shmflake::kUuidLength);
static_assert(SHMFLAKE_TEXT_SIZE > shmflake::kUlidLength);

namespace {

// Async-signal-safe: which of them was NULL is not said.
[[gnu::cold]] int NullArgument() noexcept {
  return SetLastError(shmflake::DrawError{Code::NULL_ARGUMENT, 0, 0});
}

[[gnu::cold, gnu::noinline]] int FormatFailed(uint64_t id, int form, size_t size) noexcept {
  return SetLastError(shmflake::ExplainFormat(id, form, size));
}

[[gnu::cold, gnu::noinline]] int ParseFailed(const char* text, int form) noexcept {
  return SetLastError(shmflake::ExplainParse(text, form));
}

}  // namespace

extern "C" {

int shmflake_format(uint64_t id, int form, char* text, size_t size) {
  if (text == nullptr) [[unlikely]]
    return NullArgument();
  if (IsTextForm(form) && FormatId(id, static_cast<TextForm>(form), text, size)) [[likely]]
    return 0;
  return FormatFailed(id, form, size);
}

int shmflake_parse(const char* text, int form, uint64_t* id) {
  if (text == nullptr || id == nullptr) [[unlikely]]
    return NullArgument();
  if (IsTextForm(form) && ParseId(text, static_cast<TextForm>(form), id)) [[likely]]
    return 0;
  return ParseFailed(text, form);
}

int shmflake_format_uuid(const unsigned char uuid[16], char text[37]) {
  if (uuid == nullptr || text == nullptr) return NullArgument();
  shmflake::FormatUuid(uuid, text);
  return 0;
}

int shmflake_parse_uuid(const char* text, unsigned char uuid[16]) {
  if (text == nullptr || uuid == nullptr) return NullArgument();
  if (shmflake::ParseUuid(text, uuid)) return 0;
  return SetLastError(shmflake::ExplainUuid(text));
}

int shmflake_format_ulid(const unsigned char ulid[16], char text[27]) {
  if (ulid == nullptr || text == nullptr) return NullArgument();
  shmflake::FormatUlid(ulid, text);
  return 0;
}

int shmflake_parse_ulid(const char* text, unsigned char ulid[16]) {
  if (text == nullptr || ulid == nullptr) return NullArgument();
  if (shmflake::ParseUlid(text, ulid)) return 0;
  return SetLastError(shmflake::ExplainUlid(text));
}

}  // extern "C"
