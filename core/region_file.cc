// SPDX-License-Identifier: Apache-2.0
#include "core/region_file.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/failpoint.h"
#include "core/lease.h"
#include "core/uuid_format.h"

namespace shmflake {
namespace {

std::string NewPath(const Settings& settings) {
  return settings.directory.value + "/." + settings.name + ".new";
}

Status OpenFailure(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
      return Fail(Code::NOT_FOUND, "there is no region %s", path.c_str());
    case ELOOP:
      return Fail(Code::SYMLINK, "a region must not be a symbolic link: %s", path.c_str());
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return Fail(Code::NOT_REGULAR, "a region must be a regular file: %s", path.c_str());
    case ENOTDIR:
      return Fail(Code::DIRECTORY, "not a directory: the parent of %s", path.c_str());
    default:
      return FailErrno(error, "open the region", path);
  }
}

Status CheckFile(const Settings& settings, const struct stat& found, const std::string& path) {
  if (!S_ISREG(found.st_mode)) {
    return Fail(Code::NOT_REGULAR, "a region must be a regular file: %s", path.c_str());
  }
  if (found.st_nlink > 1) {
    return Fail(Code::HARD_LINK, "a region must have one name: %s has %lu links", path.c_str(),
                static_cast<unsigned long>(found.st_nlink));
  }
  const bool shared = settings.group.given && found.st_gid == settings.gid;
  if (found.st_uid != ::geteuid() && !shared) {
    return Fail(Code::OWNER,
                "a region must belong to the user %u, or to a group given by option: %s "
                "belongs to user %u, group %u",
                ::geteuid(), path.c_str(), found.st_uid, found.st_gid);
  }
  const unsigned mode = found.st_mode & 07777U;
  const unsigned allowed =
      settings.group.given || settings.mode.given ? settings.mode.value : 0660U;
  if ((mode & ~(allowed | 0600U)) != 0) {
    return Fail(Code::MODE, "a region's mode must not exceed %04o: %s has %04o", allowed,
                path.c_str(), mode);
  }
  return Status::Ok();
}

Status WriteAt(const UniqueFd& fd, const void* data, std::size_t size, std::size_t at,
               const std::string& path) {
  const ssize_t written = ::pwrite(fd.get(), data, size, static_cast<off_t>(at));
  if (written == static_cast<ssize_t>(size)) return Status::Ok();
  return FailErrno(written < 0 ? errno : ENOSPC, "write the region", path);
}

bool ReadWord(const UniqueFd& fd, std::size_t at, std::uint64_t* value) {
  return ::pread(fd.get(), value, sizeof(*value), static_cast<off_t>(at)) ==
         static_cast<ssize_t>(sizeof(*value));
}

}  // namespace

std::string RegionPath(const Settings& settings) {
  return settings.directory.value + "/" + settings.name + ".region";
}

Status CheckRegionDirectory(const Settings& settings, std::uint64_t* device, std::uint64_t* inode) {
  const std::string& path = settings.directory.value;
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT)
      return Fail(Code::NOT_FOUND, "there is no region directory %s", path.c_str());
    return FailErrno(errno, "use the region directory", path, Code::DIRECTORY);
  }
  SHMFLAKE_RETURN_IF_ERROR(
      EnsureDirectory(path, settings.group.given ? 0770 : 0700, Code::DIRECTORY));
  *device = found.st_dev;
  *inode = found.st_ino;
  return Status::Ok();
}

Status OpenRegionFile(const Settings& settings, RegionFile* out) {
  const std::string path = RegionPath(settings);
  // O_NONBLOCK: a FIFO must not hold us up.
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return OpenFailure(errno, path);
  SHMFLAKE_REACH(kAttachOpened);
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return FailErrno(errno, "stat the region", path);
  if (found.st_nlink == 0) return Fail(Code::NOT_FOUND, "there is no region %s", path.c_str());
  SHMFLAKE_RETURN_IF_ERROR(CheckFile(settings, found, path));
  // Read, not mapped: a file that shrinks meanwhile gives a short read here, never SIGBUS.
  Header header{};
  const ssize_t got = ::pread(fd.get(), &header, sizeof(header), 0);
  if (got < 0) return FailErrno(errno, "read the region", path);
  SHMFLAKE_RETURN_IF_ERROR(CheckHeader(header, static_cast<std::size_t>(got),
                                       static_cast<std::uint64_t>(found.st_size), path));
  if (header.file_inode != found.st_ino) {
    // Another living file may bear the same identity: both would issue the same IDs.
    return Fail(Code::HEADER,
                "%s is a copy: the region was born as inode %llu, this is %llu; remove it",
                path.c_str(), static_cast<unsigned long long>(header.file_inode),
                static_cast<unsigned long long>(found.st_ino));
  }
  SHMFLAKE_REACH(kAttachHeaderRead);
  std::uint64_t state = 0;
  std::uint64_t ceiling = 0;
  std::uint64_t uuid_state = 0;
  if (!ReadWord(fd, offsetof(RegionImage, state), &state) ||
      !ReadWord(fd, offsetof(RegionImage, ceiling), &ceiling) ||
      !ReadWord(fd, offsetof(RegionImage, uuid_state), &uuid_state)) {
    return Fail(Code::TRUNCATED, "cannot read the state words of %s", path.c_str());
  }
  // The words cannot be checked like the header, but they never lie below the birth.
  if ((state & ~kRetiredBit) < BirthState(header) || ceiling <= BirthState(header) ||
      !IsCeiling(FormatOf(header), ceiling) ||
      (uuid_state & ~kRetiredBit) < UuidBirthState(header)) {
    return Fail(
        Code::HEADER,
        "%s was overwritten: a state word or a ceiling is below its birth, or impossible; remove "
        "it, the next region starts at the horizon",
        path.c_str());
  }
  out->fd = std::move(fd);
  out->header = header;
  out->state = state;
  out->uuid_state = uuid_state;
  out->device = found.st_dev;
  out->inode = found.st_ino;
  return Status::Ok();
}

bool IsStillNamed(const std::string& path, const RegionFile& file) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && found.st_dev == file.device &&
         found.st_ino == file.inode;
}

Status LockName(const std::string& path, const RegionFile& file, std::int64_t deadline_ns,
                bool* named) {
  constexpr std::int64_t kPauseNs = 1'000'000;
  for (;;) {
    const int error = TryLockBytes(file.fd.get(), LockKind::kExclusive, kNameLockByte, 1);
    *named = IsStillNamed(path, file);
    if (error == 0 || !*named) return Status::Ok();
    if (error != EAGAIN) return FailErrno(error, "lock the region", path);
    if (MonotonicNs() >= deadline_ns) {
      const std::string holders = DescribeLockHolders(file.fd.get(), kNameLockByte, 1);
      return Fail(Code::TIMEOUT, "%s is being replaced by %s", path.c_str(),
                  holders.empty() ? "another process" : holders.c_str());
    }
    SleepNs(kPauseNs);
  }
}

Status MakeRegionFile(const Settings& settings, RegionContent* content, UniqueFd* out) {
  const std::string& directory = settings.directory.value;
  UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    // A file system without O_TMPFILE: made under another name, which PublishRegionFile renames.
    ::unlink(NewPath(settings).c_str());
    fd.Reset(::open(NewPath(settings).c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
                    0600));
  }
  if (!fd) return FailErrno(errno, "create a region in", directory, Code::DIRECTORY);
  SHMFLAKE_REACH(kCreateFileOpened);
  // fchmod, not open's mode: the umask does not decide who may attach.
  if (settings.group.given && ::fchown(fd.get(), static_cast<uid_t>(-1), settings.gid) != 0) {
    return FailErrno(errno, "give the region to group " + settings.group.value + " in", directory);
  }
  if (::fchmod(fd.get(), settings.mode.value) != 0) {
    return FailErrno(errno, "set the mode of the region in", directory);
  }
  // All space now: on a full tmpfs a sparse file would raise SIGBUS later.
  int error = 0;
  do {
    error = ::posix_fallocate(fd.get(), 0, kRegionSize);
  } while (error == EINTR);
  if (error != 0) return FailErrno(error, "take the space for a region in", directory);
  SHMFLAKE_REACH(kCreateSpaceTaken);
  struct stat made {};
  if (::fstat(fd.get(), &made) != 0) return FailErrno(errno, "stat the region in", directory);
  content->header.file_inode = made.st_ino;
  SealHeader(&content->header);
  SHMFLAKE_RETURN_IF_ERROR(WriteAt(fd, &content->header, sizeof(Header), 0, directory));
  SHMFLAKE_RETURN_IF_ERROR(
      WriteAt(fd, &content->state, 8, offsetof(RegionImage, state), directory));
  SHMFLAKE_RETURN_IF_ERROR(
      WriteAt(fd, &content->ceiling, 8, offsetof(RegionImage, ceiling), directory));
  SHMFLAKE_RETURN_IF_ERROR(
      WriteAt(fd, &content->uuid_state, 8, offsetof(RegionImage, uuid_state), directory));
  SHMFLAKE_RETURN_IF_ERROR(
      WriteAt(fd, &content->clock_offset_ns, 8, offsetof(RegionImage, clock), directory));
  SHMFLAKE_REACH(kCreateFilled);
  *out = std::move(fd);
  return Status::Ok();
}

Status PublishRegionFile(const Settings& settings, const UniqueFd& fd, bool replace) {
  const std::string path = RegionPath(settings);
  const std::string aside = NewPath(settings);
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return FailErrno(errno, "stat the region", path);
  const bool unnamed = found.st_nlink == 0;
  char self[64];
  std::snprintf(self, sizeof(self), "/proc/self/fd/%d", fd.get());
  if (unnamed) {
    const std::string& target = replace ? aside : path;
    // A leftover of a creator that died between the two steps; the creation lock is ours.
    if (replace) ::unlink(aside.c_str());
    if (::linkat(AT_FDCWD, self, AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return FailErrno(errno, "name the region", target);
    }
  }
  SHMFLAKE_REACH(kCreateAside);
  if (replace || !unnamed) {
    const unsigned no_replace = replace ? 0U : 1U;  // RENAME_NOREPLACE
    if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path.c_str(), no_replace) != 0) {
      return FailErrno(errno, "name the region", path);
    }
  }
  SHMFLAKE_REACH(kCreatePublished);
  return Status::Ok();
}

}  // namespace shmflake
