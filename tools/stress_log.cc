// SPDX-License-Identifier: Apache-2.0
#include "stress_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace tool {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kChunkHeader = offsetof(StressChunk, ids);
constexpr std::uint64_t kMostClaimed = (std::uint64_t{512} * 1024 - kChunkHeader) / 8;

constexpr std::uint64_t RoundUp(std::uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

constexpr std::uint64_t RecordsAt() { return RoundUp(sizeof(StressControl)); }
std::uint64_t ChunksAt(std::uint64_t records) {
  return RecordsAt() + RoundUp(records * sizeof(StressRecord));
}

std::string Describe(const char* what) {
  return std::string("cannot ") + what + " the log of IDs: " + strerror(errno);
}

}  // namespace

std::uint64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

StressLog::~StressLog() {
  if (control_ != nullptr) munmap(control_, size_);
  if (fd_ >= 0) close(fd_);
}

std::string StressLog::Map(std::size_t size) {
  void* const mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (mapped == MAP_FAILED) return Describe("map");
  size_ = size;
  control_ = static_cast<StressControl*>(mapped);
  return "";
}

std::string StressLog::Create(const StressPlan& plan) {
  // Small enough for every process to get several, so that all of them draw to the end.
  const std::uint64_t claim =
      std::clamp<std::uint64_t>(plan.ids / (plan.processes * 8), 1, kMostClaimed);
  const std::uint64_t chunk_bytes = RoundUp(kChunkHeader + claim * sizeof(std::uint64_t));
  // One record for each start. A killed process's rest is claimed again, so each start may leave
  // one chunk that is not full.
  const std::uint64_t records = plan.processes + plan.kills;
  const std::uint64_t chunks = plan.ids / claim + 1 + 2 * records;
  const std::uint64_t size = ChunksAt(records) + chunks * chunk_bytes;

  fd_ = memfd_create("shmflake-stress", MFD_CLOEXEC);
  if (fd_ < 0 || ftruncate(fd_, static_cast<off_t>(size)) != 0) return Describe("make");
  if (std::string error = Map(size); !error.empty()) return error;
  control_->file_size = size;
  control_->records = records;
  control_->chunks = chunks;
  control_->chunk_bytes = chunk_bytes;
  control_->claim = claim;
  // Relaxed: the processes that read it are started afterwards.
  control_->budget.store(plan.ids, std::memory_order_relaxed);
  return "";
}

std::string StressLog::Attach(int fd) {
  fd_ = fd;
  struct stat info {};
  if (fstat(fd, &info) != 0) return Describe("open");
  if (info.st_size < static_cast<off_t>(sizeof(StressControl))) {
    return "this is the inner part of stress: run shmflake stress";
  }
  return Map(static_cast<std::size_t>(info.st_size));
}

StressRecord& StressLog::record(std::size_t index) const {
  char* const base = reinterpret_cast<char*>(control_) + RecordsAt();
  return reinterpret_cast<StressRecord*>(base)[index];
}

StressChunk& StressLog::chunk(std::size_t index) const {
  char* const base = reinterpret_cast<char*>(control_) + ChunksAt(control_->records);
  return *reinterpret_cast<StressChunk*>(base + index * control_->chunk_bytes);
}

std::size_t StressLog::used_chunks() const {
  return std::min(control_->next_chunk.load(std::memory_order_acquire), control_->chunks);
}

std::string StressLog::Claim(std::size_t record, StressChunk** out) {
  *out = nullptr;
  // Relaxed: the budget guards no other memory; it only says how many IDs are still to be drawn.
  std::uint64_t left = control_->budget.load(std::memory_order_relaxed);
  std::uint64_t take = 0;
  do {
    take = std::min(left, control_->claim);
    if (take == 0) return "";
  } while (!control_->budget.compare_exchange_weak(left, left - take, std::memory_order_relaxed));

  const std::uint64_t index = control_->next_chunk.fetch_add(1, std::memory_order_acq_rel);
  if (index >= control_->chunks) return "the log of IDs is full";
  StressChunk& claimed = chunk(index);
  // At once, so that a kill from here on finds the claim, and it goes back to the budget.
  claimed.claimed = static_cast<std::uint32_t>(take);
  claimed.owner = static_cast<std::uint32_t>(record) + 1;
  char* const base = reinterpret_cast<char*>(control_);
  const auto offset = reinterpret_cast<char*>(&claimed) - base;
  // Takes the pages now: an error here instead of a SIGBUS in the middle of a draw.
  if (fallocate(fd_, 0, offset, static_cast<off_t>(control_->chunk_bytes)) != 0 &&
      errno != EOPNOTSUPP) {
    return Describe("grow");
  }
#ifdef MADV_POPULATE_WRITE
  // Only speed: one call instead of a page fault for every 512 IDs. Kernels before 5.14 refuse it.
  (void)madvise(&claimed, control_->chunk_bytes, MADV_POPULATE_WRITE);
#endif
  *out = &claimed;
  return "";
}

std::uint64_t StressLog::Written(const StressChunk& chunk) {
  std::uint64_t count = chunk.count.load(std::memory_order_acquire);
  while (count < chunk.claimed && chunk.ids[count] != 0) ++count;
  return count;
}

std::span<std::uint64_t> StressLog::Ids(StressChunk& chunk) {
  return {chunk.ids, static_cast<std::size_t>(Written(chunk))};
}

}  // namespace tool
