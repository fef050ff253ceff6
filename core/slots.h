// SPDX-License-Identifier: Apache-2.0
// Slots: one attachment's counters and identity, for people to read. A draw never waits for one.
//
// Invariants:
//   (1) A slot is owned by whoever holds its byte lock on the region file; the kernel drops it at
//   death. (2) Counters are never reset. The next owner of a slot counts on and notes where it
//   began: so the sums
//       over all slots never fall, whoever is killed wherever.
#ifndef SHMFLAKE_CORE_SLOTS_H_
#define SHMFLAKE_CORE_SLOTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/layout.h"

namespace shmflake {

struct SlotIdentity {
  std::uint64_t token = 0;  // random, never 0
  std::uint64_t pid = 0;
  std::int64_t attached_unix_ms = 0;
  char command[16] = {};
};

// Locks a free slot, else one whose owner died, and writes the identity. Null when all are in use.
// Async-signal-safe; never blocks.
[[nodiscard]] Slot* ClaimSlot(Slot (&slots)[kSlotCount], int fd,
                              const SlotIdentity& identity) noexcept;

// Gives the slot back. The lock goes with it.
void ReleaseSlot(Slot (&slots)[kSlotCount], int fd, Slot* slot) noexcept;

// Threads are numbered from 1 (thread_index.h): the first few of a process have a stripe each and
// need no atomic addition, the others share stripe 0. A draw in a signal handler that interrupts
// the counting of its own thread may go uncounted.
[[nodiscard]] constexpr bool HasOwnStripe(std::uint32_t thread) noexcept {
  return thread - 1 < kSlotStripes - 1;  // false for 0, a thread without a number
}
inline void CountOnOwnStripe(Slot& slot, std::uint32_t thread, std::uint64_t n) noexcept {
  Word& ids = slot.stripes[thread].ids;
  // Relaxed: for people. One writer, hence no read-modify-write.
  ids.store(ids.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}
inline void CountIds(Slot& slot, std::uint32_t thread, std::uint64_t n) noexcept {
  if (HasOwnStripe(thread)) {
    CountOnOwnStripe(slot, thread, n);
  } else {
    slot.stripes[0].ids.fetch_add(n, std::memory_order_relaxed);
  }
}

[[nodiscard]] std::uint64_t IdsOf(const Slot& slot) noexcept;

struct SlotTotals {
  std::uint64_t ids = 0;
  std::uint64_t waits = 0;
  std::uint64_t refusals = 0;
};
[[nodiscard]] SlotTotals SumSlots(const Slot (&slots)[kSlotCount]) noexcept;

struct SlotView {
  SlotIdentity identity;
  bool alive = false;
  std::uint64_t ids = 0;
  std::uint64_t waits = 0;
  std::uint64_t refusals = 0;
};
// Every claimed slot. `own` is the caller's, whose lock it cannot see.
[[nodiscard]] std::vector<SlotView> ListSlots(const Slot (&slots)[kSlotCount], int fd,
                                              const Slot* own);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SLOTS_H_
