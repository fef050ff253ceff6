// SPDX-License-Identifier: Apache-2.0
#include "core/platform.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shmflake {

void UniqueFd::Reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

SignalBlock::SignalBlock(int signal) noexcept {
  sigset_t pending;
  ::sigpending(&pending);
  pending_before_ = ::sigismember(&pending, signal) == 1;
  ::sigemptyset(&signal_);
  ::sigaddset(&signal_, signal);
  ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
}
SignalBlock::~SignalBlock() {
  if (!pending_before_) {
    // It waits here if anywhere, and perhaps for the process as well.
    const timespec at_once{};
    for (int taken = 1; taken > 0 || (taken < 0 && errno == EINTR);) {
      taken = ::sigtimedwait(&signal_, nullptr, &at_once);
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void RandomBytes(void* out, std::size_t size) noexcept {
  auto* bytes = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t got = ::getrandom(bytes, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // no kernel that this library supports lacks getrandom
    }
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::uint64_t RandomU64() noexcept {
  std::uint64_t value = 0;
  RandomBytes(&value, sizeof(value));
  return value;
}

std::string RandomHex(std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  RandomBytes(raw.data(), bytes);
  std::string hex;
  for (const char c : raw) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::int64_t MonotonicNs() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void SleepNs(std::int64_t ns) noexcept {
  if (ns <= 0) return;
  const timespec duration{static_cast<time_t>(ns / 1'000'000'000),
                          static_cast<long>(ns % 1'000'000'000)};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
}

namespace {

std::string ReadFirstLine(const char* path) {
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  char text[256];
  if (!fd) return {};
  const ssize_t got = ::read(fd.get(), text, sizeof(text));
  if (got <= 0) return {};
  const std::string all(text, static_cast<std::size_t>(got));
  return all.substr(0, all.find('\n'));
}

}  // namespace

std::string BootId() { return ReadFirstLine("/proc/sys/kernel/random/boot_id"); }

std::string HostName() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) return {};
  return name;
}

std::string ProcessCommand() {
  char name[16] = {};  // what PR_GET_NAME writes at most
  return ::prctl(PR_GET_NAME, name) == 0 ? name : "";
}

void SyncParent(const std::string& directory) noexcept {
  // Best effort: a parent that may not be read was made by somebody else, and long ago.
  const int parent = ::open((directory + "/..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return;
  (void)::fsync(parent);
  ::close(parent);
}

Status EnsureDirectory(const std::string& path, std::uint32_t mode, Code code, std::uint32_t gid) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool last = end == std::string::npos;
    if (::mkdir(part.c_str(), mode) == 0) {
      const bool give = last && gid != kNoGroup;
      if (give && ::chown(part.c_str(), static_cast<uid_t>(-1), gid) != 0) {
        const int error = errno;
        (void)::rmdir(part.c_str());
        return FailErrno(error, "give to group " + std::to_string(gid) + " the directory", part,
                         code);
      }
      // umask does not decide who may share a region. What a member makes in it is the group's.
      if (last && ::chmod(part.c_str(), mode | (give ? S_ISGID : 0U)) != 0) {
        return FailErrno(errno, "set the mode of", part, code);
      }
      SyncParent(part);
    } else if (const int error = errno; error != EEXIST) {
      struct stat found {};
      if (::stat(part.c_str(), &found) != 0) {
        return FailErrno(error, "make the directory", part, code);
      }
    }
    if (last) break;
  }
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return FailErrno(errno, "use the directory", path, code);
  if (!S_ISDIR(found.st_mode)) return Fail(code, "not a directory: %s", path.c_str());
  const bool sticky = (found.st_mode & S_ISVTX) != 0;
  if ((found.st_mode & S_IWOTH) != 0 && !sticky) {
    return Fail(code, "a directory that everybody may write to must be sticky: %s has mode %04o",
                path.c_str(), found.st_mode & 07777U);
  }
  const bool shared = (mode & 0020U) != 0 || sticky;
  if (found.st_uid != ::geteuid() && found.st_uid != 0 && !shared) {
    return Fail(code,
                "the directory must belong to user %u or root, unless a group is given: %s "
                "belongs to user %u",
                ::geteuid(), path.c_str(), found.st_uid);
  }
  return Status::Ok();
}

int TryLockBytes(int fd, LockKind kind, std::int64_t start, std::int64_t length) noexcept {
  struct flock lock {};
  lock.l_type = static_cast<short>(kind == LockKind::kShared      ? F_RDLCK
                                   : kind == LockKind::kExclusive ? F_WRLCK
                                                                  : F_UNLCK);
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  while (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno == EINTR) continue;
    return errno == EACCES ? EAGAIN : errno;
  }
  return 0;
}

bool IsLockedByOther(int fd, std::int64_t start, std::int64_t length,
                     std::int64_t* found_start) noexcept {
  if (length <= 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  if (::fcntl(fd, F_OFD_GETLK, &lock) != 0) return false;
  if (lock.l_type == F_UNLCK) return false;
  if (found_start != nullptr) *found_start = lock.l_start;
  return true;
}

int ReopenFd(int fd, int flags) noexcept {
  // "/proc/self/fd/N" by hand: snprintf is not async-signal-safe.
  char path[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  for (int rest = fd; count == 0 || rest > 0; rest /= 10)
    digits[count++] = static_cast<char>('0' + rest % 10);
  std::size_t at = std::strlen(path);
  while (count > 0) path[at++] = digits[--count];
  path[at] = '\0';
  return ::open(path, flags | O_CLOEXEC);
}

std::uint32_t ClockSynchronised() noexcept {
  timex query{};
  const int state = ::adjtimex(&query);
  if (state < 0) return 2;
  return state == TIME_ERROR || (query.status & STA_UNSYNC) != 0 ? 0 : 1;
}

}  // namespace shmflake
