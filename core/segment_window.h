// SPDX-License-Identifier: Apache-2.0
// What a process remembers of a tag, so that most draws are one addition on the shared cursor: up to
// which value, of which segment, an ID may be handed out without looking.
//
// Invariants, on top of segment_ring.h's:
//   (6) An ID is computed from the fields of one window: `sequence` is the same before and after they
//       were read (a sequence lock). Else the value that was added is looked up in the region, where
//       it means the same ID. So nobody waits for a window that is being written.
//   (7) A draw whose addition ended up beyond the window closes it, and the next one looks before it
//       adds. So a thread adds in vain about once a segment.
//   (8) It lies in a ForkPage: a child finds it closed.
#ifndef SHMFLAKE_CORE_SEGMENT_WINDOW_H_
#define SHMFLAKE_CORE_SEGMENT_WINDOW_H_

#include <atomic>
#include <cstdint>

#include "core/failpoint.h"
#include "core/fork_page.h"
#include "core/segment_ring.h"

namespace shmflake {

enum class SegmentFast : std::uint8_t {
  kDrawn,  // done
  kAdded,  // a value was added that the window does not cover: see SegmentDraw
  kNone    // nothing was added: look first
};

// What a draw got, and what it knew before.
struct SegmentDraw {
  SegmentEntry* entry;
  std::uint64_t cursor;
  std::uint64_t floor;  // a value that the cursor was seen to have
};

class SegmentCache {
 public:
  // The hot path. *seen is written only when kAdded. The cursor's address is all that the addition
  // waits for; what it was worth is looked at behind it.
  [[nodiscard, gnu::always_inline]] inline SegmentFast Draw(std::uint64_t* id,
                                                            SegmentDraw* seen) noexcept {
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);  // partner: Open
    SegmentEntry* entry = entry_.load(std::memory_order_relaxed);
    if (entry == nullptr) [[unlikely]]
      return SegmentFast::kNone;
    const std::uint64_t soft = soft_.load(std::memory_order_relaxed);
    const std::uint64_t to_id = to_id_.load(std::memory_order_relaxed);
    // Acquire, partner: the release in PutDown: whoever put it there had added before we do.
    const std::uint64_t floor = floor_.load(std::memory_order_acquire);
    // Partner: the fence in Open. If a field was of a later window, this sees its sequence.
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint64_t cursor = entry->cursor.FetchAdd(1);
    SHMFLAKE_REACH(kSegmentDrawn);
    const bool whole = sequence_.load(std::memory_order_relaxed) == before && before % 2 == 0;
    // Neither in another generation, nor retired, nor set back.
    if (!whole || cursor - floor >= soft - floor) [[unlikely]] {
      *seen = {entry, cursor, whole ? floor : 0};
      return SegmentFast::kAdded;
    }
    if (cursor % kFloorEvery == 0) PutDown(cursor, floor);
    *id = cursor + to_id;
    return SegmentFast::kDrawn;
  }

  // A window on the segment from the cursor's value on, for so many more `values`. Skipped when
  // another thread opens one.
  void Open(SegmentEntry* entry, const PublishedSegment& from, std::uint64_t cursor,
            std::uint64_t values) noexcept {
    std::uint64_t sequence = sequence_.load(std::memory_order_relaxed);
    // Odd while it is written. Acquire, partner: the release below.
    if (sequence % 2 != 0 ||
        !sequence_.compare_exchange_strong(sequence, sequence + 1, std::memory_order_acquire,
                                           std::memory_order_relaxed)) {
      return;
    }
    // Partner: the fence in Draw.
    std::atomic_thread_fence(std::memory_order_release);
    soft_.store(cursor + values, std::memory_order_relaxed);
    to_id_.store(from.segment.first - from.start(), std::memory_order_relaxed);
    floor_.store(cursor, std::memory_order_relaxed);
    of_.store(entry, std::memory_order_relaxed);
    entry_.store(entry, std::memory_order_relaxed);
    sequence_.store(sequence + 2, std::memory_order_release);
  }

  // A thread that is opening one may open it all the same: then the next draw looks once more.
  void Close() noexcept { entry_.store(nullptr, std::memory_order_relaxed); }

  // A value that the entry's cursor was seen to have. 0 when the last window was on another, or is
  // being written.
  [[nodiscard]] std::uint64_t FloorOf(const SegmentEntry* entry) const noexcept {
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);
    const bool same = of_.load(std::memory_order_relaxed) == entry;
    const std::uint64_t floor = floor_.load(std::memory_order_acquire);
    const bool ours = floor < soft_.load(std::memory_order_relaxed);  // see PutDown
    std::atomic_thread_fence(std::memory_order_acquire);
    const bool whole = before % 2 == 0 && sequence_.load(std::memory_order_relaxed) == before;
    return whole && same && ours ? floor : 0;
  }

  std::atomic<std::uint32_t> busy;      // a thread follows
  std::atomic<std::int64_t> opened_ns;  // when the last window was
  SegmentWord width;                    // of the windows: so that one lasts about 100 ms

 private:
  // Only over the floor that this draw began with: who wakes up late, when the window is on the next
  // region's entry, must not leave a value of the last one's there.
  void PutDown(std::uint64_t cursor, std::uint64_t floor) noexcept {
    floor_.compare_exchange_strong(floor, cursor, std::memory_order_release,
                                   std::memory_order_relaxed);
  }

  // The cursor is put down every so often: one that is set back by more is noticed.
  static constexpr std::uint64_t kFloorEvery = 64;

  alignas(64) SegmentWord sequence_;
  std::atomic<SegmentEntry*> entry_;  // null, which a child finds: closed
  std::atomic<SegmentEntry*> of_;     // the same, closed or not
  SegmentWord soft_;                  // below this value a draw need not look
  SegmentWord to_id_;                 // an ID minus the cursor's value
  // A value that was seen: a lower one was written by somebody else.
  SegmentWord floor_;
};
static_assert(sizeof(SegmentCache) <= ForkPage::kSize);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_WINDOW_H_
