// SPDX-License-Identifier: Apache-2.0
#include "core/segment_ring.h"

#include <algorithm>

#include "core/bits.h"
#include "core/failpoint.h"

namespace shmflake {
namespace {

constexpr unsigned kWordBits = 34;
constexpr unsigned kHighBits = 63 - kWordBits;  // of the first ID, behind them bits of the count
constexpr unsigned kLowCountBits = kWordBits - kHighBits;
constexpr std::uint64_t kOffsetMask = LowMask(kOffsetBits);

void Pack(const Segment& segment, RingSlot::Payload& payload) noexcept {
  payload[0] = segment.first & LowMask(kWordBits);
  payload[1] = segment.first >> kWordBits | (segment.count & LowMask(kLowCountBits)) << kHighBits;
  payload[2] = segment.count >> kLowCountBits;
}

// The segment of a slot; generation 0 when it is not whole.
PublishedSegment ReadSlot(const RingSlot& slot) noexcept {
  PublishedSegment out;
  RingSlot::Payload payload;
  out.generation = slot.Read(payload);
  if (out.generation == 0) return out;
  out.segment.first = payload[0] | (payload[1] & LowMask(kHighBits)) << kWordBits;
  out.segment.count = payload[1] >> kHighBits | payload[2] << kLowCountBits;
  // What no publisher writes was written by somebody else: nothing is issued from it.
  if (out.segment.first == 0 || out.segment.count == 0 || out.segment.count > kLongestSegment ||
      out.segment.first - 1 > LowMask(63) - out.segment.count) {
    out.generation = 0;
  }
  return out;
}

std::uint64_t GenerationOf(std::uint64_t cursor) noexcept { return cursor >> kOffsetBits; }

// The last ID of the cursor's segment; 0 when that is not known.
std::uint64_t LastIdAt(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  const PublishedSegment current = SegmentAt(entry, cursor);
  return current.generation == 0 ? 0 : current.segment.first + current.segment.count - 1;
}

// Calls use(published, whether it ascends) for those of the ring that are newer than the cursor's.
template <typename Use>
void ForEachNewer(const SegmentEntry& entry, std::uint64_t cursor, Use use) noexcept {
  const std::uint64_t last_id = LastIdAt(entry, cursor);
  for (const RingSlot& slot : entry.ring) {
    const PublishedSegment published = ReadSlot(slot);
    if (published.generation > GenerationOf(cursor))
      use(published, published.segment.first > last_id);
  }
}

void CountLost(SegmentEntry& entry, std::uint64_t n) noexcept {
  if (n != 0) entry.fetch.lost.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

PublishedSegment SegmentAt(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  const std::uint64_t generation = GenerationOf(cursor);
  const PublishedSegment found = ReadSlot(entry.ring[generation % kSegmentRing]);
  return found.generation == generation ? found : PublishedSegment{};
}

PublishedSegment NextSegment(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  PublishedSegment next;
  ForEachNewer(entry, cursor, [&](const PublishedSegment& published, bool ascends) {
    if (ascends && (next.generation == 0 || published.generation < next.generation)) {
      next = published;
    }
  });
  return next;
}

std::uint64_t CountPublishedAhead(const SegmentEntry& entry, std::uint64_t cursor) noexcept {
  std::uint64_t count = 0;
  ForEachNewer(entry, cursor, [&](const PublishedSegment& published, bool ascends) {
    if (ascends) count += published.segment.count;
  });
  return count;
}

MoveResult MoveOn(SegmentEntry& entry) noexcept {
  for (;;) {
    const std::uint64_t cursor = entry.cursor.Load();
    if ((cursor & kSegmentRetiredBit) != 0) return MoveResult::kRetired;
    const PublishedSegment current = SegmentAt(entry, cursor);
    if (current.generation != 0 && cursor < current.end()) return MoveResult::kMoved;
    const PublishedSegment next = NextSegment(entry, cursor);
    if (next.generation == 0) return MoveResult::kNone;
    // Those that are passed over were published too late: they would go backwards.
    std::uint64_t passed = 0;
    ForEachNewer(entry, cursor, [&](const PublishedSegment& published, bool /*ascends*/) {
      if (published.generation < next.generation) passed += published.segment.count;
    });
    SHMFLAKE_REACH(kSegmentBeforeMove);
    if (entry.cursor.MoveOn(cursor, next.start())) {
      SHMFLAKE_REACH(kSegmentMoved);
      CountLost(entry, passed);
      return MoveResult::kMoved;
    }
    // Somebody moved it, or added to it: each thread that adds in vain does so once.
  }
}

PublishResult PublishSegment(SegmentEntry& entry, const Segment& segment) noexcept {
  const std::uint64_t last = segment.first + segment.count - 1;
  entry.fetch.granted.fetch_add(segment.count, std::memory_order_relaxed);
  // Above all that was granted to this region before: of two that were fetched at once the lower may
  // come late.
  std::uint64_t high = entry.fetch.high.load(std::memory_order_relaxed);
  do {
    if (segment.first <= high) {
      CountLost(entry, segment.count);
      return PublishResult::kTooLate;
    }
  } while (!entry.fetch.high.compare_exchange_weak(high, last, std::memory_order_relaxed,
                                                   std::memory_order_relaxed));
  SHMFLAKE_REACH(kSegmentGranted);
  const std::uint64_t generation = entry.fetch.claimed.fetch_add(1, std::memory_order_relaxed) + 1;
  SHMFLAKE_REACH(kSegmentClaimed);
  if (generation > kLastGeneration) {
    CountLost(entry, segment.count);
    return PublishResult::kUsedUp;
  }
  RingSlot& slot = entry.ring[generation % kSegmentRing];
  const std::uint64_t cursor = entry.cursor.Load() & ~kSegmentRetiredBit;
  const PublishedSegment replaced = ReadSlot(slot);
  const bool current = replaced.generation != 0 && replaced.generation == GenerationOf(cursor);
  const bool to_come = replaced.generation > GenerationOf(cursor) &&
                       replaced.segment.first > LastIdAt(entry, cursor);
  if (GenerationOf(cursor) > generation || current || to_come) {
    // Others went past it, or the ring is full of IDs that come first.
    CountLost(entry, segment.count);
    return PublishResult::kTooLate;
  }
  // One that came so late that nobody will draw from it makes room.
  if (replaced.generation > GenerationOf(cursor)) CountLost(entry, replaced.segment.count);
  RingSlot::Payload payload;
  Pack(segment, payload);
  if (slot.Publish(generation, payload)) {
    SHMFLAKE_REACH(kSegmentPublished);
    return PublishResult::kPublished;
  }
  CountLost(entry, segment.count);  // so late that the ring has gone round
  return PublishResult::kTooLate;
}

TakeResult TakeIds(SegmentEntry& entry, std::uint64_t want, Segment* taken, PublishedSegment* from,
                   std::uint64_t* cursor) noexcept {
  std::uint64_t found = entry.cursor.Load();
  for (;;) {
    if ((found & kSegmentRetiredBit) != 0) return TakeResult::kRetired;
    const PublishedSegment current = SegmentAt(entry, found);
    if (current.generation == 0 || found >= current.end()) {
      const MoveResult moved = MoveOn(entry);
      if (moved == MoveResult::kRetired) return TakeResult::kRetired;
      if (moved == MoveResult::kNone) return TakeResult::kNone;
      found = entry.cursor.Load();
      continue;
    }
    const std::uint64_t count = std::min(want, current.end() - found);
    SHMFLAKE_REACH(kSegmentBeforeTake);
    if (!entry.cursor.Take(&found, found + count)) continue;
    SHMFLAKE_REACH(kSegmentTaken);
    *taken = {current.segment.first + (found - current.start()), count};
    *from = current;
    *cursor = found + count;
    return TakeResult::kTaken;
  }
}

bool ResolveValue(SegmentEntry& entry, std::uint64_t cursor, std::uint64_t* id,
                  PublishedSegment* from) noexcept {
  if ((cursor & kSegmentRetiredBit) != 0) return false;
  *from = SegmentAt(entry, cursor);
  if (from->generation == 0) {
    CountLost(entry, 1);
    return false;
  }
  if (cursor >= from->end()) return false;
  *id = from->segment.first + (cursor & kOffsetMask);
  return true;
}

}  // namespace shmflake
