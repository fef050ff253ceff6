// SPDX-License-Identifier: Apache-2.0
// Who holds an open-file-description lock. The kernel does not say (F_OFD_GETLK gives no PID), but
// /proc/PID/fdinfo lists the locks of each open file description.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/platform.h"

namespace shmflake {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

constexpr std::int64_t kLongestSearchNs = 100'000'000;

std::string CommandOf(const char* pid) {
  const UniqueFile file(std::fopen((std::string("/proc/") + pid + "/comm").c_str(), "re"));
  char text[32] = {};
  if (!file || std::fgets(text, sizeof(text), file.get()) == nullptr) return "?";
  text[std::strcspn(text, "\n")] = '\0';
  return text;
}

// A line "lock: 1: OFDLCK ADVISORY READ -1 00:1a:123 100 103" whose range meets [start, end).
bool HoldsLockWithin(const std::string& fdinfo, std::int64_t start, std::int64_t end) {
  const UniqueFile file(std::fopen(fdinfo.c_str(), "re"));
  char line[256];
  while (file && std::fgets(line, sizeof(line), file.get()) != nullptr) {
    long long first = 0;
    char last[32] = {};
    if (std::strstr(line, "OFDLCK") != nullptr &&
        std::sscanf(line, "lock: %*s %*s %*s %*s %*s %*s %lld %31s", &first, last) == 2) {
      const long long final = std::strcmp(last, "EOF") == 0 ? INT64_MAX : std::atoll(last);
      if (first < end && final >= start) return true;
    }
  }
  return false;
}

}  // namespace

std::string DescribeLockHolders(int fd, std::int64_t start, std::int64_t length) {
  struct statx wanted {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_INO, &wanted) != 0) return {};
  std::string found;
  int count = 0;
  const std::int64_t started_ns = MonotonicNs();
  const Directory processes(::opendir("/proc"));
  while (const dirent* process = processes ? ::readdir(processes.get()) : nullptr) {
    if (MonotonicNs() - started_ns > kLongestSearchNs) break;  // a caller's deadline has passed
    if (process->d_name[0] < '0' || process->d_name[0] > '9') continue;
    const std::string base = std::string("/proc/") + process->d_name;
    const Directory files(::opendir((base + "/fd").c_str()));
    while (const dirent* file = files ? ::readdir(files.get()) : nullptr) {
      struct statx open_file {};
      // From what the kernel remembers: a file on a server that is gone must not hold us up.
      if (::statx(AT_FDCWD, (base + "/fd/" + file->d_name).c_str(), AT_STATX_DONT_SYNC, STATX_INO,
                  &open_file) != 0 ||
          open_file.stx_dev_major != wanted.stx_dev_major ||
          open_file.stx_dev_minor != wanted.stx_dev_minor || open_file.stx_ino != wanted.stx_ino ||
          !HoldsLockWithin(base + "/fdinfo/" + file->d_name, start, start + length)) {
        continue;
      }
      if (++count <= 8) {
        found += (found.empty() ? "pid " : ", pid ") + std::string(process->d_name) + " (" +
                 CommandOf(process->d_name) + ")";
      }
      break;
    }
  }
  if (count > 8) found += " and " + std::to_string(count - 8) + " more";
  return found;
}

}  // namespace shmflake
