// SPDX-License-Identifier: Apache-2.0
// NAMESPACE.lock in the state directory: what keeps two living regions from one (namespace, worker
// ID) and from one name. Never unlinked, never rewritten as a whole; out of reach of what cleans
// tmpfs.
//
// Byte-range locks, all of the open file description (the kernel drops them at death):
//   0                   held while a region is created or replaced
//   base + worker << 32, the worker area, and
//   base + place << 32, the place area: the byte at the low 32 bits of the instance ID is held
//                       shared by every process attached to that instance; `place` is a hash of
//                       the region directory's device and inode and of the name
// Invariants:
//   (1) Who creates a region has found, while it holds byte 0, nobody in its worker's range and in
//       its place's range, retired instances left out.
//   (2) Who attaches locks its two bytes, and only then looks whether the file still bears the
//       name: so either the creator sees the lock, or the attacher sees that the file is gone.
//
// Content: "shmflake lock 1\n", the lock ID, the store's identity, then retired instances; lines of
// hex.
#ifndef SHMFLAKE_CORE_LOCK_FILE_H_
#define SHMFLAKE_CORE_LOCK_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/platform.h"
#include "core/status.h"

namespace shmflake {

// A region's identity, as far as locks go.
struct LockScope {
  std::uint32_t worker_id = 0;
  std::uint32_t place = 0;  // 28 bits
  std::uint64_t instance_id = 0;
};

// Thread safety: one thread at a time, except that the descriptor may be used by anybody.
class LockFile {
 public:
  static constexpr std::int64_t kSoon = -1;  // within a second

  // Opens, or makes, the namespace's lock file. With create false a missing one is STATE_CHANGED.
  Status Open(const std::string& state_directory, const std::string& id_namespace,
              std::uint32_t mode, std::uint32_t gid, bool create, std::int64_t deadline_ns = kSoon);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] int TakeFd() { return fd_.Take(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const unsigned char* lock_id() const { return lock_id_; }
  [[nodiscard]] const std::string& store_id() const { return store_id_; }  // "" if none yet

  Status RecordStoreId(const std::string& store_id);

  // Byte 0, waiting until the deadline on the monotonic clock: TIMEOUT.
  Status LockCreation(std::int64_t deadline_ns);
  void UnlockCreation();

  // SPLIT_BRAIN or WORKER_HELD, naming the processes, when an attached process would clash
  // (invariant 1).
  Status CheckNobodyAttached(const LockScope& scope, const std::string& region_path) {
    SHMFLAKE_RETURN_IF_ERROR(CheckPlaceFree(scope.place, region_path));
    return CheckWorkerFree(scope.worker_id);
  }
  // One of the two: a worker ID that is leased is known later.
  Status CheckPlaceFree(std::uint32_t place, const std::string& region_path);
  Status CheckWorkerFree(std::uint32_t worker_id);

  // Whether anybody else is attached to this very instance.
  [[nodiscard]] bool IsInstanceInUse(const LockScope& scope) const;

  // Whether the instance was recorded as retired. A file that bears it and looks alive was written
  // back from somewhere: it may not issue.
  [[nodiscard]] bool IsRecordedRetired(std::uint64_t instance_id) const;

  // Notes that the instance issues no more: its holders hinder nobody. Needs byte 0, or best
  // effort.
  Status RecordRetired(std::uint64_t instance_id);

 private:
  Status Read(std::int64_t deadline_ns = kSoon);
  Status ReadOnce(std::int64_t deadline_ns);
  Status Initialise(std::int64_t deadline_ns);
  void Compact();
  // The first lock in the range that is not of a retired instance.
  [[nodiscard]] bool FindHolder(std::int64_t base, std::int64_t* start) const;

  UniqueFd fd_;
  std::string path_;
  unsigned char lock_id_[16] = {};
  std::string store_id_;
  std::vector<std::uint64_t> retired_;
};

// The shared locks of an attached process (invariant 2). Async-signal-safe. 0 or an errno.
[[nodiscard]] int LockAttached(int fd, const LockScope& scope) noexcept;
void UnlockAttached(int fd, const LockScope& scope) noexcept;

[[nodiscard]] std::uint32_t PlaceOf(std::uint64_t device, std::uint64_t inode,
                                    const std::string& name) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_LOCK_FILE_H_
