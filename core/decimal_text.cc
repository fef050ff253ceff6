// SPDX-License-Identifier: Apache-2.0
#include "core/decimal_text.h"

#include <bit>
#include <cstring>

#include "core/sixteen_bytes.h"
#include "core/text_form.h"

namespace shmflake {
namespace {

static_assert(std::endian::native == std::endian::little,
              "a word's lowest byte must be the text's first character");

constexpr std::uint64_t kEightDigits = 100'000'000;
constexpr std::uint64_t kSixteenDigits = kEightDigits * kEightDigits;
constexpr std::uint64_t kZeros = 0x3030303030303030;  // "00000000"
constexpr std::size_t kMaxDigits = 20;

std::uint64_t Load8(const char* text) noexcept {
  std::uint64_t word;
  std::memcpy(&word, text, sizeof(word));
  return word;
}

void Store8(char* text, std::uint64_t word) noexcept { std::memcpy(text, &word, sizeof(word)); }

// Eight digits of a value below 10^8, one a byte, the first lowest. In lanes of 32, then 16, then 8
// bits; a division is a multiplication that is exact for what fits the lane: x * 10486 >> 20 is
// x / 100 for x < 10^4, x * 103 >> 10 is x / 10 for x < 100.
std::uint64_t SplitEight(std::uint64_t value) noexcept {
  const std::uint64_t fours = value / 10000 | (value % 10000) << 32;
  const std::uint64_t hundreds = (fours * 10486 >> 20) & 0x7f0000007f;
  const std::uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
  const std::uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000f;
  return tens | (pairs - 10 * tens) << 8;
}

// The way back, for a word of eight characters. False when one of them is no digit.
bool JoinEight(std::uint64_t word, std::uint64_t* value) noexcept {
  // A digit's upper half is 3, and stays it when 6 is added. (A carry into the next byte comes from
  // a byte of 0xfa and above, whose own upper half is wrong.)
  if (((word & 0xf0f0f0f0f0f0f0f0) | ((word + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4) !=
      0x3333333333333333) {
    return false;
  }
  word = (word - kZeros) * 10 + ((word - kZeros) >> 8);  // pairs, in every other byte
  *value = ((word & 0x000000ff000000ff) * 0x000f424000000064 +
            (word >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
           32;
  return true;
}

// The first `count` characters, 1..8, of a text of which eight can be read, as eight digits.
std::uint64_t PadEight(std::uint64_t word, std::size_t count) noexcept {
  const std::size_t missing = 8 * (8 - count);
  return missing == 0 ? word : word << missing | kZeros >> (64 - missing);
}

// The first `count` bytes of a word, 1..8, and no other.
void StoreFew(char* text, std::uint64_t word, std::size_t count) noexcept {
  if (count >= 4) {
    std::memcpy(text, &word, 4);
    const auto last = static_cast<std::uint32_t>(word >> (8 * (count - 4)));
    std::memcpy(text + count - 4, &last, 4);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>(word >> (8 * i));
}

std::size_t LeadingZeros(std::uint64_t digits) noexcept {
  return digits == 0 ? 7 : static_cast<std::size_t>(std::countr_zero(digits)) / 8;
}

// A value below 10^8 with eight digits.
void PutEight(std::uint32_t value, char* text) noexcept {
  const auto& pairs = kPairs<TextForm::kDecimal>;
  const std::uint32_t upper = value / 10000;
  const std::uint32_t lower = value - upper * 10000;
  std::memcpy(text, pairs[upper / 100].data(), 2);
  std::memcpy(text + 2, pairs[upper % 100].data(), 2);
  std::memcpy(text + 4, pairs[lower / 100].data(), 2);
  std::memcpy(text + 6, pairs[lower % 100].data(), 2);
}

#ifdef SHMFLAKE_SIXTEEN_BYTES

// A text of 16..20 digits whose first 32 bytes can be read. False for every other text, and when it
// is 2^64 or more.
bool ParseLong(const char* text, std::uint64_t* id) noexcept {
  const __m128i end = _mm_cmpeq_epi8(LoadSixteen(text + 16), _mm_setzero_si128());
  const auto ends = static_cast<unsigned>(_mm_movemask_epi8(end)) & 0x1f;
  if (ends == 0 || text[0] == '0') return false;
  const auto count = static_cast<std::size_t>(std::countr_zero(ends));  // before the last sixteen
  __m128i front;
  __m128i digits;
  const __m128i all_front = BytesWithin(LoadSixteen(text), '0', 9, &front);
  const __m128i all_back = BytesWithin(LoadSixteen(text + count), '0', 9, &digits);
  if (_mm_movemask_epi8(_mm_and_si128(all_front, all_back)) != 0xffff) return false;
  const __m128i fours = JoinFours(digits, 10);
  const __m128i eights =
      _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(1 << 16 | 10000));
  const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  const std::uint64_t low = (both & 0xffffffff) * kEightDigits + (both >> 32);
  std::uint32_t head;
  std::memcpy(&head, text, sizeof(head));
  // Twice, since a shift by 32 for no digits at all is not defined.
  head = (head - 0x30303030) << (16 - 4 * count) << (16 - 4 * count);
  head = (head * 10 + (head >> 8)) & 0x00ff00ff;
  const std::uint64_t high = (head & 0xff) * 100 + (head >> 16);
  std::uint64_t value = 0;
  if (__builtin_mul_overflow(high, kSixteenDigits, &value) ||
      __builtin_add_overflow(value, low, &value)) {
    return false;
  }
  *id = value;
  return true;
}

#endif

// Below 10^16.
[[gnu::noinline]] bool FormatShort(std::uint64_t id, char* text, std::size_t size) noexcept {
  const std::uint64_t upper = id / kEightDigits;
  const std::uint64_t head = SplitEight(upper != 0 ? upper : id);
  const std::size_t zeros = LeadingZeros(head);
  const std::size_t count = 8 - zeros;
  const std::size_t length = count + (upper != 0 ? 8 : 0);
  if (size <= length) return false;
  const std::uint64_t first = (head | kZeros) >> (8 * zeros);
  if (upper == 0) {
    StoreFew(text, first, count);
  } else {
    Store8(text, first);  // what is too much is overwritten
    Store8(text + count, SplitEight(id % kEightDigits) | kZeros);
  }
  text[length] = '\0';
  return true;
}

// Any length, wherever it lies.
[[gnu::noinline]] bool ParseAnywhere(const char* text, std::uint64_t* id) noexcept {
  const std::size_t length = ::strnlen(text, kMaxDigits + 1);
  if (length == 0 || length > kMaxDigits || (text[0] == '0' && length > 1)) return false;
  std::uint64_t value = 0;
  if (length < 8) {
    for (std::size_t i = 0; i < length; ++i) {
      const unsigned digit = static_cast<unsigned char>(text[i]) - unsigned{'0'};
      if (digit > 9) return false;
      value = value * 10 + digit;
    }
    *id = value;
    return true;
  }
  const std::size_t count = (length - 1) % 8 + 1;  // before full eights
  if (!JoinEight(PadEight(Load8(text), count), &value)) return false;
  std::uint64_t eight = 0;
  for (const char* rest = text + count; rest != text + length; rest += 8) {
    if (!JoinEight(Load8(rest), &eight)) return false;
    if (__builtin_mul_overflow(value, kEightDigits, &value) ||
        __builtin_add_overflow(value, eight, &value)) {
      return false;
    }
  }
  *id = value;
  return true;
}

}  // namespace

bool FormatDecimal(std::uint64_t id, char* text, std::size_t size) noexcept {
  const auto top = static_cast<std::uint32_t>(id / kSixteenDigits);  // 0..1844
  if (top == 0) return FormatShort(id, text, size);
  const std::size_t count = top >= 1000 ? 4 : top >= 100 ? 3 : top >= 10 ? 2 : 1;
  const std::size_t length = count + 16;
  if (size <= length) return false;
  const auto& pairs = kPairs<TextForm::kDecimal>;
  const std::uint32_t last = top % 100;
  if (count > 2) {
    const std::array<char, 2>& first = pairs[top / 100];
    if (count == 4) text[0] = first[0];
    text[count - 3] = first[1];
    std::memcpy(text + count - 2, pairs[last].data(), 2);
  } else if (count == 2) {
    std::memcpy(text, pairs[last].data(), 2);
  } else {
    text[0] = pairs[last][1];
  }
  const std::uint64_t upper = id / kEightDigits;  // does not wait for the other division
  PutEight(static_cast<std::uint32_t>(upper - top * kEightDigits), text + count);
  PutEight(static_cast<std::uint32_t>(id - upper * kEightDigits), text + count + 8);
  text[length] = '\0';
  return true;
}

bool ParseDecimal(const char* text, std::uint64_t* id) noexcept {
#ifdef SHMFLAKE_SIXTEEN_BYTES
  if (IsWithinPage(text, 32) && ParseLong(text, id)) [[likely]]
    return true;
#endif
  return ParseAnywhere(text, id);
}

}  // namespace shmflake
