// SPDX-License-Identifier: Apache-2.0
// How a state value becomes an ID and back. Pure functions of a validated format.
//
//   ID     0 | timestamp | datacenter | machine | sequence        63 bits, the sign bit stays 0
//                        \____ worker ID _____/
//   ID     0 | timestamp | sequence | worker ID                   the order of a few layouts
//   state  0...0 | timestamp | sequence                           the region's state word
#ifndef SHMFLAKE_CORE_ID_FORMAT_H_
#define SHMFLAKE_CORE_ID_FORMAT_H_

#include <cstdint>
#include <string>

#include "core/bits.h"
#include "core/status.h"

namespace shmflake {

inline constexpr std::int64_t kDefaultEpochMs = 1609459200000;  // 2021-01-01T00:00:00Z
inline constexpr std::uint32_t kIdBits = 63;
inline constexpr std::uint32_t kSafeIdBits = 53;  // of JavaScript's safe integers: the other choice
inline constexpr std::uint32_t kMinTimestampBits = 20;
inline constexpr std::uint32_t kMaxWorkerBits = 22;
inline constexpr std::uint32_t kMaxSequenceBits = 31;
inline constexpr std::uint32_t kMinTickUs = 100;
inline constexpr std::uint32_t kMaxTickUs = 1'000'000;
// The epochs that people can write down: 0001-01-01 to 9999-12-31. They keep sums of times within
// 64 bits.
inline constexpr std::int64_t kMinEpochMs = -62135596800000;
inline constexpr std::int64_t kMaxEpochMs = 253402300799999;

// Pinned: the region's header and the store keep it.
enum class FieldOrder : std::uint32_t { kSequenceLast = 0, kWorkerLast = 1 };

struct IdFormat {
  std::uint32_t timestamp_bits = 43;
  std::uint32_t datacenter_bits = 2;
  std::uint32_t machine_bits = 6;
  std::uint32_t sequence_bits = 12;
  std::uint32_t tick_us = 1000;
  std::int64_t epoch_ms = kDefaultEpochMs;
  FieldOrder order = FieldOrder::kSequenceLast;

  bool operator==(const IdFormat&) const = default;

  [[nodiscard]] constexpr std::uint32_t worker_bits() const noexcept {
    return datacenter_bits + machine_bits;
  }
  [[nodiscard]] constexpr std::uint32_t id_bits() const noexcept {
    return timestamp_bits + worker_bits() + sequence_bits;
  }
  // 0: a layout without a worker ID, for one host.
  [[nodiscard]] constexpr std::uint64_t max_worker_id() const noexcept {
    return LowMask(worker_bits());
  }
  [[nodiscard]] constexpr std::uint64_t max_timestamp() const noexcept {
    return LowMask(timestamp_bits);
  }
  [[nodiscard]] constexpr std::uint64_t max_sequence() const noexcept {
    return LowMask(sequence_bits);
  }
  // One above the largest state value.
  [[nodiscard]] constexpr std::uint64_t state_end() const noexcept {
    return std::uint64_t{1} << (timestamp_bits + sequence_bits);
  }

  [[nodiscard]] constexpr std::uint64_t StateOf(std::uint64_t tick,
                                                std::uint64_t sequence) const noexcept {
    return tick << sequence_bits | sequence;
  }
  [[nodiscard]] constexpr std::uint64_t TickOf(std::uint64_t state) const noexcept {
    return state >> sequence_bits;
  }
  [[nodiscard]] constexpr std::uint64_t IdOf(std::uint64_t state,
                                             std::uint64_t worker_id) const noexcept {
    if (order == FieldOrder::kWorkerLast) return state << worker_bits() | worker_id;
    return (state >> sequence_bits) << (worker_bits() + sequence_bits) |
           worker_id << sequence_bits | (state & LowMask(sequence_bits));
  }
  // From one ID of a tick to the next.
  [[nodiscard]] constexpr std::uint64_t id_step() const noexcept {
    return order == FieldOrder::kWorkerLast ? std::uint64_t{1} << worker_bits() : 1;
  }
};

struct IdParts {
  std::uint64_t timestamp = 0;
  std::uint32_t worker_id = 0;
  std::uint32_t datacenter_id = 0;
  std::uint32_t machine_id = 0;
  std::uint64_t sequence = 0;
};

// LAYOUT with the rule and the values, for every format whose bits, tick or epoch are impossible.
Status ValidateFormat(const IdFormat& format);

// Takes an ID apart. False, and nothing done, when a bit above id_bits() is set.
// Async-signal-safe.
[[nodiscard]] bool SplitId(const IdFormat& format, std::uint64_t id, IdParts* out) noexcept;

// SplitId with a message: ID.
Status DecodeId(const IdFormat& format, std::uint64_t id, IdParts* out);

// The instant at which a tick begins, rounded down; INT64_MAX or INT64_MIN where it does not fit.
[[nodiscard]] std::int64_t UnixMsOfTick(const IdFormat& format, std::uint64_t tick) noexcept;
[[nodiscard]] std::int64_t UnixNsOfTick(const IdFormat& format, std::uint64_t tick) noexcept;

// The tick that holds an instant. False before the epoch (then *tick is 0) and past the range (then
// it is the first tick that does not fit).
[[nodiscard]] bool TickOfUnixNs(const IdFormat& format, std::int64_t unix_ns,
                                std::uint64_t* tick) noexcept;

// The lowest and highest ID, of any worker, of the ticks that begin within, or hold, the
// millisecond. False, and nothing done, when all of it is before the epoch or past the range.
// Async-signal-safe.
[[nodiscard]] bool IdRangeOfUnixMs(const IdFormat& format, std::int64_t unix_ms,
                                   std::uint64_t* lowest, std::uint64_t* highest) noexcept;

// IdRangeOfUnixMs with a message: INSTANT out of range.
Status BoundsOfUnixMs(const IdFormat& format, std::int64_t unix_ms, std::uint64_t* lowest,
                      std::uint64_t* highest);

// "43/2+6/12 x 1000 us since 1609459200000", for messages; "39/8/0+16 ..." where the worker ID is
// last.
[[nodiscard]] std::string DescribeFormat(const IdFormat& format);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_ID_FORMAT_H_
