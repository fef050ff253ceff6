// SPDX-License-Identifier: Apache-2.0
// The simulation's only source of chance. Integers alone, so that a seed means the same everywhere.
#ifndef SHMFLAKE_TESTS_SIM_RANDOM_H_
#define SHMFLAKE_TESTS_SIM_RANDOM_H_

#include <algorithm>
#include <bit>
#include <cstdint>

#include "core/bits.h"

namespace shmflake::sim {

using Time = std::int64_t;  // nanoseconds
inline constexpr Time kUs = 1'000;
inline constexpr Time kMs = 1'000'000;
inline constexpr Time kSecond = 1'000'000'000;
inline constexpr Time kHour = 3'600 * kSecond;
inline constexpr Time kDay = 24 * kHour;
inline constexpr Time kYear = 365 * kDay;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(Mix64(seed + 1)) {}

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return Mix64(state_);
  }
  // 0..n-1
  std::uint64_t Below(std::uint64_t n) { return n < 2 ? 0 : Next() % n; }
  // True once in n; never for 0.
  bool OneIn(std::uint64_t n) { return n != 0 && Below(n) == 0; }
  // lowest..highest
  std::int64_t Between(std::int64_t lowest, std::int64_t highest) {
    return lowest +
           static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(highest - lowest) + 1));
  }
  // lowest..highest, each doubling as likely as the next; lowest is at least 1.
  std::int64_t Log(std::int64_t lowest, std::int64_t highest) {
    const auto from = static_cast<std::uint64_t>(lowest);
    const auto bits = std::bit_width(static_cast<std::uint64_t>(highest) / from);
    const std::uint64_t base = from << Below(static_cast<std::uint64_t>(bits));
    return std::min(highest, static_cast<std::int64_t>(base + Below(base)));
  }
  // How many trials until the one in n that succeeds: at least 1.
  std::uint64_t TrialsOf(std::uint64_t n) { return 1 + Below(2 * n - 1); }

 private:
  std::uint64_t state_;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_RANDOM_H_
