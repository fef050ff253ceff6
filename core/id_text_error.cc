// SPDX-License-Identifier: Apache-2.0
#include "core/id_text_error.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <limits>

#include "core/id_text.h"
#include "core/text.h"
#include "core/uuid_text.h"

namespace shmflake {
namespace {

enum class Rule : std::uint8_t { kNone, kLength, kDigit, kLeadingZero, kHyphen, kOverflow };

// Forms behind the public ones, for messages only.
constexpr int kUuidForm = kTextForms + 1;
constexpr int kUlidForm = kTextForms + 2;

// What DrawError's two numbers hold for a TEXT.
//   limit    0 | more: 8 | position: 32 | form: 8 | rule: 8
//   value    kLength: the length. kOverflow: the number's lower 64 bits, the others are `more`.
//            Else: the character's bytes, the first lowest.
DrawError TextError(Rule rule, int form, std::size_t position, std::uint64_t value,
                    std::uint64_t more = 0) noexcept {
  const std::uint64_t limit = static_cast<std::uint64_t>(rule) |
                              static_cast<std::uint64_t>(form) << 8 |
                              static_cast<std::uint64_t>(position) << 16 | more << 48;
  return {Code::TEXT, static_cast<std::int64_t>(value), static_cast<std::int64_t>(limit)};
}

// The character at text[index], with the bytes that follow its first in UTF-8.
DrawError CharacterError(Rule rule, int form, const char* text, std::size_t index) noexcept {
  std::uint64_t bytes = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(text[index + i]);
    if (i > 0 && (byte & 0xC0U) != 0x80) break;  // a NUL, too
    bytes |= std::uint64_t{byte} << (8 * i);
  }
  return TextError(rule, form, index + 1, bytes);
}

int DigitOf(TextForm form, char character) noexcept {
  const std::string_view alphabet = SpecOf(form).alphabet;
  const auto find = [&](char wanted) {
    const std::size_t at = alphabet.find(wanted);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
  };
  if (form == TextForm::kCrockford32) {
    const char lower = static_cast<char>(character | 0x20);
    if (lower == 'i' || lower == 'l') return 1;
    if (lower == 'o') return 0;
  }
  const bool letter =
      (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z');
  const int digit = find(character);
  return digit < 0 && letter && SpecOf(form).either_case ? find(static_cast<char>(character ^ 0x20))
                                                         : digit;
}

std::string Overflowing(TextForm form, std::uint64_t low, std::uint64_t high) {
  const std::string_view alphabet = SpecOf(form).alphabet;
  unsigned __int128 number = static_cast<unsigned __int128>(high) << 64 | low;
  std::string digits;
  for (; number != 0; number /= alphabet.size()) {
    digits += alphabet[static_cast<std::size_t>(number % alphabet.size())];
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string CharacterOf(std::uint64_t bytes) {
  char character[9] = {};
  std::memcpy(character, &bytes, sizeof(bytes));
  return Quote(character);
}

std::string DescribeId(Rule rule, TextForm form, std::size_t position, std::uint64_t value,
                       std::uint64_t more) {
  const TextFormSpec& spec = SpecOf(form);
  const char* name = spec.name.data();
  switch (rule) {
    case Rule::kLength:
      return Fail(Code::TEXT, "a %s ID has 1..%zu digits: %" PRIu64, name, spec.width, value)
          .message();
    case Rule::kDigit:
      return Fail(Code::TEXT, "a %s ID has digits %s only: %s at position %zu", name,
                  spec.accepted.data(), CharacterOf(value).c_str(), position)
          .message();
    case Rule::kLeadingZero:
      return Fail(Code::TEXT, "a %s ID has no leading zeros: %s at position %zu", name,
                  CharacterOf(value).c_str(), position)
          .message();
    case Rule::kHyphen:
      return Fail(Code::TEXT, "a %s ID has hyphens between two digits only: %s at position %zu",
                  name, CharacterOf(value).c_str(), position)
          .message();
    case Rule::kOverflow: {
      char largest[kMaxIdText + 1];
      if (!FormatId(std::numeric_limits<std::uint64_t>::max(), form, largest, sizeof(largest)))
        break;
      return Fail(Code::TEXT, "a %s ID is at most %s (2^64 - 1): %s", name, largest,
                  Overflowing(form, value, more).c_str())
          .message();
    }
    case Rule::kNone:
      break;
  }
  return CodeRule(Code::TEXT);
}

std::string DescribeUuid(Rule rule, std::size_t position, std::uint64_t value) {
  switch (rule) {
    case Rule::kLength:
      return Fail(Code::TEXT, "a UUID has 36 characters: %" PRIu64, value).message();
    case Rule::kDigit:
      return Fail(Code::TEXT, "a UUID has digits 0-9a-f, in either case, here: %s at position %zu",
                  CharacterOf(value).c_str(), position)
          .message();
    case Rule::kHyphen:
      return Fail(Code::TEXT,
                  "a UUID has hyphens at positions 9, 14, 19 and 24: %s at position %zu",
                  CharacterOf(value).c_str(), position)
          .message();
    default:
      return CodeRule(Code::TEXT);
  }
}

std::string DescribeUlid(Rule rule, std::size_t position, std::uint64_t value) {
  switch (rule) {
    case Rule::kLength:
      return Fail(Code::TEXT, "a ULID has 26 characters: %" PRIu64, value).message();
    case Rule::kDigit:
      return Fail(Code::TEXT, "a ULID has digits %s only: %s at position %zu",
                  SpecOf(TextForm::kCrockford32).accepted.data(), CharacterOf(value).c_str(),
                  position)
          .message();
    case Rule::kOverflow:
      return Fail(Code::TEXT,
                  "a ULID is at most 7ZZZZZZZZZZZZZZZZZZZZZZZZZ (2^128 - 1): %s at position %zu",
                  CharacterOf(value).c_str(), position)
          .message();
    default:
      return CodeRule(Code::TEXT);
  }
}

}  // namespace

DrawError ExplainFormat(std::uint64_t id, int form, std::size_t size) noexcept {
  if (!IsTextForm(form)) return {Code::FORM, form, kTextForms};
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  const std::size_t needed = IdTextLength(id, static_cast<TextForm>(form)) + 1;
  return {Code::BUFFER, static_cast<std::int64_t>(std::min(size, most)),
          static_cast<std::int64_t>(needed)};
}

DrawError ExplainParse(const char* text, int form) noexcept {
  if (!IsTextForm(form)) return {Code::FORM, form, kTextForms};
  const auto text_form = static_cast<TextForm>(form);
  const TextFormSpec& spec = SpecOf(text_form);
  unsigned __int128 number = 0;
  std::size_t digits = 0;
  std::size_t index = 0;
  bool after_digit = false;
  for (; text[index] != '\0'; ++index) {
    if (text_form == TextForm::kCrockford32 && text[index] == '-') {
      if (!after_digit) return CharacterError(Rule::kHyphen, form, text, index);
      after_digit = false;
      continue;
    }
    const int digit = DigitOf(text_form, text[index]);
    if (digit < 0) return CharacterError(Rule::kDigit, form, text, index);
    after_digit = true;
    // The number of a text that is too long is not said, and may wrap.
    number = number * spec.alphabet.size() + static_cast<unsigned>(digit);
    ++digits;
  }
  if (digits == 0 || digits > spec.width) return TextError(Rule::kLength, form, 0, digits);
  if (!after_digit) return CharacterError(Rule::kHyphen, form, text, index - 1);
  if (text_form == TextForm::kDecimal && text[0] == '0') {
    return CharacterError(Rule::kLeadingZero, form, text, 0);
  }
  return TextError(Rule::kOverflow, form, 0, static_cast<std::uint64_t>(number),
                   static_cast<std::uint64_t>(number >> 64));
}

DrawError ExplainUuid(const char* text) noexcept {
  for (std::size_t i = 0; i < kUuidLength && text[i] != '\0'; ++i) {
    const bool hyphen = IsUuidHyphen(i);
    if (hyphen && text[i] != '-') return CharacterError(Rule::kHyphen, kUuidForm, text, i);
    if (!hyphen && DigitOf(TextForm::kHex, text[i]) < 0) {
      return CharacterError(Rule::kDigit, kUuidForm, text, i);
    }
  }
  return TextError(Rule::kLength, kUuidForm, 0, std::strlen(text));
}

DrawError ExplainUlid(const char* text) noexcept {
  for (std::size_t i = 0; i < kUlidLength && text[i] != '\0'; ++i) {
    if (DigitOf(TextForm::kCrockford32, text[i]) < 0) {
      return CharacterError(Rule::kDigit, kUlidForm, text, i);
    }
  }
  const std::size_t length = std::strlen(text);
  if (length != kUlidLength) return TextError(Rule::kLength, kUlidForm, 0, length);
  return CharacterError(Rule::kOverflow, kUlidForm, text, 0);
}

std::string DescribeTextError(const DrawError& error) {
  const auto value = static_cast<std::uint64_t>(error.value);
  const auto limit = static_cast<std::uint64_t>(error.limit);
  if (error.code == Code::FORM) {
    return Fail(Code::FORM, "a text form must be 1..%" PRIu64 " (SHMFLAKE_FORM_*): %" PRId64, limit,
                error.value)
        .message();
  }
  if (error.code == Code::BUFFER) {
    return Fail(Code::BUFFER, "this text needs %" PRIu64 " bytes, its NUL included: %" PRIu64,
                limit, value)
        .message();
  }
  const auto rule = static_cast<Rule>(limit & 0xff);
  const int form = static_cast<int>(limit >> 8 & 0xff);
  const auto position = static_cast<std::size_t>(limit >> 16 & 0xffffffff);
  if (form == kUuidForm) return DescribeUuid(rule, position, value);
  if (form == kUlidForm) return DescribeUlid(rule, position, value);
  if (!IsTextForm(form)) return CodeRule(Code::TEXT);
  return DescribeId(rule, static_cast<TextForm>(form), position, value, limit >> 48 & 0xff);
}

}  // namespace shmflake
