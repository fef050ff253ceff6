// SPDX-License-Identifier: Apache-2.0
#include "tests/support/id_log.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace flake::test {

IdLog::IdLog(std::size_t capacity) {
  // Without CLOEXEC: programs that a test executes write into it too.
  fd_ = ::memfd_create("id_log", 0);
  const std::size_t bytes = sizeof(Shared) + capacity * sizeof(std::uint64_t);
  if (fd_ < 0 || ::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) std::abort();
  Map(bytes);
  shared_->capacity = capacity;
}

IdLog::IdLog(int fd, Existing) : fd_(fd) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) std::abort();
  Map(static_cast<std::size_t>(found.st_size));
}

IdLog::~IdLog() {
  ::munmap(shared_, bytes_);
  ::close(fd_);
}

void IdLog::Map(std::size_t bytes) {
  bytes_ = bytes;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd_, 0);
  if (memory == MAP_FAILED) std::abort();
  shared_ = static_cast<Shared*>(memory);
}

void IdLog::Writer::Append(std::uint64_t id) noexcept {
  if (at_ == end_) {
    at_ = log_.shared_->used.fetch_add(kChunk, std::memory_order_relaxed);
    end_ = at_ + kChunk;
  }
  if (at_ < log_.shared_->capacity) log_.shared_->ids[at_++] = id;
}

void IdLog::Raise(std::uint64_t id) noexcept {
  std::uint64_t old = shared_->highest.load(std::memory_order_seq_cst);
  while (old < id && !shared_->highest.compare_exchange_weak(old, id)) {
  }
}

std::vector<std::uint64_t> IdLog::All() const {
  const std::size_t used =
      std::min(shared_->used.load(std::memory_order_relaxed), shared_->capacity);
  std::vector<std::uint64_t> ids;
  ids.reserve(used);
  // 0 is the unused rest of a chunk.
  std::copy_if(shared_->ids, shared_->ids + used, std::back_inserter(ids),
               [](std::uint64_t id) { return id != 0; });
  return ids;
}

std::size_t IdLog::CountRepeats() const {
  std::vector<std::uint64_t> ids = All();
  std::sort(ids.begin(), ids.end());
  std::size_t repeats = 0;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (ids[i] != ids[i - 1]) continue;
    if (++repeats <= 5) std::fprintf(stderr, "repeated: %#lx\n", ids[i]);
  }
  return repeats;
}

}  // namespace flake::test
