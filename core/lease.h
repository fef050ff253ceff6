// SPDX-License-Identifier: Apache-2.0
// How far a lease reaches: pure policy, then the two steps that ask a store.
//
// Invariants:
//   (1) A birth starts at or above every horizon that the store remembers for its worker ID.
//   (2) A horizon never falls, except by Release of the unused part after the region was retired.
//   (3) While the clock has not caught up with a birth, the horizon grows by small steps and at
//       most to the allowance, so that a region that is lost again and again does not climb away
//       from the clock.
#ifndef SHMFLAKE_CORE_LEASE_H_
#define SHMFLAKE_CORE_LEASE_H_

#include <cstdint>

#include "core/id_format.h"
#include "core/status.h"
#include "core/store/store.h"

namespace shmflake {

// All in ticks.
struct LeaseTerms {
  std::uint64_t span = 0;          // horizon_ms
  std::uint64_t step = 0;          // what is added at a time while the clock is behind
  std::uint64_t allowance = 0;     // one second
  std::uint64_t max_recovery = 0;  // max_recovery_ms
};

[[nodiscard]] LeaseTerms MakeLeaseTerms(const IdFormat& format, std::uint32_t horizon_ms,
                                        std::uint32_t max_recovery_ms) noexcept;

// Whether a word can be a ceiling: the first value of a tick, within the time range.
[[nodiscard]] inline bool IsCeiling(const IdFormat& format, std::uint64_t word) noexcept {
  return (word & format.max_sequence()) == 0 && word <= format.state_end();
}

// Milliseconds as ticks, rounded down.
[[nodiscard]] std::uint64_t TicksOfMs(const IdFormat& format, std::uint64_t ms) noexcept;

struct Birth {
  std::uint64_t birth_tick = 0;      // the first tick that may be issued
  std::uint64_t allowance_tick = 0;  // the last tick that may be issued ahead of the clock; 0: none
  std::uint64_t horizon = 0;         // the first tick that may not be issued
};

// Where a region starts whose worker ID has `record`, whose clock says `now`, and whose predecessor
// at this name is known to have issued below `floor` (0: nothing known). RECOVERY; TIME_RANGE.
Status PlanBirth(const LeaseTerms& terms, const IdFormat& format, std::uint64_t now,
                 std::uint64_t floor, const LeaseRecord& record, Birth* out);

// A living region, seen at one moment. All in ticks.
struct LeaseView {
  std::uint64_t now = 0;
  std::uint64_t state = 0;    // of the next value: a tick that is used up has nothing left
  std::uint64_t ceiling = 0;  // the horizon that it has
  std::uint64_t birth = 0;
  std::uint64_t allowance_tick = 0;
};

// The horizon to ask for now; 0 when the present one will do for a while.
[[nodiscard]] std::uint64_t PlanExtension(const LeaseTerms& terms, const IdFormat& format,
                                          const LeaseView& view) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_LEASE_H_
