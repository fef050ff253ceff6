// SPDX-License-Identifier: Apache-2.0
// One attachment to one region: the mapping, the descriptors whose locks say "in use", and a
// private copy of the header. It is never unmapped while a draw may still be in it: the owner keeps
// it until close.
#ifndef SHMFLAKE_CORE_REGION_H_
#define SHMFLAKE_CORE_REGION_H_

#include <atomic>
#include <boost/interprocess/mapped_region.hpp>
#include <string>

#include "core/header.h"
#include "core/lock_file.h"
#include "core/region_file.h"

namespace shmflake {

// kDetached: the program closed our descriptor, or uses its number for a file of its own. Then
// nothing is known of the region but its name.
enum class RegionLoss : std::uint32_t { kNone = 0, kRemoved, kTruncated, kOverwritten, kDetached };
[[nodiscard]] const char* RegionLossName(RegionLoss loss) noexcept;

class Region {
 public:
  Region() = default;
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  // Takes the descriptors over. The caller has locked the scope on lock_fd.
  Status Map(RegionFile file, UniqueFd lock_fd, const LockScope& scope, const Settings& settings);

  [[nodiscard]] RegionImage& image() const noexcept { return *image_; }
  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] const IdFormat& format() const noexcept { return format_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const LockScope& scope() const noexcept { return scope_; }
  [[nodiscard]] int fd() const noexcept { return fd_.load(std::memory_order_relaxed); }
  [[nodiscard]] int lock_fd() const noexcept { return lock_fd_.load(std::memory_order_relaxed); }

  // Gives up the locks that say "in use".
  void Unlock() noexcept;
  // Gives the descriptors back to the program. The mapping stays.
  void CloseFiles() noexcept;
  // Whether the descriptor is still what was opened: a program may close or reuse its number.
  [[nodiscard]] bool OwnsFd() const noexcept;

  // Whether the file was removed, shortened or overwritten under the mapping. Async-signal-safe.
  [[nodiscard]] RegionLoss CheckLoss() const noexcept;

  // In a forked child: open file descriptions of its own, so that its locks are its own. False when
  // the region's cannot be reopened (a child that dropped its privileges): it stays inherited, the
  // parent looks alive longer, and no lock on it tells the two apart. Async-signal-safe.
  [[nodiscard]] bool AdoptInChild() noexcept;

 private:
  [[nodiscard]] bool OwnsLockFd() const noexcept;

  boost::interprocess::mapped_region mapping_;
  RegionImage* image_ = nullptr;
  Header header_{};
  IdFormat format_;
  std::string path_;
  LockScope scope_;
  bool guarded_ = false;
  // What the descriptors were opened on: a number alone can change hands.
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::uint64_t lock_device_ = 0;
  std::uint64_t lock_inode_ = 0;
  // Relaxed atomics: replaced once, in a child, before anything else of it uses them.
  std::atomic<int> fd_{-1};
  std::atomic<int> lock_fd_{-1};
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_REGION_H_
