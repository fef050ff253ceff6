// SPDX-License-Identifier: Apache-2.0
#include "core/segment_ring.h"

#include <algorithm>

#include "core/bits.h"
#include "core/failpoint.h"

namespace shmflake {
namespace {

constexpr unsigned kPayloadBits = kRingPayloadBits;
constexpr unsigned kLowBaseBits = 2 * kPayloadBits;
constexpr unsigned kHighBaseBits = 15;  // 63 in all
constexpr unsigned kLowCountBits = kPayloadBits - kHighBaseBits;
constexpr std::uint64_t kGenerationMask = LowMask(kCursorGenerationBits);
constexpr std::uint64_t kPayloadMask = LowMask(kPayloadBits);

// base: 24 + 24 + 15 bits; count: 9 + 24 bits.
void Pack(const Segment& segment, RingSlot::Payload& payload) noexcept {
  payload[0] = segment.first & kPayloadMask;
  payload[1] = segment.first >> kPayloadBits & kPayloadMask;
  payload[2] = segment.first >> kLowBaseBits | (segment.count & LowMask(kLowCountBits))
                                                   << kHighBaseBits;
  payload[3] = segment.count >> kLowCountBits;
}

Segment Unpack(const RingSlot::Payload& payload) noexcept {
  Segment segment;
  segment.first = payload[0] | payload[1] << kPayloadBits |
                  (payload[2] & LowMask(kHighBaseBits)) << kLowBaseBits;
  segment.count = payload[2] >> kHighBaseBits | payload[3] << kLowCountBits;
  return segment;
}

// All bits of the cursor's generation: the last one that was claimed is not 2^23 ahead of it.
std::uint64_t FullGeneration(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  const std::uint64_t claimed = entry.fetch.claimed.load(std::memory_order_relaxed);
  const std::uint64_t low = cursor >> kOffsetBits & kGenerationMask;
  return claimed - ((claimed - low) & kGenerationMask);
}

// Calls use(published) for those of the ring that are newer than the cursor's.
template <typename Use>
void ForEachNewer(const SegmentEntry& entry, std::uint64_t cursor, Use use) noexcept {
  const std::uint64_t generation = FullGeneration(entry, cursor);
  for (const RingSlot& slot : entry.ring) {
    const PublishedSegment published = ReadSlot(slot);
    if (published.generation > generation) use(published);
  }
}

// The last ID of the cursor's segment; 0 when that is not known.
std::uint64_t LastIdAt(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  const PublishedSegment current = SegmentAt(entry, cursor);
  return current.generation == 0 ? 0 : current.segment.first + current.segment.count - 1;
}

void CountLost(SegmentEntry& entry, std::uint64_t n) noexcept {
  if (n != 0) entry.fetch.lost.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

PublishedSegment ReadSlot(const RingSlot& slot) noexcept {
  PublishedSegment out;
  RingSlot::Payload payload;
  out.generation = slot.Read(payload);
  if (out.generation == 0) return out;
  out.segment = Unpack(payload);
  out.head = out.generation << kPayloadBits | payload[0];
  // What no publisher writes was written by somebody else: nothing is issued from it.
  const std::uint64_t highest = LowMask(63);
  if (out.segment.first == 0 || out.segment.count == 0 || out.segment.count > kLongestSegment ||
      out.segment.first > highest - out.segment.count) {
    out.generation = 0;
  }
  return out;
}

PublishedSegment SegmentAt(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  PublishedSegment found = ReadSlot(SlotAt(entry, cursor));
  if ((found.generation & kGenerationMask) != (cursor >> kOffsetBits & kGenerationMask)) {
    found.generation = 0;
  }
  return found;
}

PublishedSegment NextSegment(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  const std::uint64_t last_id = LastIdAt(entry, cursor);
  PublishedSegment next;
  ForEachNewer(entry, cursor, [&](const PublishedSegment& published) {
    const bool ascends = published.segment.first > last_id;
    if (ascends && (next.generation == 0 || published.generation < next.generation)) {
      next = published;
    }
  });
  return next;
}

std::uint64_t CountPublishedAhead(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  const std::uint64_t last_id = LastIdAt(entry, cursor);
  std::uint64_t count = 0;
  ForEachNewer(entry, cursor, [&](const PublishedSegment& published) {
    if (published.segment.first > last_id) count += published.segment.count;
  });
  return count;
}

MoveResult MoveOn(SegmentEntry& entry) noexcept {
  for (;;) {
    const std::uint64_t cursor = entry.cursor.Load();
    if ((cursor & kSegmentRetiredBit) != 0) return MoveResult::kRetired;
    const PublishedSegment current = SegmentAt(entry, cursor);
    if (current.generation != 0 && (cursor & kOffsetMask) < current.segment.count) {
      return MoveResult::kMoved;
    }
    const PublishedSegment next = NextSegment(entry, cursor);
    if (next.generation == 0) return MoveResult::kNone;
    // Generations that are passed over: published too late, they would go backwards.
    std::uint64_t passed = 0;
    ForEachNewer(entry, cursor, [&](const PublishedSegment& published) {
      if (published.generation < next.generation) passed += published.segment.count;
    });
    SHMFLAKE_REACH(kSegmentBeforeMove);
    if (entry.cursor.MoveOn(cursor, next.start())) {
      SHMFLAKE_REACH(kSegmentMoved);
      CountLost(entry, passed);
      return MoveResult::kMoved;
    }
    // Somebody moved it, or added to it: each thread that adds without success adds once.
  }
}

bool PublishSegment(SegmentEntry& entry, const Segment& segment) noexcept {
  const std::uint64_t last = segment.first + segment.count - 1;
  entry.fetch.granted.fetch_add(segment.count, std::memory_order_relaxed);
  // Above all that was granted to this region before: one of two that were fetched at once may be
  // published late.
  std::uint64_t high = entry.fetch.high.load(std::memory_order_relaxed);
  do {
    if (segment.first <= high) {
      CountLost(entry, segment.count);
      return false;
    }
  } while (!entry.fetch.high.compare_exchange_weak(high, last, std::memory_order_relaxed,
                                                   std::memory_order_relaxed));
  SHMFLAKE_REACH(kSegmentGranted);
  const std::uint64_t generation = entry.fetch.claimed.fetch_add(1, std::memory_order_relaxed) + 1;
  SHMFLAKE_REACH(kSegmentClaimed);
  RingSlot::Payload payload;
  Pack(segment, payload);
  if (generation < RingSlot::kMaxVersion &&
      entry.ring[generation % kSegmentRing].Publish(generation, payload)) {
    SHMFLAKE_REACH(kSegmentPublished);
    return true;
  }
  CountLost(entry, segment.count);  // so late that the ring has gone round
  return false;
}

ValueResult ResolveValue(SegmentEntry& entry, std::uint64_t cursor, const KnownPlace& known,
                         std::uint64_t* id, PublishedSegment* from) noexcept {
  if ((cursor & kSegmentRetiredBit) != 0) return ValueResult::kNone;
  const std::uint64_t offset = cursor & kOffsetMask;
  *from = SegmentAt(entry, cursor);
  // The cursor was at the known generation or later, and at the last one that was claimed or
  // earlier: if these are not 2^23 apart, its low bits say which.
  const std::uint64_t claimed = entry.fetch.claimed.load(std::memory_order_relaxed);
  const std::uint64_t low = cursor >> kOffsetBits & kGenerationMask;
  const std::uint64_t generation = known.generation + ((low - known.generation) & kGenerationMask);
  const bool certain = claimed - known.generation <= kGenerationMask && generation <= claimed;
  if (!certain || (generation == known.generation && offset < known.floor)) {
    return ValueResult::kBehind;
  }
  if (from->generation != generation) {
    CountLost(entry, 1);  // the ring has gone round since
    return ValueResult::kNone;
  }
  if (offset >= from->segment.count) return ValueResult::kNone;
  *id = from->segment.first + offset;
  return ValueResult::kId;
}

TakeResult TakeIds(SegmentEntry& entry, std::uint64_t want, Segment* taken, PublishedSegment* from,
                   std::uint64_t* cursor) noexcept {
  std::uint64_t found = entry.cursor.Load();
  for (;;) {
    if ((found & kSegmentRetiredBit) != 0) return TakeResult::kRetired;
    const PublishedSegment current = SegmentAt(entry, found);
    const std::uint64_t offset = found & kOffsetMask;
    if (current.generation == 0 || offset >= current.segment.count) {
      const MoveResult moved = MoveOn(entry);
      if (moved == MoveResult::kRetired) return TakeResult::kRetired;
      if (moved == MoveResult::kNone) return TakeResult::kNone;
      found = entry.cursor.Load();
      continue;
    }
    const std::uint64_t count = std::min(want, current.segment.count - offset);
    SHMFLAKE_REACH(kSegmentBeforeTake);
    if (!entry.cursor.Take(&found, found + count)) continue;
    SHMFLAKE_REACH(kSegmentTaken);
    if (!IsStillThere(entry, current)) {  // invariant (4)
      CountLost(entry, count);
      found = entry.cursor.Load();
      continue;
    }
    *taken = {current.segment.first + offset, count};
    *from = current;
    *cursor = found + count;
    return TakeResult::kTaken;
  }
}

}  // namespace shmflake
