// SPDX-License-Identifier: Apache-2.0
#include "core/region.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/interprocess/exceptions.hpp>
#include <cerrno>

#include "core/fault_guard.h"
#include "core/lease.h"

namespace shmflake {
namespace {

// What Boost.Interprocess maps: a descriptor that was opened and checked by us.
class OpenedFile {
 public:
  explicit OpenedFile(int fd) : fd_(fd) {}
  [[nodiscard]] boost::interprocess::mapping_handle_t get_mapping_handle() const noexcept {
    boost::interprocess::mapping_handle_t handle{};
    handle.handle = fd_;
    handle.is_xsi = false;
    return handle;
  }

 private:
  int fd_;
};

// In place of a file that shrank: a retired region, so that every draw stops. Instance 0 tells
// CheckLoss.
void FillTombstone(void* memory) {
  static_cast<RegionImage*>(memory)->state.InitRelaxed(kRetiredBit);
  static_cast<RegionImage*>(memory)->uuid_state.InitRelaxed(kRetiredBit);
}

bool IsFile(int fd, std::uint64_t device, std::uint64_t inode) noexcept {
  struct stat found {};
  return fd >= 0 && ::fstat(fd, &found) == 0 && found.st_dev == device && found.st_ino == inode;
}

}  // namespace

const char* RegionLossName(RegionLoss loss) noexcept {
  switch (loss) {
    case RegionLoss::kNone:
      return "present";
    case RegionLoss::kRemoved:
      return "removed or replaced";
    case RegionLoss::kTruncated:
      return "truncated";
    case RegionLoss::kOverwritten:
      return "overwritten";
    case RegionLoss::kDetached:
      return "detached";
  }
  return "lost";
}

Status Region::Map(RegionFile file, UniqueFd lock_fd, const LockScope& scope,
                   const Settings& settings) {
  path_ = RegionPath(settings);
  header_ = file.header;
  format_ = FormatOf(header_);
  scope_ = scope;
  try {
    boost::interprocess::mapped_region mapping(OpenedFile(file.fd.get()),
                                               boost::interprocess::read_write, 0, kRegionSize);
    mapping_.swap(mapping);
  } catch (const boost::interprocess::interprocess_exception& failure) {
    return FailErrno(failure.get_native_error(), "map the region", path_);
  }
  image_ = static_cast<RegionImage*>(mapping_.get_address());
  if (settings.sigbus_guard.value) {
    SHMFLAKE_RETURN_IF_ERROR(GuardMapping(image_, kRegionSize, FillTombstone));
    guarded_ = true;
  }
  struct stat found {};
  if (::fstat(file.fd.get(), &found) != 0) return FailErrno(errno, "stat the region", path_);
  device_ = found.st_dev;
  inode_ = found.st_ino;
  if (lock_fd && ::fstat(lock_fd.get(), &found) != 0)
    return FailErrno(errno, "stat the lock of", path_);
  lock_device_ = found.st_dev;
  lock_inode_ = lock_fd ? found.st_ino : 0;
  fd_.store(file.fd.Take(), std::memory_order_relaxed);
  lock_fd_.store(lock_fd.Take(), std::memory_order_relaxed);
  return Status::Ok();
}

Region::~Region() {
  if (guarded_) UnguardMapping(image_);
  CloseFiles();
}

bool Region::OwnsFd() const noexcept { return IsFile(fd(), device_, inode_); }
bool Region::OwnsLockFd() const noexcept { return IsFile(lock_fd(), lock_device_, lock_inode_); }

void Region::CloseFiles() noexcept {
  const bool owns_fd = OwnsFd();
  const bool owns_lock = OwnsLockFd();
  const int old_fd = fd_.exchange(-1, std::memory_order_relaxed);
  const int old_lock_fd = lock_fd_.exchange(-1, std::memory_order_relaxed);
  if (owns_fd) ::close(old_fd);
  if (owns_lock) ::close(old_lock_fd);  // drops the shared locks, unless a child has a copy
}

void Region::Unlock() noexcept {
  if (OwnsLockFd()) UnlockAttached(lock_fd(), scope_);
}

RegionLoss Region::CheckLoss() const noexcept {
  struct stat found {};
  if (::fstat(fd(), &found) != 0 || found.st_dev != device_ || found.st_ino != inode_) {
    return RegionLoss::kDetached;
  }
  if (lock_inode_ != 0 && !OwnsLockFd()) return RegionLoss::kDetached;  // nor are its locks held
  if (found.st_nlink == 0) return RegionLoss::kRemoved;
  if (static_cast<std::uint64_t>(found.st_size) < kRegionSize) {
    if (guarded_) ReplaceGuardedMapping(image_);
    return RegionLoss::kTruncated;
  }
  const auto* header = static_cast<const volatile Header*>(&image_->header);
  if (header->magic != header_.magic || header->instance_id != header_.instance_id ||
      header->crc32c != header_.crc32c) {
    // A tombstone stands here after the file shrank and grew again.
    const RegionLoss loss = header->magic == 0 ? RegionLoss::kTruncated : RegionLoss::kOverwritten;
    // The file may be somebody's: not even counters are written to it from here on.
    if (guarded_) ReplaceGuardedMapping(image_);
    return loss;
  }
  // With a ceiling that no lease can have nothing would be extended any more, and nobody would
  // remember what is issued.
  if (!IsCeiling(format_, image_->ceiling.LoadRelaxed())) return RegionLoss::kOverwritten;
  return RegionLoss::kNone;
}

bool Region::AdoptInChild() noexcept {
  // dup3 puts the new description under the old number in one step: other threads of the child may
  // be using it. The parent keeps its description, and the locks of it.
  if (!OwnsFd()) return false;
  const int own_fd = ReopenFd(fd(), O_RDWR);
  if (own_fd >= 0) {
    (void)::dup3(own_fd, fd(), O_CLOEXEC);
    ::close(own_fd);
  }
  if (const int own = OwnsLockFd() ? ReopenFd(lock_fd(), O_RDWR) : -1; own >= 0) {
    // Locked anew before the inherited copy goes: at no moment does this process look detached.
    if (LockAttached(own, scope_) == 0) (void)::dup3(own, lock_fd(), O_CLOEXEC);
    ::close(own);
  }
  return own_fd >= 0;
}

}  // namespace shmflake
