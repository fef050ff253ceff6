// SPDX-License-Identifier: Apache-2.0
// A tag's segments: published in a ring, drawn through one cursor. Words that the caller owns; no
// file, no clock.
//
// Invariants:
//   (1) A generation belongs to one publisher (`claimed` counts them), and its ring slot, read
//       whole, is what that one wrote (tagged_words.h). Versions never wrap.
//   (2) The cursor enters a generation once, at offset 0, by MoveOn from an older one, after its
//       slot was read whole. It leaves it when all its offsets are drawn, and never returns.
//   (3) The offsets of a generation are handed out once each: by one addition, or one exchange. An
//       ID is base + offset. So IDs of one segment never repeat; segments are disjoint, as the
//       store grants them, and ascend: a lower one than the last is given up.
//   (4) The cursor has only the lowest 23 bits of the generation. Who draws therefore reads the
//       slot's head before (with all bits) and again after: if it is the same, then at the draw the
//       slot had not been published anew, so that the cursor, which cannot be a whole ring behind
//       or ahead of it, was in this very generation. If it is not, the value is a gap.
//   (5) Draws that fail hardly move the offset: who finds none left looks before the next addition.
//       2^40 - 10^9 failed ones fit.
#ifndef SHMFLAKE_CORE_SEGMENT_RING_H_
#define SHMFLAKE_CORE_SEGMENT_RING_H_

#include <cstdint>

#include "core/segment_layout.h"

namespace shmflake {

inline constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;

struct Segment {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// A segment as it was published.
struct PublishedSegment {
  std::uint64_t generation = 0;  // all 40 bits; 0: none
  std::uint64_t head = 0;        // the slot's, for invariant (4)
  Segment segment;

  // The cursor's value at its first ID.
  [[nodiscard]] std::uint64_t start() const noexcept {
    return generation << kOffsetBits & ~kSegmentRetiredBit;
  }
};

// The one of its slot; generation 0 when it is not whole.
[[nodiscard]] PublishedSegment ReadSlot(const RingSlot& slot) noexcept;
[[nodiscard]] inline const RingSlot& SlotAt(const SegmentEntry& entry,
                                            std::uint64_t cursor) noexcept {
  return entry.ring[(cursor >> kOffsetBits) % kSegmentRing];
}

// The segment that the cursor's value is in; generation 0: it is not, or no longer, there.
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

// Makes a segment that the store granted the tag's newest. False when it is below what was granted
// to somebody else meanwhile, or all generations are used up: then it is lost.
bool PublishSegment(SegmentEntry& entry, const Segment& segment) noexcept;

// What a process knows of where the cursor was once.
struct KnownPlace {
  std::uint64_t generation = 0;
  std::uint64_t floor = 0;  // an offset in it
};
// Whether a cursor that is there now was written by somebody else: it only ever goes forward.
[[nodiscard]] constexpr bool IsBehind(const KnownPlace& known, std::uint64_t generation,
                                      std::uint64_t offset) noexcept {
  return generation < known.generation || (generation == known.generation && offset < known.floor);
}
[[nodiscard]] constexpr std::uint64_t GenerationOfHead(std::uint64_t head) noexcept {
  return head >> kRingPayloadBits;
}

enum class ValueResult : std::uint8_t { kId, kNone, kBehind };
// The ID of a value that an addition gave, when it was not in the segment that was expected: the
// cursor had moved on. kNone when there is none (used up, retired), or it cannot be told for sure (a
// gap, counted). `known` is from before the addition.
ValueResult ResolveValue(SegmentEntry& entry, std::uint64_t cursor, const KnownPlace& known,
                         std::uint64_t* id, PublishedSegment* from) noexcept;

// After a draw (invariant 4): whether it was from the segment as it was read.
[[nodiscard]] inline bool IsStillThere(const SegmentEntry& entry,
                                       const PublishedSegment& from) noexcept {
  return SlotAt(entry, from.start()).head() == from.head;
}

enum class TakeResult : std::uint8_t { kTaken, kNone, kRetired };
// Takes up to `want` contiguous IDs of the cursor's segment, or of the next. *from is where they
// came from, *cursor the cursor's value after them.
TakeResult TakeIds(SegmentEntry& entry, std::uint64_t want, Segment* taken, PublishedSegment* from,
                   std::uint64_t* cursor) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_RING_H_
