// SPDX-License-Identifier: Apache-2.0
// What those who fetch a tag's segments tell each other in the region: when, how many, what the
// store said. Advice and counters: nothing here decides who issues what. Time is an argument, in
// nanoseconds of CLOCK_BOOTTIME.
#ifndef SHMFLAKE_CORE_SEGMENT_FETCH_H_
#define SHMFLAKE_CORE_SEGMENT_FETCH_H_

#include <cstdint>
#include <string>

#include "core/segment_layout.h"
#include "core/segment_plan.h"
#include "core/status.h"

namespace shmflake {

inline constexpr std::int64_t kFirstPauseNs = 20'000'000;
inline constexpr std::int64_t kLongestPauseBetweenNs = 2'000'000'000;

// How long until the next attempt may be made; 0: now.
[[nodiscard]] std::int64_t PauseLeft(const FetchLine& line, std::int64_t now_ns) noexcept;

// What to ask for: 0 (the row's own step) for the first segment, unless `step` is given.
[[nodiscard]] std::uint64_t StepToAsk(const FetchLine& line, std::int64_t now_ns,
                                      std::uint64_t step, std::uint64_t min_step,
                                      std::uint64_t max_step) noexcept;

// Begins an attempt; its number.
[[nodiscard]] std::uint64_t BeginFetch(SegmentEntry& entry, std::int64_t now_ns) noexcept;
struct FetchTimes {
  std::int64_t began_ns = 0;
  std::int64_t ended_ns = 0;
  std::int64_t ended_unix_ms = 0;
};
void EndFetch(SegmentEntry& entry, std::uint64_t attempt, const SegmentGrant& grant,
              const FetchTimes& times) noexcept;
// With the pause until the next one: doubled from 20 ms to 2 s, half of it at `random`.
void FailFetch(SegmentEntry& entry, std::uint64_t attempt, const Status& why, std::int64_t now_ns,
               std::uint64_t random) noexcept;

// Why the last attempt failed, cut to fit; OK when it did not, or nothing is known.
[[nodiscard]] Status LastFetchError(const SegmentEntry& entry);

// Whether time alone does not mend it: who waits need not wait longer.
[[nodiscard]] bool IsLasting(Code code) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_FETCH_H_
