// SPDX-License-Identifier: Apache-2.0
// The positional systems that a 64-bit ID is written in. All but decimal are written with a fixed
// width, so that texts sort bytewise as their IDs do: every alphabet ascends in ASCII.
#ifndef SHMFLAKE_CORE_TEXT_FORM_H_
#define SHMFLAKE_CORE_TEXT_FORM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shmflake {

// Pinned: the C ABI's SHMFLAKE_FORM_*.
enum class TextForm : int {
  kDecimal = 1,
  kHex = 2,
  kBase36 = 3,
  kBase58 = 4,       // Bitcoin's alphabet: without 0, I, O and l
  kBase62 = 5,       // 0-9, A-Z, a-z
  kCrockford32 = 6,  // https://www.crockford.com/base32.html, as TSIDs are written
};

inline constexpr int kTextForms = 6;
inline constexpr std::size_t kMaxIdText = 20;  // characters of the longest text, without its NUL

struct TextFormSpec {
  std::string_view name;
  std::string_view alphabet;  // the digits that are written, in order of their values
  std::string_view accepted;  // the digits that are read, for messages
  std::size_t width;          // digits that every ID fits in
  bool either_case;           // read in both cases
};

inline constexpr std::array<TextFormSpec, kTextForms> kTextFormSpecs = {{
    {"decimal", "0123456789", "0-9", 20, false},
    {"hex", "0123456789abcdef", "0-9a-f, in either case,", 16, true},
    {"base36", "0123456789abcdefghijklmnopqrstuvwxyz", "0-9a-z, in either case,", 13, true},
    {"base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "1-9A-HJ-NP-Za-km-z",
     11, false},
    {"base62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "0-9A-Za-z", 11,
     false},
    {"crockford32", "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "0-9A-Z but U, in either case,", 13, true},
}};

[[nodiscard]] constexpr bool IsTextForm(int form) noexcept {
  return form >= 1 && form <= kTextForms;
}

[[nodiscard]] constexpr const TextFormSpec& SpecOf(TextForm form) noexcept {
  return kTextFormSpecs[static_cast<std::size_t>(form) - 1];
}

// A character's value as a digit; kNoDigit for others, among them NUL and the hyphen.
inline constexpr std::int8_t kNoDigit = -1;
using DigitTable = std::array<std::int8_t, 256>;

[[nodiscard]] constexpr DigitTable MakeDigitTable(TextForm form) noexcept {
  const TextFormSpec& spec = SpecOf(form);
  DigitTable table{};
  table.fill(kNoDigit);
  const auto put = [&](char character, std::int8_t value) {
    table[static_cast<unsigned char>(character)] = value;
    const bool upper = character >= 'A' && character <= 'Z';
    const bool lower = character >= 'a' && character <= 'z';
    if (spec.either_case && (upper || lower)) {
      table[static_cast<unsigned char>(character ^ 0x20)] = value;
    }
  };
  std::int8_t value = 0;
  for (const char digit : spec.alphabet) put(digit, value++);
  if (form == TextForm::kCrockford32) {
    put('I', 1);
    put('L', 1);
    put('O', 0);
  }
  return table;
}

// Every two digits, in order of their value.
template <TextForm form>
[[nodiscard]] constexpr auto MakePairTable() noexcept {
  constexpr std::string_view alphabet = SpecOf(form).alphabet;
  std::array<std::array<char, 2>, alphabet.size() * alphabet.size()> table{};
  std::size_t value = 0;
  for (const char first : alphabet) {
    for (const char second : alphabet) table[value++] = {first, second};
  }
  return table;
}

template <TextForm form>
inline constexpr auto kPairs = MakePairTable<form>();

template <TextForm form>
inline constexpr DigitTable kDigits = MakeDigitTable(form);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_TEXT_FORM_H_
