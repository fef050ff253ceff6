// SPDX-License-Identifier: Apache-2.0
// Every byte that processes share. NOT TO BE CHANGED: a mapped format. To change it, write a new
// kLayoutVersion beside this one; tests/abi/region_layout.cc freezes the offsets.
//
//   0       Header: immutable after birth, CRC-32C over all of it
//   4096    state word     | last value issued; bit 63: retired. The only line a draw writes
//   4224    ceiling        | first value that may not be issued
//   4352    clock offset   | wall clock minus CLOCK_BOOTTIME, to see steps
//   4480    event counters
//   4608    UUID state word | Unix ms << 16 | counter of the last UUIDv7 or ULID; bit 63: retired
//   4736    (zero, for later layouts)
//   8192    256 slots of 1,024 bytes: identity line, then 7 lines of counters
//   270336  256 tags of 896 bytes: segment mode, see segment_layout.h
//   499712  end
//
// Words with different writers lie 128 bytes apart: two 64-byte lines, since the adjacent-line
// prefetcher of x86-64 pairs them, and one line of some aarch64 cores. Fixed widths, native byte
// order (the file never leaves its host), offsets instead of pointers, no bool, enum, size_t or
// time_t.
#ifndef SHMFLAKE_CORE_LAYOUT_H_
#define SHMFLAKE_CORE_LAYOUT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/segment_layout.h"

namespace shmflake {

inline constexpr std::uint64_t kMagic = 0x656b616c666d6873ULL;  // "shmflake"
inline constexpr std::uint32_t kLayoutVersion = 4;
inline constexpr std::uint64_t kKnownFeatures = 0;
inline constexpr std::uint32_t kSlotCount = 256;
inline constexpr std::uint32_t kSlotStripes = 7;
inline constexpr std::uint64_t kRetiredBit = std::uint64_t{1} << 63;

using Word = std::atomic<std::uint64_t>;
static_assert(sizeof(Word) == 8 && Word::is_always_lock_free);

struct Header {
  std::uint64_t magic;
  std::uint32_t layout_version;
  std::uint32_t header_size;
  std::uint64_t region_size;
  std::uint64_t features;  // a bit that is not known means: do not touch
  std::uint32_t timestamp_bits;
  std::uint32_t datacenter_bits;
  std::uint32_t machine_bits;
  std::uint32_t sequence_bits;
  std::uint32_t tick_us;
  std::uint32_t worker_id;
  std::int64_t epoch_ms;
  std::uint64_t birth_tick;      // where the state began
  std::uint64_t allowance_tick;  // highest tick allowed ahead of the clock by birth; 0: none
  std::uint64_t instance_id;     // random, never 0
  std::int64_t created_unix_ns;
  std::uint32_t worker_id_source;
  std::uint32_t store_kind;
  std::uint32_t ordering;
  std::uint32_t max_backward_ms;
  std::uint32_t horizon_ms;
  std::uint32_t file_mode;
  std::uint32_t group_id;  // ~0: none
  std::uint32_t slot_count;
  std::uint32_t slot_size;
  std::uint32_t creator_pid;  // for people
  std::uint32_t creator_uid;
  std::uint32_t field_order;  // id_format.h's FieldOrder
  unsigned char lock_id[16];  // the lock file that guards this region
  char name[64];
  char id_namespace[64];
  char boot_id[40];
  char creator_command[16];
  std::uint64_t file_inode;    // of the file that it was born in: a copy of it is no region
  std::uint32_t lease_ttl_ms;  // of a store that hosts share; else 0
  char store_url[1032];  // of a store that hosts share, as it was written: no secrets; else ""
  unsigned char zero[2704];
  std::uint32_t crc32c;  // over all bytes before it
};

// One value that many processes read-modify-write. The orders are in the names; who pairs with
// whom:
class alignas(128) StateWord {
 public:
  // Relaxed: the value itself is the message. Nothing else is published through it: which values
  // may be issued is decided by comparing it with a ceiling, and any ceiling ever read is good for
  // ever.
  [[nodiscard]] std::uint64_t LoadRelaxed() const noexcept {
    return word_.load(std::memory_order_relaxed);
  }
  // Relaxed: uniqueness and order need only this word's single modification order. If one draw ends
  // before another begins, coherence puts its step first.
  std::uint64_t FetchAddRelaxed(std::uint64_t n) noexcept {
    return word_.fetch_add(n, std::memory_order_relaxed);
  }
  bool CompareExchangeRelaxed(std::uint64_t* expected, std::uint64_t desired) noexcept {
    return word_.compare_exchange_weak(*expected, desired, std::memory_order_relaxed,
                                       std::memory_order_relaxed);
  }
  // Sets the retired bit and returns the last value issued: every later draw sees the bit and
  // refuses. Relaxed for the same reason; the store's transaction that gives the rest back takes
  // the value as data.
  std::uint64_t RetireRelaxed() noexcept {
    return word_.fetch_or(kRetiredBit, std::memory_order_relaxed);
  }
  void InitRelaxed(std::uint64_t value) noexcept { word_.store(value, std::memory_order_relaxed); }

 private:
  Word word_;
  [[maybe_unused]] unsigned char pad_[120];  // alone on its line pair
};

// A value that only ever rises; many processes may raise it.
class alignas(128) RisingWord {
 public:
  // Relaxed: a stale ceiling is a lower one, hence a safe one.
  [[nodiscard]] std::uint64_t LoadRelaxed() const noexcept {
    return word_.load(std::memory_order_relaxed);
  }
  // Relaxed: what it allows was made durable before, in the store, and is not read through this
  // word.
  void RaiseRelaxed(std::uint64_t value) noexcept {
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    while (old < value && !word_.compare_exchange_weak(old, value, std::memory_order_relaxed,
                                                       std::memory_order_relaxed)) {
    }
  }

 private:
  Word word_;
  [[maybe_unused]] unsigned char pad_[120];
};

struct alignas(128) ClockLine {
  std::atomic<std::int64_t> offset_ns;
  unsigned char pad[120];
};

struct alignas(128) EventLine {
  Word lease_extensions;
  Word lease_failures;
  Word clock_rollbacks;
  Word clock_forward_jumps;
  unsigned char pad[96];
};

// One attachment's entry, for people. Its counters are never reset: the slot's next owner counts
// on, so that sums over all slots never fall and a killed owner leaves nothing to fold; an owner's
// own share is the value minus the base noted when it claimed the slot.
struct alignas(128) Slot {
  Word claim;  // 0: free; else the owner's random token
  Word pid;
  Word attached_unix_ms;
  Word command[2];
  Word waits;
  Word refusals;
  Word waits_base;
  Word refusals_base;
  Word ids_base;
  unsigned char pad[48];
  struct alignas(128) Stripe {  // a thread's own line: no draw waits for another's counter
    Word ids;
    unsigned char pad[120];
  } stripes[kSlotStripes];
};

struct RegionImage {
  Header header;
  StateWord state;
  RisingWord ceiling;
  ClockLine clock;
  EventLine events;
  StateWord uuid_state;
  unsigned char zero[3456];
  Slot slots[kSlotCount];
  SegmentEntry tags[kTagCount];
};

// Retires a region's words; returns the last ID's state value. That one last, for its bit is what
// says that the region is retired: whoever sees it finds UUIDs and segments at their end, too.
// Async-signal-safe.
inline std::uint64_t RetireWords(RegionImage& image) noexcept {
  for (SegmentEntry& tag : image.tags) tag.cursor.RetireRelaxed();
  (void)image.uuid_state.RetireRelaxed();
  // Release: the store above comes first for everyone who reads the bit, by whatever means.
  std::atomic_thread_fence(std::memory_order_release);
  return image.state.RetireRelaxed();
}

inline constexpr std::uint64_t kRegionSize = sizeof(RegionImage);

// Byte offsets that are locked (open-file-description locks) in the region file itself.
inline constexpr std::int64_t kExtendLockByte = 0;  // and the kExtendLevels - 1 after it
inline constexpr std::int64_t kExtendLevels = 16;
inline constexpr std::int64_t kNameLockByte = 512;  // of a retired region: who takes its name away
inline constexpr std::int64_t kSlotLockBase = 1024;
inline constexpr std::int64_t kFetchLevels = 16;
inline constexpr std::int64_t kFetchLockBase = 4096;    // kFetchLevels for each tag
inline constexpr std::int64_t kKeeperLockBase = 16384;  // of a tag: who has a background thread

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_LAYOUT_H_
