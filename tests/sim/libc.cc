// SPDX-License-Identifier: Apache-2.0
// The C library's functions that the core calls, as a virtual process sees them: clocks, sleep,
// chance and names are its host's; what it opens and maps is noted, so that it can be taken away
// when it is killed; and each step of the file system is a point where another may go on. For the
// simulation itself they are the system's.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "core/failpoint.h"
#include "tests/sim/kernel.h"
#include "tests/sim/virtual_host.h"
#include "tests/sim/world.h"

namespace shmflake::sim {
namespace {

constexpr std::uint64_t kFirstPid = 1000;

// Null for the simulation itself.
Process* Caller() {
  const World* world = World::Get();
  return world == nullptr ? nullptr : world->current();
}

void RarePoint() {
  if (World* world = World::Get(); world != nullptr) world->Point(World::Step::kRare);
}

int Own(long fd) {
  Process* process = Caller();
  if (process != nullptr && fd >= 0) {
    const HeapScope own;
    process->files.push_back(static_cast<int>(fd));
  }
  return static_cast<int>(fd);
}

std::uint64_t InodeOf(int fd) {
  struct stat found {};
  return fd >= 0 && ::fstat(fd, &found) == 0 ? found.st_ino : 0;
}

timespec Spec(std::int64_t ns) {
  return {static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
}

void HookPoint(Point point) {
  World* world = World::Get();
  if (world == nullptr) return;
  const bool draws = point >= Point::kDrawBeforeFetchAdd && point <= Point::kBlockCursorRaised;
  world->Point(draws ? World::Step::kDraw : World::Step::kRare);
}

}  // namespace

void InstallPointHook() { g_point_hook = HookPoint; }

}  // namespace shmflake::sim

using shmflake::sim::Caller;
using shmflake::sim::HeapScope;
using shmflake::sim::Mapping;
using shmflake::sim::Own;
using shmflake::sim::Process;
using shmflake::sim::RarePoint;
using shmflake::sim::World;

#define SHMFLAKE_SIM_LIBC extern "C" __attribute__((visibility("default")))

SHMFLAKE_SIM_LIBC int clock_gettime(clockid_t id, timespec* out) noexcept {
  Process* process = Caller();
  if (process == nullptr) return static_cast<int>(::syscall(SYS_clock_gettime, id, out));
  World::Get()->Point(World::Step::kDraw);
  if (id == CLOCK_REALTIME) {
    const std::int64_t ns = process->host->RealtimeNs();
    process->highest_reading_ns = std::max(process->highest_reading_ns, ns);
    *out = shmflake::sim::Spec(ns);
  } else {
    *out = shmflake::sim::Spec(process->host->UptimeNs());
  }
  return 0;
}

SHMFLAKE_SIM_LIBC int clock_nanosleep(clockid_t id, int flags, const timespec* wanted,
                                      timespec* left) {
  if (Caller() == nullptr) {
    return ::syscall(SYS_clock_nanosleep, id, flags, wanted, left) == 0 ? 0 : errno;
  }
  World::Get()->Sleep(wanted->tv_sec * shmflake::sim::kSecond + wanted->tv_nsec);
  return 0;
}

SHMFLAKE_SIM_LIBC int nanosleep(const timespec* wanted, timespec* left) {
  const int error = clock_nanosleep(CLOCK_REALTIME, 0, wanted, left);
  if (error != 0) errno = error;
  return error == 0 ? 0 : -1;
}

SHMFLAKE_SIM_LIBC ssize_t getrandom(void* out, size_t size, unsigned flags) {
  if (Caller() == nullptr) return ::syscall(SYS_getrandom, out, size, flags);
  auto* bytes = static_cast<unsigned char*>(out);
  for (size_t at = 0; at < size; at += 8) {
    const std::uint64_t value = World::Get()->random().Next();
    std::memcpy(bytes + at, &value, std::min<size_t>(8, size - at));
  }
  return static_cast<ssize_t>(size);
}

SHMFLAKE_SIM_LIBC pid_t getpid() noexcept {
  const Process* process = Caller();
  if (process == nullptr) return static_cast<pid_t>(::syscall(SYS_getpid));
  return static_cast<pid_t>(shmflake::sim::kFirstPid + process->id);
}

SHMFLAKE_SIM_LIBC int gethostname(char* name, size_t size) noexcept {
  const Process* process = Caller();
  std::snprintf(name, size, "%s",
                process == nullptr ? "simulation" : process->host->name().c_str());
  return 0;
}

// Who holds a lock would be looked for in all of the machine's processes: nobody is found.
SHMFLAKE_SIM_LIBC DIR* opendir(const char* path) {
  if (Caller() != nullptr) {
    errno = EACCES;
    return nullptr;
  }
  const int fd = ::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? nullptr : ::fdopendir(fd);
}

SHMFLAKE_SIM_LIBC int openat(int directory, const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list list;
    va_start(list, flags);
    mode = va_arg(list, mode_t);
    va_end(list);
  }
  RarePoint();
  return Own(::syscall(SYS_openat, directory, path, flags, mode));
}

SHMFLAKE_SIM_LIBC int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list list;
    va_start(list, flags);
    mode = va_arg(list, mode_t);
    va_end(list);
  }
  return openat(AT_FDCWD, path, flags, mode);
}

SHMFLAKE_SIM_LIBC int dup3(int from, int to, int flags) noexcept {
  const int fd = static_cast<int>(::syscall(SYS_dup3, from, to, flags));
  Process* process = Caller();
  if (process == nullptr || fd < 0) return fd;
  auto& files = process->files;
  return std::find(files.begin(), files.end(), fd) == files.end() ? Own(fd) : fd;
}

SHMFLAKE_SIM_LIBC int close(int fd) {
  Process* process = Caller();
  if (process != nullptr) std::erase(process->files, fd);
  return shmflake::sim::kernel::Close(fd);
}

SHMFLAKE_SIM_LIBC int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  if (command == F_OFD_SETLK) RarePoint();
  const long result = ::syscall(SYS_fcntl, fd, command, argument);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) return Own(result);
  return static_cast<int>(result);
}

SHMFLAKE_SIM_LIBC void* mmap(void* at, size_t size, int protection, int flags, int fd,
                             off_t offset) noexcept {
  const long address = ::syscall(SYS_mmap, at, size, protection, flags, fd, offset);
  if (address == -1) return MAP_FAILED;
  auto* mapped = reinterpret_cast<void*>(address);
  Process* process = Caller();
  if (process != nullptr) {
    const HeapScope own;
    process->mappings.push_back({mapped, size, shmflake::sim::InodeOf(fd)});
    World::Get()->CountMapping(process->mappings.back(), true);
  }
  return mapped;
}

SHMFLAKE_SIM_LIBC int munmap(void* address, size_t size) noexcept {
  Process* process = Caller();
  if (process != nullptr) {
    const HeapScope own;
    const auto gone = [&](const Mapping& each) { return each.address == address; };
    const auto found = std::find_if(process->mappings.begin(), process->mappings.end(), gone);
    if (found != process->mappings.end()) {
      World::Get()->CountMapping(*found, false);
      process->mappings.erase(found);
    }
  }
  return static_cast<int>(::syscall(SYS_munmap, address, size));
}

SHMFLAKE_SIM_LIBC int fsync(int fd) {
  RarePoint();
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

SHMFLAKE_SIM_LIBC int fdatasync(int fd) {
  RarePoint();
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

SHMFLAKE_SIM_LIBC ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  RarePoint();
  return ::syscall(SYS_pwrite64, fd, data, size, at);
}

SHMFLAKE_SIM_LIBC int unlink(const char* path) noexcept {
  RarePoint();
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

SHMFLAKE_SIM_LIBC int linkat(int from_directory, const char* from, int to_directory, const char* to,
                             int flags) noexcept {
  RarePoint();
  return static_cast<int>(::syscall(SYS_linkat, from_directory, from, to_directory, to, flags));
}

SHMFLAKE_SIM_LIBC int renameat2(int from_directory, const char* from, int to_directory,
                                const char* to, unsigned flags) noexcept {
  RarePoint();
  return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}
