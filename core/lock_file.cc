// SPDX-License-Identifier: Apache-2.0
#include "core/lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/bits.h"

namespace shmflake {
namespace {

// Pinned: processes of different library versions lock the same bytes.
constexpr std::int64_t kWorkerArea = std::int64_t{1} << 32;
constexpr std::int64_t kPlaceArea = std::int64_t{1} << 60;
constexpr std::int64_t kRange = std::int64_t{1} << 32;
constexpr std::int64_t kInstanceMask = kRange - 1;
constexpr char kTitle[] = "shmflake lock 1\n";
constexpr std::size_t kTitleSize = sizeof(kTitle) - 1;
constexpr std::size_t kIdLine = 33;       // 32 hex digits and a newline
constexpr std::size_t kRetiredLine = 17;  // 16 hex digits and a newline
constexpr std::size_t kHeadSize = kTitleSize + 2 * kIdLine;
constexpr std::size_t kCompactAt = 32;
const char kNoStore[] = "--------------------------------\n";

std::int64_t WorkerBase(std::uint32_t worker_id) noexcept {
  return kWorkerArea + (std::int64_t{worker_id} << 32);
}
std::int64_t PlaceBase(std::uint32_t place) noexcept {
  return kPlaceArea + (std::int64_t{place} << 32);
}
std::int64_t ByteOf(std::uint64_t instance_id) noexcept {
  return static_cast<std::int64_t>(instance_id) & kInstanceMask;
}

Status WriteAll(int fd, const void* data, std::size_t size, std::int64_t at,
                const std::string& path) {
  const ssize_t written = ::pwrite(fd, data, size, at);
  if (written == static_cast<ssize_t>(size)) return Status::Ok();
  return FailErrno(written < 0 ? errno : ENOSPC, "write", path, Code::STATE_DIRECTORY);
}

bool IsHex(const char* text, std::size_t size) {
  return std::all_of(text, text + size,
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Status LockFile::Open(const std::string& state_directory, const std::string& id_namespace,
                      std::uint32_t mode, std::uint32_t gid, bool create,
                      std::int64_t deadline_ns) {
  path_ = state_directory + "/" + id_namespace + ".lock";
  if (create) {
    SHMFLAKE_RETURN_IF_ERROR(EnsureDirectory(
        state_directory, 0700U | (mode & 0060U) | ((mode & 0060U) != 0 ? 0010U : 0U),
        Code::STATE_DIRECTORY, gid));
  }
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  fd_.Reset(::open(path_.c_str(), flags));
  if (!fd_ && errno == ENOENT && create) {
    fd_.Reset(::open(path_.c_str(), flags | O_CREAT, mode));
    if (fd_ && (::fchmod(fd_.get(), mode) != 0 ||
                (gid != kNoGroup && ::fchown(fd_.get(), static_cast<uid_t>(-1), gid) != 0))) {
      // Somebody else made it first, and owns it: its mode is then theirs to set.
      if (errno != EPERM) return FailErrno(errno, "set the mode of", path_, Code::STATE_DIRECTORY);
    }
  }
  if (!fd_ && errno == ENOENT) {
    return Fail(Code::STATE_CHANGED,
                "the state directory that the region was made with has %s, which is missing; set "
                "SHMFLAKE_STATE_DIR to that directory, or retire the region",
                path_.c_str());
  }
  if (!fd_) return FailErrno(errno, "open", path_, Code::STATE_DIRECTORY);
  struct stat found {};
  if (::fstat(fd_.get(), &found) != 0)
    return FailErrno(errno, "stat", path_, Code::STATE_DIRECTORY);
  if (!S_ISREG(found.st_mode)) {
    return Fail(Code::STATE_DIRECTORY, "the lock file must be a regular file: %s", path_.c_str());
  }
  return Read(deadline_ns);
}

Status LockFile::Read(std::int64_t deadline_ns) {
  // A head that is being written, in one write, can be read half: what is wrong stays wrong.
  constexpr int kLooks = 20;
  Status status;
  for (int look = 0; look < kLooks; ++look) {
    status = ReadOnce(deadline_ns);
    if (status.code() != Code::STATE_DIRECTORY) break;
    SleepNs(kNsPerMs);
  }
  return status;
}

Status LockFile::ReadOnce(std::int64_t deadline_ns) {
  char head[kHeadSize] = {};
  ssize_t got = ::pread(fd_.get(), head, sizeof(head), 0);
  if (got < 0) return FailErrno(errno, "read", path_, Code::STATE_DIRECTORY);
  if (got == 0) {
    SHMFLAKE_RETURN_IF_ERROR(Initialise(deadline_ns));
    got = ::pread(fd_.get(), head, sizeof(head), 0);
  }
  const char* lock_id = head + kTitleSize;
  const char* store_id = lock_id + kIdLine;
  if (got != static_cast<ssize_t>(kHeadSize) || std::memcmp(head, kTitle, kTitleSize) != 0 ||
      !IsHex(lock_id, kIdLine - 1) ||
      (std::memcmp(store_id, kNoStore, kIdLine) != 0 && !IsHex(store_id, kIdLine - 1))) {
    return Fail(Code::STATE_DIRECTORY, "not a shmflake lock file (it is left alone): %s",
                path_.c_str());
  }
  for (int i = 0; i < 16; ++i) {
    unsigned value = 0;
    std::sscanf(&lock_id[2 * static_cast<std::size_t>(i)], "%2x", &value);
    lock_id_[i] = static_cast<unsigned char>(value);
  }
  store_id_ = store_id[0] == '-' ? "" : std::string(store_id, kIdLine - 1);
  retired_.clear();
  char line[kRetiredLine];
  std::int64_t at = kHeadSize;
  while (::pread(fd_.get(), line, sizeof(line), at) == static_cast<ssize_t>(sizeof(line))) {
    at += static_cast<std::int64_t>(sizeof(line));
    std::uint64_t instance_id = 0;
    if (IsHex(line, 16) && std::sscanf(line, "%16" SCNx64, &instance_id) == 1) {
      retired_.push_back(instance_id);
    }
  }
  return Status::Ok();
}

// Under byte 0, so that one process writes it; in one write, synced before anybody relies on it.
Status LockFile::Initialise(std::int64_t deadline_ns) {
  SHMFLAKE_RETURN_IF_ERROR(
      LockCreation(deadline_ns == kSoon ? MonotonicNs() + 1'000'000'000 : deadline_ns));
  struct stat found {};
  Status status;
  if (::fstat(fd_.get(), &found) == 0 && found.st_size == 0) {
    const std::string text = kTitle + RandomHex(16) + "\n" + kNoStore;
    status = WriteAll(fd_.get(), text.data(), text.size(), 0, path_);
    if (!status.ok()) {
      if (::ftruncate(fd_.get(), 0) != 0) status = FailErrno(errno, "truncate", path_);
    } else if (::fsync(fd_.get()) != 0) {
      status = FailErrno(errno, "sync", path_, Code::STATE_DIRECTORY);
    }
  }
  UnlockCreation();
  return status;
}

Status LockFile::RecordStoreId(const std::string& store_id) {
  const std::string line = store_id + "\n";
  if (line.size() != kIdLine) {
    return Fail(Code::STORE_CORRUPT, "a store's identity has 32 digits: %s", store_id.c_str());
  }
  SHMFLAKE_RETURN_IF_ERROR(
      WriteAll(fd_.get(), line.data(), line.size(), kTitleSize + kIdLine, path_));
  if (::fsync(fd_.get()) != 0) return FailErrno(errno, "sync", path_, Code::STATE_DIRECTORY);
  store_id_ = store_id;
  return Status::Ok();
}

Status LockFile::LockCreation(std::int64_t deadline_ns) {
  for (std::int64_t pause = 50'000;; pause = std::min<std::int64_t>(pause * 2, 2'000'000)) {
    const int error = TryLockBytes(fd_.get(), LockKind::kExclusive, 0, 1);
    if (error == 0) break;
    if (error != EAGAIN) return FailErrno(error, "lock", path_, Code::STATE_DIRECTORY);
    if (MonotonicNs() >= deadline_ns) {
      const std::string holders = DescribeLockHolders(fd_.get(), 0, 1);
      return Fail(Code::TIMEOUT, "%s is held by %s while it creates or retires a region",
                  path_.c_str(), holders.empty() ? "another process" : holders.c_str());
    }
    SleepNs(pause);
  }
  return Status::Ok();
}

void LockFile::UnlockCreation() { (void)TryLockBytes(fd_.get(), LockKind::kNone, 0, 1); }

bool LockFile::FindHolder(std::int64_t base, std::int64_t* start) const {
  std::vector<std::int64_t> skip;
  for (const std::uint64_t instance_id : retired_) skip.push_back(base + ByteOf(instance_id));
  std::sort(skip.begin(), skip.end());
  std::int64_t from = base;
  for (const std::int64_t byte : skip) {
    if (byte > from && IsLockedByOther(fd_.get(), from, byte - from, start)) return true;
    from = std::max(from, byte + 1);
  }
  return IsLockedByOther(fd_.get(), from, base + kRange - from, start);
}

Status LockFile::CheckPlaceFree(std::uint32_t place, const std::string& region_path) {
  SHMFLAKE_RETURN_IF_ERROR(Read());  // what others recorded meanwhile
  std::int64_t byte = 0;
  if (FindHolder(PlaceBase(place), &byte)) {
    const std::string holders = DescribeLockHolders(fd_.get(), byte, 1);
    return Fail(Code::SPLIT_BRAIN,
                "%s is gone, but a region that bore this name is still in use by %s; end those, or "
                "let them draw once so that they notice",
                region_path.c_str(), holders.empty() ? "other processes" : holders.c_str());
  }
  return Status::Ok();
}

Status LockFile::CheckWorkerFree(std::uint32_t worker_id) {
  SHMFLAKE_RETURN_IF_ERROR(Read());
  std::int64_t byte = 0;
  if (FindHolder(WorkerBase(worker_id), &byte)) {
    const std::string holders = DescribeLockHolders(fd_.get(), byte, 1);
    return Fail(Code::WORKER_HELD,
                "worker_id %u is held by another region of this namespace, in use by %s; choose "
                "another worker_id or id_namespace",
                worker_id, holders.empty() ? "other processes" : holders.c_str());
  }
  return Status::Ok();
}

bool LockFile::IsInstanceInUse(const LockScope& scope) const {
  return IsLockedByOther(fd_.get(), PlaceBase(scope.place) + ByteOf(scope.instance_id), 1, nullptr);
}

bool LockFile::IsRecordedRetired(std::uint64_t instance_id) const {
  return std::find(retired_.begin(), retired_.end(), instance_id) != retired_.end();
}

Status LockFile::RecordRetired(std::uint64_t instance_id) {
  SHMFLAKE_RETURN_IF_ERROR(Read());
  if (IsRecordedRetired(instance_id)) return Status::Ok();
  if (retired_.size() >= kCompactAt) Compact();
  char line[kRetiredLine + 1];
  std::snprintf(line, sizeof(line), "%016" PRIx64 "\n", instance_id);
  retired_.push_back(instance_id);
  return WriteAll(fd_.get(), line, kRetiredLine,
                  static_cast<std::int64_t>(kHeadSize + (retired_.size() - 1) * kRetiredLine),
                  path_);
}

// Keeps the retired instances of which somebody still holds a byte: an attached process has its
// instance's byte in the place area. F_OFD_GETLK tells any of the locks in a range, not the lowest,
// so the range is searched on both sides of it. A crash in between leaves some twice, which is
// harmless.
void LockFile::Compact() {
  std::vector<std::int64_t> held;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges = {{kPlaceArea, 2 * kPlaceArea}};
  while (!ranges.empty()) {
    const auto [from, end] = ranges.back();
    ranges.pop_back();
    std::int64_t found = 0;
    if (from >= end || !IsLockedByOther(fd_.get(), from, end - from, &found)) continue;
    held.push_back(found & kInstanceMask);
    ranges.emplace_back(from, found);
    ranges.emplace_back(found + 1, end);
  }
  std::vector<std::uint64_t> kept;
  for (const std::uint64_t instance_id : retired_) {
    if (std::find(held.begin(), held.end(), ByteOf(instance_id)) != held.end()) {
      kept.push_back(instance_id);
    }
  }
  std::string text;
  for (const std::uint64_t instance_id : kept) {
    char line[kRetiredLine + 1];
    std::snprintf(line, sizeof(line), "%016" PRIx64 "\n", instance_id);
    text += line;
  }
  if (!WriteAll(fd_.get(), text.data(), text.size(), kHeadSize, path_).ok() ||
      ::ftruncate(fd_.get(), static_cast<off_t>(kHeadSize + text.size())) != 0) {
    return;
  }
  retired_ = std::move(kept);
}

int LockAttached(int fd, const LockScope& scope) noexcept {
  const std::int64_t byte = ByteOf(scope.instance_id);
  const int error = TryLockBytes(fd, LockKind::kShared, WorkerBase(scope.worker_id) + byte, 1);
  if (error != 0) return error;
  return TryLockBytes(fd, LockKind::kShared, PlaceBase(scope.place) + byte, 1);
}

void UnlockAttached(int fd, const LockScope& scope) noexcept {
  const std::int64_t byte = ByteOf(scope.instance_id);
  (void)TryLockBytes(fd, LockKind::kNone, WorkerBase(scope.worker_id) + byte, 1);
  (void)TryLockBytes(fd, LockKind::kNone, PlaceBase(scope.place) + byte, 1);
}

std::uint32_t PlaceOf(std::uint64_t device, std::uint64_t inode, const std::string& name) noexcept {
  std::uint64_t hash = Mix64(device) ^ Mix64(inode + 1);
  for (const char c : name) hash = Mix64(hash ^ static_cast<unsigned char>(c));
  return static_cast<std::uint32_t>(hash & LowMask(28));
}

}  // namespace shmflake
