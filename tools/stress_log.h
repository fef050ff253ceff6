// SPDX-License-Identifier: Apache-2.0
// The shared memory between a hunt and its processes: every ID that was handed out, written where a
// killed process cannot take it away.
//
// One memfd: control words, a record for every process that is started, and chunks. A process
// claims a chunk of IDs from the common budget and has the library write each ID straight into it.
//
// Invariants:
//   (1) A chunk has one owner, which alone writes it, from the front.
//   (2) An ID is in the chunk from the moment the library hands it out; `count` follows behind it.
//   So
//       what a killed process got is `count` and the words that are not 0 after it.
#ifndef SHMFLAKE_TOOLS_STRESS_LOG_H_
#define SHMFLAKE_TOOLS_STRESS_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "stress_plan.h"

namespace tool {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// Words that different processes write are two cache lines apart.
struct StressControl {
  std::uint64_t file_size;
  std::uint64_t records;
  std::uint64_t chunks;
  std::uint64_t chunk_bytes;
  std::uint64_t claim;            // IDs claimed at a time; at most what a chunk holds
  std::atomic<std::uint32_t> go;  // futex: processes that are attached wait for it
  std::atomic<std::uint32_t> stop;
  alignas(128) std::atomic<std::uint64_t> budget;  // IDs that nobody has claimed
  alignas(128) std::atomic<std::uint64_t> next_chunk;
  alignas(128) std::atomic<std::uint64_t> highest;  // of the IDs that were published
};

struct alignas(128) StressRecord {
  std::atomic<std::uint32_t> ready;
  std::int32_t error_code;                // the library's, of a process that gave up
  std::atomic<std::uint64_t> started_ns;  // CLOCK_MONOTONIC
  std::atomic<std::uint64_t> ended_ns;
  std::uint64_t refusals;      // draws that were refused and tried again
  std::uint64_t order_checks;  // draws that were compared with what others had published before
  std::uint64_t order_breaks;  // ... and were not larger
  std::uint64_t broken_id;     // the first of these
  std::uint64_t broken_floor;  // ... and what was published before
  char error_message[240];
};

struct StressChunk {
  std::uint32_t owner;  // record + 1; 0: none yet
  std::uint32_t claimed;
  std::atomic<std::uint64_t> count;
  alignas(128) std::uint64_t ids[];
};
static_assert(offsetof(StressChunk, ids) == 128);

class StressLog {
 public:
  StressLog() = default;
  StressLog(const StressLog&) = delete;
  StressLog& operator=(const StressLog&) = delete;
  ~StressLog();

  // "" or what went wrong.
  [[nodiscard]] std::string Create(const StressPlan& plan);
  [[nodiscard]] std::string Attach(int fd);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] StressControl& control() const { return *control_; }
  [[nodiscard]] StressRecord& record(std::size_t index) const;
  [[nodiscard]] StressChunk& chunk(std::size_t index) const;
  // Chunks that were claimed.
  [[nodiscard]] std::size_t used_chunks() const;

  // The next chunk for a process, its pages taken; nullptr when the budget is used up. "" or what
  // went wrong.
  [[nodiscard]] std::string Claim(std::size_t record, StressChunk** out);

  // How many IDs stand in a chunk whose owner has ended (2).
  [[nodiscard]] static std::uint64_t Written(const StressChunk& chunk);
  [[nodiscard]] static std::span<std::uint64_t> Ids(StressChunk& chunk);

 private:
  [[nodiscard]] std::string Map(std::size_t size);

  int fd_ = -1;
  std::size_t size_ = 0;
  StressControl* control_ = nullptr;
};

[[nodiscard]] std::uint64_t MonotonicNs();

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_LOG_H_
