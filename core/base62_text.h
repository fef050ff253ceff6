// SPDX-License-Identifier: Apache-2.0
// Reading a 64-bit ID in base62, all eleven digits at a time, where the processor can. Pure,
// async-signal-safe.
#ifndef SHMFLAKE_CORE_BASE62_TEXT_H_
#define SHMFLAKE_CORE_BASE62_TEXT_H_

#include <cstdint>

#include "core/sixteen_bytes.h"

#ifdef SHMFLAKE_SIXTEEN_BYTES

namespace shmflake {

inline constexpr std::uint32_t kBase62Fours = 62 * 62 * 62 * 62;

// A text of eleven digits whose first 16 bytes can be read. False for every other text, and when it
// is 2^64 or more.
[[nodiscard]] inline bool ParseBase62(const char* text, std::uint64_t* id) noexcept {
  const __m128i word = LoadSixteen(text);
  __m128i digit;
  __m128i upper;
  __m128i lower;
  const __m128i is_digit = BytesWithin(word, '0', 9, &digit);
  const __m128i is_upper = BytesWithin(word, 'A', 25, &upper);
  const __m128i is_lower = BytesWithin(word, 'a', 25, &lower);
  const __m128i any = _mm_or_si128(_mm_or_si128(is_digit, is_upper), is_lower);
  if ((_mm_movemask_epi8(any) & 0x7ff) != 0x7ff || text[11] != '\0') return false;
  const __m128i values =
      _mm_or_si128(_mm_or_si128(_mm_and_si128(is_digit, digit),
                                _mm_and_si128(is_upper, _mm_add_epi8(upper, _mm_set1_epi8(10)))),
                   _mm_and_si128(is_lower, _mm_add_epi8(lower, _mm_set1_epi8(36))));
  const __m128i fours = JoinFours(_mm_slli_si128(values, 5), 62);
  const auto front = static_cast<std::uint64_t>(_mm_cvtsi128_si64(fours));
  const auto back = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(fours, fours)));
  std::uint64_t value = (front >> 32) * kBase62Fours + (back & 0xffffffff);
  if (__builtin_mul_overflow(value, kBase62Fours, &value) ||
      __builtin_add_overflow(value, back >> 32, &value)) {
    return false;
  }
  *id = value;
  return true;
}

}  // namespace shmflake

#endif

#endif  // SHMFLAKE_CORE_BASE62_TEXT_H_
