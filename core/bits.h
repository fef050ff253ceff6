// SPDX-License-Identifier: Apache-2.0
// Arithmetic on bit fields, and units. Pure; no state.
#ifndef SHMFLAKE_CORE_BITS_H_
#define SHMFLAKE_CORE_BITS_H_

#include <cstdint>

namespace shmflake {

inline constexpr std::int64_t kNsPerMs = 1'000'000;

// The lowest `count` bits set; count 0..64.
[[nodiscard]] constexpr std::uint64_t LowMask(unsigned count) noexcept {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// A bijection that spreads every input bit over all output bits: the finaliser of SplitMix64
// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
[[nodiscard]] constexpr std::uint64_t Mix64(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

[[nodiscard]] constexpr std::uint64_t SaturatingAdd(std::uint64_t a, std::uint64_t b) noexcept {
  return a + b < a ? ~std::uint64_t{0} : a + b;
}

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_BITS_H_
