// SPDX-License-Identifier: Apache-2.0
// What a process remembers of a tag, so that most draws are one addition on the shared cursor: up to
// which offset, of which segment, an ID may be handed out without looking.
//
// Invariants, on top of segment_ring.h's:
//   (6) A window is written once, and then valid or out of date, never something else: a draw takes
//       all fields from one of four, and does not add if three more were opened meanwhile.
//   (7) A draw whose addition ended up beyond the window, or elsewhere, looks before the next one.
//       So each thread adds in vain once a segment at most.
//   (8) It lies in a ForkPage: a child finds none.
#ifndef SHMFLAKE_CORE_SEGMENT_WINDOW_H_
#define SHMFLAKE_CORE_SEGMENT_WINDOW_H_

#include <atomic>
#include <cstdint>

#include "core/failpoint.h"
#include "core/fork_page.h"
#include "core/segment_ring.h"

namespace shmflake {

struct SegmentWindow {
  std::atomic<SegmentEntry*> entry;
  SegmentWord start;  // the cursor's value at the segment's first ID
  SegmentWord soft;   // below this offset a draw need not look; 0: closed, not even add
  SegmentWord count;  // of the segment
  SegmentWord first;  // its first ID
  SegmentWord head;   // of its slot
  // An offset that was seen: a lower one was written by somebody else. With the window's number,
  // since a thread may wake up late and write here what belongs to an older window.
  SegmentWord floor;
  unsigned char pad[8];
};

// A draw as far as the fast path went.
enum class SegmentFast : std::uint8_t {
  kDrawn,   // done
  kLate,    // the ID is good, and it is time to look
  kBeyond,  // a value was added that is not in the window's segment: ResolveValue
  kNone     // nothing was added: look first
};

// What a draw knew before it added, and what it got.
struct SegmentDraw {
  SegmentEntry* entry = nullptr;
  KnownPlace known;
  std::uint64_t cursor = 0;
};

struct SegmentCache {
  static constexpr std::uint32_t kWindows = 4;

  std::atomic<std::uint32_t> opened;   // how many windows were, hence which is the newest
  std::atomic<std::uint32_t> opening;  // one thread does it
  std::atomic<std::uint32_t> busy;     // a thread fetches, or follows
  std::atomic<std::uint32_t> due;      // a draw that must not fetch found that it is time to
  std::atomic<std::int64_t> opened_ns;
  SegmentWord width;  // of the windows: so that one lasts about 100 ms
  alignas(64) SegmentWindow windows[kWindows];

  // *seen is written unless kDrawn.
  [[nodiscard, gnu::always_inline]] inline SegmentFast Draw(std::uint64_t* id,
                                                            SegmentDraw* seen) noexcept {
    // Acquire, partner: the release in Open.
    const std::uint32_t newest = opened.load(std::memory_order_acquire);
    SegmentWindow& window = windows[newest % kWindows];
    SegmentEntry* entry = window.entry.load(std::memory_order_relaxed);
    const std::uint64_t start = window.start.load(std::memory_order_relaxed);
    const std::uint64_t soft = window.soft.load(std::memory_order_relaxed);
    const std::uint64_t count = window.count.load(std::memory_order_relaxed);
    const std::uint64_t first = window.first.load(std::memory_order_relaxed);
    const std::uint64_t head = window.head.load(std::memory_order_relaxed);
    // Before the addition: whoever put it there had added before. Acquire, partner: below.
    const std::uint64_t floor = FloorOf(window, newest);
    // Partner: the fence in Open. If a field was of a later window, this sees that it was opened.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (soft == 0 || opened.load(std::memory_order_relaxed) - newest >= kWindows - 1) [[unlikely]]
      return SegmentFast::kNone;
    const std::uint64_t cursor = entry->cursor.FetchAdd(1);
    SHMFLAKE_REACH(kSegmentDrawn);
    const std::uint64_t offset = cursor - start;
    // Beyond: also of a retired cursor, and of one in another generation.
    if (offset >= count || offset < floor || SlotAt(*entry, start).head() != head) [[unlikely]] {
      *seen = {entry, {GenerationOfHead(head), floor}, cursor};
      return SegmentFast::kBeyond;
    }
    if (offset % kFloorEvery == 0) {
      window.floor.store(FloorWord(newest, offset), std::memory_order_release);
    }
    *id = first + offset;
    if (offset < soft) [[likely]]
      return SegmentFast::kDrawn;
    *seen = {entry, {GenerationOfHead(head), floor}, cursor};
    return SegmentFast::kLate;
  }

  // What is known of the entry, from the newest window. Nothing when that is on another entry.
  [[nodiscard]] KnownPlace KnownOf(const SegmentEntry* entry) const noexcept {
    const std::uint32_t newest = opened.load(std::memory_order_acquire);
    const SegmentWindow& window = windows[newest % kWindows];
    const KnownPlace known{GenerationOfHead(window.head.load(std::memory_order_relaxed)),
                           FloorOf(window, newest)};
    const bool same = window.entry.load(std::memory_order_relaxed) == entry;
    std::atomic_thread_fence(std::memory_order_acquire);
    const bool whole = opened.load(std::memory_order_relaxed) - newest < kWindows - 1;
    return same && whole ? known : KnownPlace{};
  }

  // A window on the segment from the cursor's value on; `offsets` is how far. Skipped when another
  // thread opens one.
  void Open(SegmentEntry* entry, const PublishedSegment& from, std::uint64_t cursor,
            std::uint64_t offsets) noexcept {
    std::uint32_t nobody = 0;
    // Acquire, partner: the release below.
    if (!opening.compare_exchange_strong(nobody, 1, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
      return;
    }
    const std::uint32_t next = opened.load(std::memory_order_relaxed) + 1;
    const std::uint64_t offset = cursor - from.start();
    SegmentWindow& window = windows[next % kWindows];
    // Partner: the fence in Draw. Who reads a field of the window that this replaces has seen that
    // three more were opened since.
    std::atomic_thread_fence(std::memory_order_release);
    window.entry.store(entry, std::memory_order_relaxed);
    window.start.store(from.start(), std::memory_order_relaxed);
    window.soft.store(offset + offsets, std::memory_order_relaxed);
    window.count.store(from.segment.count, std::memory_order_relaxed);
    window.first.store(from.segment.first, std::memory_order_relaxed);
    window.head.store(from.head, std::memory_order_relaxed);
    window.floor.store(FloorWord(next, offset), std::memory_order_relaxed);
    opened.store(next, std::memory_order_release);
    opening.store(0, std::memory_order_release);
  }

  void Close() noexcept {
    SegmentWindow& window = windows[opened.load(std::memory_order_acquire) % kWindows];
    window.soft.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t FloorWord(std::uint32_t number, std::uint64_t offset) noexcept {
    return std::uint64_t{number} << kOffsetBits | offset;
  }
  static std::uint64_t FloorOf(const SegmentWindow& window, std::uint32_t number) noexcept {
    const std::uint64_t offset =
        window.floor.load(std::memory_order_acquire) - FloorWord(number, 0);
    return offset <= kOffsetMask ? offset : 0;
  }

  // An offset is put down every so often: a cursor that is set back by more is noticed.
  static constexpr std::uint64_t kFloorEvery = 64;
};
static_assert(sizeof(SegmentCache) <= ForkPage::kSize);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_WINDOW_H_
