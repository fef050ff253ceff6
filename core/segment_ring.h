// SPDX-License-Identifier: Apache-2.0
// A tag's segments: published in a ring, drawn through one cursor. Words that the caller owns; no
// file, no clock.
//
// Invariants:
//   (1) A generation belongs to one publisher (`claimed` counts them, and never wraps), and its ring
//       slot, read whole, is what that one wrote (tagged_words.h). So a generation means one range
//       of IDs, for ever and for everybody.
//   (2) The cursor only grows: its offset by draws, its generation by MoveOn, which enters a newer
//       one at offset 0. So it never has a value twice.
//   (3) A value (generation, offset) is handed out once, by one addition or one exchange, and means
//       the ID first + offset of its generation. By (1) and (2) IDs of one tag never repeat within a
//       region, as the segments that the store grants are disjoint.
//   (4) A segment below one that was drawn from is given up: IDs ascend.
//   (5) Draws that fail hardly move the offset: who finds none left looks before the next addition.
#ifndef SHMFLAKE_CORE_SEGMENT_RING_H_
#define SHMFLAKE_CORE_SEGMENT_RING_H_

#include <cstdint>

#include "core/segment_layout.h"

namespace shmflake {

struct Segment {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// A segment as it was published.
struct PublishedSegment {
  std::uint64_t generation = 0;  // 0: none
  Segment segment;

  // The cursor's value at its first ID, and behind its last one.
  [[nodiscard]] std::uint64_t start() const noexcept { return generation << kOffsetBits; }
  [[nodiscard]] std::uint64_t end() const noexcept { return start() + segment.count; }
};

// The segment that a value of the cursor is in; generation 0: it is not, or no longer, in the ring.
[[nodiscard]] PublishedSegment SegmentAt(const SegmentEntry& entry, std::uint64_t cursor) noexcept;

// The next one after the cursor's, if one is published that ascends.
[[nodiscard]] PublishedSegment NextSegment(const SegmentEntry& entry,
                                           std::uint64_t cursor) noexcept;
// IDs that are published behind the cursor's segment.
[[nodiscard]] std::uint64_t CountPublishedAhead(const SegmentEntry& entry,
                                                std::uint64_t cursor) noexcept;

enum class MoveResult : std::uint8_t { kMoved, kNone, kRetired };
// If the cursor's segment is used up: on to the next one. kMoved, too, when another process was
// quicker, or there is something left.
MoveResult MoveOn(SegmentEntry& entry) noexcept;

enum class PublishResult : std::uint8_t {
  kPublished,
  kTooLate,  // it is below what was granted to somebody else meanwhile, or the ring is full: lost
  kUsedUp    // there are no generations left: lost, and the region is to be retired
};
// Makes a segment that the store granted the tag's newest.
PublishResult PublishSegment(SegmentEntry& entry, const Segment& segment) noexcept;

enum class TakeResult : std::uint8_t { kTaken, kNone, kRetired };
// Takes up to `want` contiguous IDs of the cursor's segment, or of the next. *from is where they
// came from, *cursor the cursor's value after them.
TakeResult TakeIds(SegmentEntry& entry, std::uint64_t want, Segment* taken, PublishedSegment* from,
                   std::uint64_t* cursor) noexcept;

// The ID of a value that an addition gave. False when there is none (used up, retired), or its
// segment is not in the ring any more (a gap, counted).
bool ResolveValue(SegmentEntry& entry, std::uint64_t cursor, std::uint64_t* id,
                  PublishedSegment* from) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_RING_H_
