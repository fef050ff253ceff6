// SPDX-License-Identifier: Apache-2.0
// The draw: one atomic step on one word, state = timestamp << sequence_bits | sequence, the last
// value issued.
//
// Knows neither mapping nor clock: words and times are arguments. Thread safety: any threads and
// processes, all functions async-signal-safe and lock-free (a failed step means that another one
// succeeded).
//
// Invariants:
//   (1) Every value is handed out by exactly one step, to the one caller that made it: the word
//       only rises.
//   (2) A value is issued only if it is below a ceiling that was read from the region at some time;
//       ceilings only rise, and each was durable in the store before it was written.
//   (3) Once the retired bit is set no step issues anything: the value it gets is above every
//       limit.
//   (4) A value may be drawn and not issued (a gap), never the reverse.
#ifndef SHMFLAKE_CORE_SEQUENCE_H_
#define SHMFLAKE_CORE_SEQUENCE_H_

#include <cstdint>

#include "core/id_format.h"
#include "core/layout.h"

namespace shmflake {

// What one draw must respect; state values, except now.
struct DrawBounds {
  std::uint64_t now = 0;     // tick
  std::uint64_t spread = 0;  // where a fresh tick's sequence begins
  std::uint64_t floor = 0;  // a value the word was seen at: below it, somebody overwrote the region
  std::uint64_t ahead_end = 0;  // first value too far ahead of the clock
  std::uint64_t ceiling = 0;    // first value beyond the lease
};

// Pinned in DrawError messages only; not shared.
enum class DrawResult : std::uint8_t { kDrawn, kRetired, kBackwards, kAhead, kCeiling, kTimeRange };

struct Block {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// A different place for each tick, so that IDs at low traffic do not all end alike. An overflow
// carries into the next tick, so that it costs no capacity; where nothing may be ahead of the clock
// (`may_carry` false) the lower half has to do, and half a tick's capacity is left.
[[nodiscard]] inline std::uint64_t SpreadOf(const IdFormat& format, std::uint64_t tick,
                                            std::uint64_t salt, bool may_carry) noexcept {
  return Mix64(tick ^ salt) & (format.max_sequence() >> (may_carry ? 0U : 1U));
}

// The first value above every limit but the retired bit's.
[[nodiscard]] std::uint64_t EndOfDraw(const IdFormat& format, const DrawBounds& bounds) noexcept;

// Takes up to `want` contiguous values, at least one; with within_tick none of a later tick than
// the first. *seen is the word as it stood, also when nothing was drawn.
[[nodiscard]] DrawResult DrawBlock(StateWord& word, const IdFormat& format,
                                   const DrawBounds& bounds, std::uint64_t want, bool within_tick,
                                   Block* out, std::uint64_t* seen) noexcept;

// Lifts the word to at least `value` (which is then as good as issued). kRetired, or kDrawn.
[[nodiscard]] DrawResult Lift(StateWord& word, std::uint64_t value) noexcept;

// A process-local block in relaxed ordering: [cursor + 1, end). Lives in a ForkPage: a child finds
// end 0.
//
// Raise first lifts the cursor to the block's first value, then raises the end (release). Take
// reads the end first (acquire), then adds: so a value below the end that was read lies in the
// block of that end, above its first value, and belongs to this process. A cursor that overshot
// costs a gap.
struct LocalBlock {
  StateWord cursor;
  struct alignas(128) End {
    Word value;
  } end;

  // The refiller keeps block.first itself.
  void Raise(const Block& block) noexcept;
  // False when the block is used up, or its value is below `at_least`.
  [[nodiscard]] bool Take(std::uint64_t at_least, std::uint64_t* value) noexcept {
    const std::uint64_t past = end.value.load(std::memory_order_acquire);  // partner: Raise
    if (cursor.LoadRelaxed() + 1 >= past) return false;                    // look before adding
    const std::uint64_t taken = cursor.FetchAddRelaxed(1) + 1;
    // The end is read again: a fork in a signal handler may have wiped it since. Invariant (4).
    if (taken >= past || taken < at_least || taken >= end.value.load(std::memory_order_relaxed)) {
      return false;
    }
    *value = taken;
    return true;
  }
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEQUENCE_H_
