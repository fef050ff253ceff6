// SPDX-License-Identifier: Apache-2.0
#include "core/sequence.h"

#include <algorithm>

#include "core/failpoint.h"

namespace shmflake {

std::uint64_t EndOfDraw(const IdFormat& format, const DrawBounds& bounds) noexcept {
  return std::min({bounds.ahead_end, bounds.ceiling, format.state_end()});
}

DrawResult DrawBlock(StateWord& word, const IdFormat& format, const DrawBounds& bounds,
                     std::uint64_t want, bool within_tick, Block* out,
                     std::uint64_t* seen) noexcept {
  const std::uint64_t fresh = format.StateOf(bounds.now, bounds.spread);
  const std::uint64_t tick_begin = format.StateOf(bounds.now, 0);
  const std::uint64_t end = EndOfDraw(format, bounds);
  std::uint64_t old = word.LoadRelaxed();
  for (;;) {
    *seen = old;
    if ((old & kRetiredBit) != 0) return DrawResult::kRetired;  // invariant (3)
    if (old < bounds.floor) return DrawResult::kBackwards;
    // The spread applies to a tick that nobody drew from yet.
    const std::uint64_t first = old < tick_begin ? fresh : old + 1;
    if (first >= end) {  // look before stepping: a draw that fails leaves the word alone
      if (first >= format.state_end()) return DrawResult::kTimeRange;
      return first >= bounds.ahead_end ? DrawResult::kAhead : DrawResult::kCeiling;
    }
    std::uint64_t count = std::min(want, end - first);
    if (within_tick) count = std::min(count, (first | format.max_sequence()) - first + 1);
    SHMFLAKE_REACH(kDrawBeforeCas);
    if (word.CompareExchangeRelaxed(&old, first + count - 1)) {  // invariant (1)
      SHMFLAKE_REACH(kDrawAfterCas);
      *out = {first, count};
      return DrawResult::kDrawn;
    }
  }
}

DrawResult Lift(StateWord& word, std::uint64_t value) noexcept {
  std::uint64_t old = word.LoadRelaxed();
  while (old < value && !word.CompareExchangeRelaxed(&old, value)) {
  }
  return (old & kRetiredBit) != 0 ? DrawResult::kRetired : DrawResult::kDrawn;
}

void LocalBlock::Raise(const Block& block) noexcept {
  std::uint64_t old = cursor.LoadRelaxed();
  while (old < block.first && !cursor.CompareExchangeRelaxed(&old, block.first)) {
  }
  SHMFLAKE_REACH(kBlockCursorRaised);
  const std::uint64_t past = block.first + block.count;
  std::uint64_t old_end = end.value.load(std::memory_order_relaxed);
  // Release, partner: the acquire in Take. Without it a taker could see this end with a cursor from
  // before the raise, and take a value between the blocks that is somebody else's.
  while (old_end < past &&
         !end.value.compare_exchange_weak(old_end, past, std::memory_order_release,
                                          std::memory_order_relaxed)) {
  }
}

}  // namespace shmflake
