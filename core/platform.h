// SPDX-License-Identifier: Apache-2.0
// What the operating system gives, without policy.
#ifndef SHMFLAKE_CORE_PLATFORM_H_
#define SHMFLAKE_CORE_PLATFORM_H_

#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "core/status.h"

namespace shmflake {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(-1); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  void Reset(int fd) noexcept;
  [[nodiscard]] int Take() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using UniqueFile = std::unique_ptr<std::FILE, CloseFile>;

// getrandom(2); never fails on Linux once the pool is ready.
void RandomBytes(void* out, std::size_t size) noexcept;
[[nodiscard]] std::uint64_t RandomU64() noexcept;
[[nodiscard]] std::string RandomHex(std::size_t bytes);

[[nodiscard]] std::int64_t MonotonicNs() noexcept;
// Sleeps; returns early when a signal comes.
void SleepNs(std::int64_t ns) noexcept;

[[nodiscard]] std::string BootId();  // "" when it cannot be read
[[nodiscard]] std::string HostName();
[[nodiscard]] std::string ProcessCommand();  // at most 15 bytes

inline constexpr std::uint32_t kNoGroup = ~std::uint32_t{0};  // chown(2)'s "leave it as it is"

// Makes the directory and its parents with `mode` (the parents too) and checks that nobody but the
// caller, root, or (when `mode` has group bits) the group can write to it. A directory that is made
// is given to the group `gid`, if there is one.
Status EnsureDirectory(const std::string& path, std::uint32_t mode, Code code,
                       std::uint32_t gid = kNoGroup);

// The name of a new directory must outlive a power loss as well as what is in it.
void SyncParent(const std::string& directory) noexcept;

// The open file description's byte-range locks (fcntl(2), F_OFD_*): the kernel drops them when the
// last copy of the descriptor is gone, and closing another descriptor of the file does not.
enum class LockKind : std::int16_t { kShared, kExclusive, kNone };
// 0, or the errno (EAGAIN: somebody else holds it). Async-signal-safe.
[[nodiscard]] int TryLockBytes(int fd, LockKind kind, std::int64_t start,
                               std::int64_t length) noexcept;
// Whether another open file description holds a lock in the range that conflicts with an exclusive
// one; *found_start is where (may be null).
[[nodiscard]] bool IsLockedByOther(int fd, std::int64_t start, std::int64_t length,
                                   std::int64_t* found_start) noexcept;

// A second open file description of the same file, even if it has no name any more: /proc/self/fd.
// -1 if that cannot be had. Async-signal-safe.
[[nodiscard]] int ReopenFd(int fd, int flags) noexcept;

// "pid 17 (python3), pid 23 (nginx)": the processes that hold locks within the range of the file;
// "" if /proc tells none.
[[nodiscard]] std::string DescribeLockHolders(int fd, std::int64_t start, std::int64_t length);

// For a scope in which a signal that the kernel sends to this thread would end the process: it is
// held back and dropped, and the call fails with its errno all the same.
class SignalBlock {
 public:
  explicit SignalBlock(int signal) noexcept;
  ~SignalBlock();
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  sigset_t signal_;
  sigset_t before_;
  bool pending_before_ = false;
};
// Where this thread writes files: SIGXFSZ, which comes where a write goes beyond RLIMIT_FSIZE.
class FileSizeSignalBlock : public SignalBlock {
 public:
  FileSizeSignalBlock() noexcept : SignalBlock(SIGXFSZ) {}
};

// The kernel's word on whether the clock is synchronised: 1 yes, 0 no, 2 unknown.
[[nodiscard]] std::uint32_t ClockSynchronised() noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_PLATFORM_H_
