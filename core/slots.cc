// SPDX-License-Identifier: Apache-2.0
#include "core/slots.h"

#include <cstring>

#include "core/failpoint.h"
#include "core/platform.h"

namespace shmflake {
namespace {

// All relaxed: for people, and each value stands for itself.
std::uint64_t Get(const Word& word) noexcept { return word.load(std::memory_order_relaxed); }
void Set(Word& word, std::uint64_t value) noexcept { word.store(value, std::memory_order_relaxed); }

std::int64_t LockByte(std::uint32_t index) noexcept { return kSlotLockBase + index; }

void Occupy(Slot& slot, const SlotIdentity& identity) noexcept {
  std::uint64_t command[2];
  static_assert(sizeof(command) == sizeof(identity.command));
  std::memcpy(command, identity.command, sizeof(command));
  Set(slot.pid, identity.pid);
  Set(slot.attached_unix_ms, static_cast<std::uint64_t>(identity.attached_unix_ms));
  Set(slot.command[0], command[0]);
  Set(slot.command[1], command[1]);
  Set(slot.ids_base, IdsOf(slot));  // invariant (2)
  Set(slot.waits_base, Get(slot.waits));
  Set(slot.refusals_base, Get(slot.refusals));
  Set(slot.claim, identity.token);
}

}  // namespace

Slot* ClaimSlot(Slot (&slots)[kSlotCount], int fd, const SlotIdentity& identity) noexcept {
  // First those that say they are free; only then ask the kernel whether an owner is dead.
  for (const bool of_the_dead : {false, true}) {
    for (std::uint32_t i = 0; i < kSlotCount; ++i) {
      const std::uint32_t index = (static_cast<std::uint32_t>(identity.token) + i) % kSlotCount;
      Slot& slot = slots[index];
      if ((Get(slot.claim) != 0) != of_the_dead) continue;
      if (TryLockBytes(fd, LockKind::kExclusive, LockByte(index), 1) != 0) continue;
      SHMFLAKE_REACH(kSlotLocked);
      Occupy(slot, identity);  // invariant (1)
      SHMFLAKE_REACH(kSlotClaimed);
      return &slot;
    }
  }
  return nullptr;
}

void ReleaseSlot(Slot (&slots)[kSlotCount], int fd, Slot* slot) noexcept {
  Set(slot->claim, 0);
  (void)TryLockBytes(fd, LockKind::kNone, LockByte(static_cast<std::uint32_t>(slot - slots)), 1);
}

std::uint64_t IdsOf(const Slot& slot) noexcept {
  std::uint64_t sum = 0;
  for (const Slot::Stripe& stripe : slot.stripes) sum += Get(stripe.ids);
  return sum;
}

SlotTotals SumSlots(const Slot (&slots)[kSlotCount]) noexcept {
  SlotTotals totals;
  for (const Slot& slot : slots) {
    totals.ids += IdsOf(slot);
    totals.waits += Get(slot.waits);
    totals.refusals += Get(slot.refusals);
  }
  return totals;
}

std::vector<SlotView> ListSlots(const Slot (&slots)[kSlotCount], int fd, const Slot* own) {
  std::vector<SlotView> found;
  for (std::uint32_t i = 0; i < kSlotCount; ++i) {
    const Slot& slot = slots[i];
    if (Get(slot.claim) == 0) continue;
    SlotView view;
    view.identity.token = Get(slot.claim);
    view.identity.pid = Get(slot.pid);
    view.identity.attached_unix_ms = static_cast<std::int64_t>(Get(slot.attached_unix_ms));
    const std::uint64_t command[2] = {Get(slot.command[0]), Get(slot.command[1])};
    std::memcpy(view.identity.command, command, sizeof(command));
    view.identity.command[15] = '\0';
    view.alive = &slot == own || IsLockedByOther(fd, LockByte(i), 1, nullptr);
    view.ids = IdsOf(slot) - Get(slot.ids_base);
    view.waits = Get(slot.waits) - Get(slot.waits_base);
    view.refusals = Get(slot.refusals) - Get(slot.refusals_base);
    found.push_back(view);
  }
  return found;
}

}  // namespace shmflake
