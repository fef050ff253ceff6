// SPDX-License-Identifier: Apache-2.0
#include "core/id_text.h"

#include <cstring>

#include "core/base62_text.h"
#include "core/decimal_text.h"

namespace shmflake {
namespace {

// Digits are taken in groups of four: a group's digits depend on each other, groups do not.
inline constexpr std::size_t kGroup = 4;

template <TextForm form>
inline constexpr std::uint32_t kBase = SpecOf(form).alphabet.size();

template <TextForm form>
inline constexpr std::uint32_t kGroupValues = kBase<form>* kBase<form>* kBase<form>* kBase<form>;

// Unrolled by recursion: the same with every compiler and every level of optimisation.
template <TextForm form, std::size_t count>
[[gnu::always_inline]] inline void PutDigits(std::uint32_t value, char* text) noexcept {
  constexpr std::uint32_t pairs = kBase<form> * kBase<form>;
  if constexpr (count == 1) {
    *text = SpecOf(form).alphabet[value];
  } else {
    std::memcpy(text + count - 2, kPairs<form>[value % pairs].data(), 2);
    if constexpr (count > 2) PutDigits<form, count - 2>(value / pairs, text);
  }
}

template <TextForm form, std::size_t count>
[[gnu::always_inline]] inline void PutGroups(std::uint64_t id, char* text) noexcept {
  if constexpr (count <= kGroup) {
    PutDigits<form, count>(static_cast<std::uint32_t>(id), text);
  } else {
    const std::uint64_t rest = id / kGroupValues<form>;
    PutDigits<form, kGroup>(static_cast<std::uint32_t>(id - rest * kGroupValues<form>),
                            text + count - kGroup);
    PutGroups<form, count - kGroup>(rest, text);
  }
}

template <TextForm form>
[[gnu::noinline]] bool FormatFixed(std::uint64_t id, char* text, std::size_t size) noexcept {
  constexpr std::size_t width = SpecOf(form).width;
  if (size <= width) return false;
  PutGroups<form, width>(id, text);
  text[width] = '\0';
  return true;
}

// Digit by digit, so that nothing behind a NUL is touched.
template <TextForm form, std::size_t count>
[[gnu::always_inline]] inline bool TakeDigits(const char* text, std::uint32_t* value) noexcept {
  const std::int8_t digit = kDigits<form>[static_cast<unsigned char>(*text)];
  if (digit < 0) [[unlikely]]
    return false;
  *value = *value * kBase<form> + static_cast<std::uint32_t>(digit);
  if constexpr (count > 1) return TakeDigits<form, count - 1>(text + 1, value);
  return true;
}

// value * factor + more; false when that is 2^64 or more.
[[nodiscard]] inline bool MultiplyAdd(std::uint64_t* value, std::uint64_t factor,
                                      std::uint64_t more) noexcept {
  return !__builtin_mul_overflow(*value, factor, value) &&
         !__builtin_add_overflow(*value, more, value);
}

template <TextForm form, std::size_t count>
[[gnu::always_inline]] inline bool TakeGroups(const char* text, std::uint64_t* value) noexcept {
  std::uint32_t group = 0;
  if constexpr (count <= kGroup) {
    if (!TakeDigits<form, count>(text, &group)) return false;
    *value = group;
    return true;
  } else {
    return TakeGroups<form, count - kGroup>(text, value) &&
           TakeDigits<form, kGroup>(text + count - kGroup, &group) &&
           MultiplyAdd(value, kGroupValues<form>, group);
  }
}

// Fewer digits than the form's width, or crockford32 with hyphens.
template <TextForm form>
[[gnu::noinline, gnu::cold]] bool ParseLoosely(const char* text, std::uint64_t* id) noexcept {
  std::uint64_t value = 0;
  std::size_t digits = 0;
  bool after_digit = false;
  for (; *text != '\0'; ++text) {
    if (form == TextForm::kCrockford32 && *text == '-') {
      if (!after_digit) return false;
      after_digit = false;
      continue;
    }
    const std::int8_t digit = kDigits<form>[static_cast<unsigned char>(*text)];
    if (digit < 0 || ++digits > SpecOf(form).width) return false;
    if (!MultiplyAdd(&value, kBase<form>, static_cast<std::uint64_t>(digit))) return false;
    after_digit = true;
  }
  if (!after_digit) return false;
  *id = value;
  return true;
}

template <TextForm form>
[[gnu::noinline]] bool ParseFixed(const char* text, std::uint64_t* id) noexcept {
#ifdef SHMFLAKE_SIXTEEN_BYTES
  if constexpr (form == TextForm::kBase62) {
    if (IsWithinPage(text, 16) && ParseBase62(text, id)) [[likely]]
      return true;
  }
#endif
  constexpr std::size_t width = SpecOf(form).width;
  std::uint64_t value = 0;
  if (TakeGroups<form, width>(text, &value) && text[width] == '\0') [[likely]] {
    *id = value;
    return true;
  }
  return ParseLoosely<form>(text, id);
}

}  // namespace

bool FormatId(std::uint64_t id, TextForm form, char* text, std::size_t size) noexcept {
  switch (form) {
    case TextForm::kDecimal:
      return FormatDecimal(id, text, size);
    case TextForm::kHex:
      return FormatFixed<TextForm::kHex>(id, text, size);
    case TextForm::kBase36:
      return FormatFixed<TextForm::kBase36>(id, text, size);
    case TextForm::kBase58:
      return FormatFixed<TextForm::kBase58>(id, text, size);
    case TextForm::kBase62:
      return FormatFixed<TextForm::kBase62>(id, text, size);
    case TextForm::kCrockford32:
      return FormatFixed<TextForm::kCrockford32>(id, text, size);
  }
  return false;
}

std::size_t IdTextLength(std::uint64_t id, TextForm form) noexcept {
  if (form != TextForm::kDecimal) return SpecOf(form).width;
  std::size_t length = 1;
  while (id >= 10) {
    id /= 10;
    ++length;
  }
  return length;
}

bool ParseId(const char* text, TextForm form, std::uint64_t* id) noexcept {
  switch (form) {
    case TextForm::kDecimal:
      return ParseDecimal(text, id);
    case TextForm::kHex:
      return ParseFixed<TextForm::kHex>(text, id);
    case TextForm::kBase36:
      return ParseFixed<TextForm::kBase36>(text, id);
    case TextForm::kBase58:
      return ParseFixed<TextForm::kBase58>(text, id);
    case TextForm::kBase62:
      return ParseFixed<TextForm::kBase62>(text, id);
    case TextForm::kCrockford32:
      return ParseFixed<TextForm::kCrockford32>(text, id);
  }
  return false;
}

}  // namespace shmflake
