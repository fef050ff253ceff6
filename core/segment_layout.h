// SPDX-License-Identifier: Apache-2.0
// The part of the region that segment mode uses: an entry for each tag. NOT TO BE CHANGED: a mapped
// format, like layout.h, whose version counts for both.
//
//   0     name          9 words: the length and the bytes, then the store's fingerprint
//   128   cursor        | generation << 33 | offset; bit 63: retired. The only line a draw writes
//   256   ring          5 published segments of 3 tagged words: first ID and count by generation
//   384   fetches       what those who fetch tell each other
//   512   words         the store's, of the last attempt that failed
//   896   end
#ifndef SHMFLAKE_CORE_SEGMENT_LAYOUT_H_
#define SHMFLAKE_CORE_SEGMENT_LAYOUT_H_

#include <atomic>
#include <cstdint>

#include "core/tagged_words.h"

namespace shmflake {

inline constexpr std::uint32_t kTagCount = 256;
inline constexpr std::uint32_t kLongestTag = 64;
inline constexpr std::uint32_t kTagWords = 9;  // 65 bytes: the length, then the tag
inline constexpr std::uint32_t kSegmentRing = 5;
inline constexpr unsigned kOffsetBits = 33;
inline constexpr std::uint64_t kLastGeneration = (std::uint64_t{1} << 30) - 1;
inline constexpr std::uint64_t kLongestSegment = 1'000'000'000;
inline constexpr std::uint64_t kSegmentRetiredBit = std::uint64_t{1} << 63;

// The count of a tag's draws: generation << 33 | offset, the next value to be handed out. Bits: 30
// of generation, so that it never has a value twice; 33 of offset, for segments of 10^9 and 7 * 10^9
// draws that find none left.
class alignas(128) SegmentCursor {
 public:
  // Acquire, in all three: partner is the release in MoveOn. Who sees a generation sees its segment
  // in the ring.
  [[nodiscard]] std::uint64_t Load() const noexcept {
    return word_.load(std::memory_order_acquire);
  }
  std::uint64_t FetchAdd(std::uint64_t n) noexcept {
    return word_.fetch_add(n, std::memory_order_acquire);
  }
  bool Take(std::uint64_t* expected, std::uint64_t desired) noexcept {
    return word_.compare_exchange_weak(*expected, desired, std::memory_order_acquire,
                                       std::memory_order_acquire);
  }
  // To the next generation. Additions in between keep the release's head (C++20, release sequence).
  bool MoveOn(std::uint64_t expected, std::uint64_t desired) noexcept {
    return word_.compare_exchange_strong(expected, desired, std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
  }
  // Relaxed: the bit itself is the message.
  void RetireRelaxed() noexcept { word_.fetch_or(kSegmentRetiredBit, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> word_;
  [[maybe_unused]] unsigned char pad_[120];
};

using SegmentWord = std::atomic<std::uint64_t>;
using RingSlot = TaggedWords<3, 34>;     // first: 63 bits, count: 30; versions are generations
using StoreWords = TaggedWords<48, 32>;  // a code and 188 bytes; versions are attempts

// Relaxed, all of it: counters and advice. What they say is checked where it matters.
struct FetchLine {
  SegmentWord claimed;          // the last generation that was given to a fetch
  SegmentWord high;             // the highest ID that the store granted to this region
  SegmentWord step;             // what the last fetch asked for; 0: none yet
  SegmentWord row_step;         // the row's step, as it was then
  SegmentWord fetched_boot_ns;  // when the last segment came, on CLOCK_BOOTTIME
  SegmentWord fetched_unix_ms;
  SegmentWord fetched_us;    // how long it took
  SegmentWord next_boot_ns;  // no attempt before; 0: at any time
  SegmentWord failures_in_row;
  SegmentWord begun_boot_ns;  // when the last attempt began
  SegmentWord begun;          // attempts
  SegmentWord ended;          // of those: with a segment
  SegmentWord failed;         // of those: without
  SegmentWord granted;        // IDs
  SegmentWord lost;           // of those, IDs that will not be issued
  unsigned char pad[8];
};

struct alignas(128) SegmentEntry {
  SegmentWord name[kTagWords];
  SegmentWord store;  // a fingerprint, the kind in its lowest byte; 0: none yet
  unsigned char pad[48];
  SegmentCursor cursor;
  RingSlot ring[kSegmentRing];
  unsigned char ring_pad[8];
  FetchLine fetch;
  StoreWords words;
};
static_assert(sizeof(SegmentEntry) == 896);

// SegmentEntry::store of a store's fingerprint and kind. Never 0.
[[nodiscard]] constexpr std::uint64_t StoreMark(std::uint64_t fingerprint,
                                                std::uint8_t kind) noexcept {
  return (fingerprint & ~std::uint64_t{0xff}) | kind;
}

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_LAYOUT_H_
