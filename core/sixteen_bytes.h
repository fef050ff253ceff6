// SPDX-License-Identifier: Apache-2.0
// Sixteen bytes of text at once, with SSE2, which every x86-64 has. Other processors, and texts too
// near the end of a page, go digit by digit.
#ifndef SHMFLAKE_CORE_SIXTEEN_BYTES_H_
#define SHMFLAKE_CORE_SIXTEEN_BYTES_H_

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SHMFLAKE_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHMFLAKE_SANITIZED 1
#endif

// The sanitizers cannot know that reading on within a page is harmless.
#if defined(__SSE2__) && !defined(SHMFLAKE_SANITIZED)
#define SHMFLAKE_SIXTEEN_BYTES 1
#include <emmintrin.h>

namespace shmflake {

// Whether `count` bytes can be read at `text`, whatever follows its NUL: the byte at `text` can,
// and a page (4096 bytes or a multiple) is readable as a whole.
[[nodiscard]] inline bool IsWithinPage(const char* text, std::size_t count) noexcept {
  return (reinterpret_cast<std::uintptr_t>(text) & 4095U) <= 4096 - count;
}

[[nodiscard]] inline __m128i LoadSixteen(const char* text) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
}

// 0xff where a byte is `first`..`first + span`; *offset is then what it is above `first`.
[[nodiscard]] inline __m128i BytesWithin(__m128i text, char first, char span,
                                         __m128i* offset) noexcept {
  *offset = _mm_sub_epi8(text, _mm_set1_epi8(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(*offset, _mm_set1_epi8(span)), *offset);
}

// Sixteen digits of a base up to 64, the first in the lowest byte, as four numbers of four digits.
[[nodiscard]] inline __m128i JoinFours(__m128i digits, short base) noexcept {
  const __m128i pairs = _mm_add_epi16(
      _mm_mullo_epi16(_mm_and_si128(digits, _mm_set1_epi16(0xff)), _mm_set1_epi16(base)),
      _mm_srli_epi16(digits, 8));
  return _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | base * base));
}

}  // namespace shmflake
#endif

#endif  // SHMFLAKE_CORE_SIXTEEN_BYTES_H_
