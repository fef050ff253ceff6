// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/platform.h"
#include "core/text.h"

namespace shmflake {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

constexpr std::uint32_t kGroupBits = 0070;

// A directory's mode that lets the same people in.
std::uint32_t DirectoryMode(std::uint32_t file_mode) {
  const std::uint32_t search = (file_mode & 0444) >> 2;
  return 0700 | file_mode | search | ((file_mode & kGroupBits) != 0 ? S_ISGID : 0U);
}

// The mode whatever the umask, and the directory's group where a group is let in.
Status SetAccess(int fd, const std::string& path, std::uint32_t mode) {
  if ((mode & kGroupBits) != 0) {
    struct stat directory {};
    const std::string parent = path.substr(0, path.rfind('/') + 1);
    // Best effort: with another group its members get a clear PERMISSION.
    if (::stat(parent.c_str(), &directory) == 0 &&
        ::fchown(fd, static_cast<uid_t>(-1), directory.st_gid) != 0) {
      errno = 0;
    }
  }
  if (::fchmod(fd, mode) != 0)
    return FailErrno(errno, "set the mode of", path, Code::STORE_UNAVAILABLE);
  return Status::Ok();
}

// With a name from the start, for file systems without O_TMPFILE: a group member that is fast
// enough sees the umask's mode.
Status CreateNamed(const std::string& path, std::uint32_t mode) {
  const UniqueFd file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file) return SetAccess(file.get(), path, mode);
  return errno == EEXIST ? Status::Ok() : FailErrno(errno, "create", path, Code::STORE_UNAVAILABLE);
}

}  // namespace

Status LocateStoreFile(const std::string& state_directory, const std::string& file_name,
                       std::uint32_t mode, std::string* path) {
  const std::uint32_t directory_mode = DirectoryMode(mode);
  if (::mkdir(state_directory.c_str(), directory_mode) == 0) {
    if (::chmod(state_directory.c_str(), directory_mode) != 0) {
      return FailErrno(errno, "set the mode of", state_directory, Code::STATE_DIRECTORY);
    }
    SyncParent(state_directory);
  } else if (errno != EEXIST) {
    const int error = errno;  // EROFS also where it exists
    struct stat found {};
    if (::stat(state_directory.c_str(), &found) != 0) {
      return FailErrno(error, "make the state directory", state_directory, Code::STATE_DIRECTORY);
    }
  }
  const std::unique_ptr<char, Free> real(::realpath(state_directory.c_str(), nullptr));
  if (real == nullptr) {
    return FailErrno(errno, "use the state directory", state_directory, Code::STATE_DIRECTORY);
  }
  struct stat found {};
  if (::stat(real.get(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    return Fail(Code::STATE_DIRECTORY, "the state directory must be a directory: %s",
                state_directory.c_str());
  }
  *path = real.get();
  if (*path == "/") path->clear();
  *path += "/" + file_name;
  return Status::Ok();
}

Status CreateStoreFile(const std::string& path, std::uint32_t mode) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const UniqueFd file(::open(directory.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!file) {
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return CreateNamed(path, mode);
    return FailErrno(errno, "create", path, Code::STORE_UNAVAILABLE);
  }
  SHMFLAKE_RETURN_IF_ERROR(SetAccess(file.get(), path, mode));
  const std::string nameless = "/proc/self/fd/" + std::to_string(file.get());
  if (::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ||
      errno == EEXIST) {
    return Status::Ok();
  }
  return CreateNamed(path, mode);  // no /proc
}

Status CheckStoreFile(const std::string& path, std::uint32_t mode, bool* exists) {
  struct stat found {};
  *exists = false;
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return Status::Ok();
    return FailErrno(errno, "look at", path, Code::STORE_UNAVAILABLE);
  }
  *exists = true;
  if (S_ISLNK(found.st_mode))
    return Fail(Code::SYMLINK, "%s must not be a symbolic link", path.c_str());
  if (!S_ISREG(found.st_mode))
    return Fail(Code::NOT_REGULAR, "%s must be a regular file", path.c_str());
  if (found.st_nlink > 1) {  // SQLite finds a journal by the name: two names would be two journals
    return Fail(Code::HARD_LINK, "%s must have one name: it has %s", path.c_str(),
                std::to_string(found.st_nlink).c_str());
  }
  const bool shared = (mode & kGroupBits) != 0;
  if (found.st_uid != ::geteuid() && found.st_uid != 0 && !shared) {
    return Fail(
        Code::OWNER, "%s must belong to the user %s, who asks, or to root: it belongs to %s",
        path.c_str(), std::to_string(::geteuid()).c_str(), std::to_string(found.st_uid).c_str());
  }
  if ((found.st_mode & S_IWOTH) != 0) {
    return Fail(Code::MODE, "%s must not be writable for everybody: it has mode %s", path.c_str(),
                FormatOctal(found.st_mode & 07777).c_str());
  }
  return Status::Ok();
}

std::string DescribePosixLockHolders(const std::string& path) {
  struct stat wanted {};
  if (::stat(path.c_str(), &wanted) != 0) return {};
  const UniqueFile locks(std::fopen("/proc/locks", "re"));
  std::string found;
  int last_pid = 0;
  char line[256];
  // "1: POSIX  ADVISORY  WRITE 123 fe:00:4711 1073741824 1073741825"; device and inode as stat has
  // them, except on file systems with several devices (btrfs): then nobody is named.
  while (locks != nullptr && std::fgets(line, sizeof(line), locks.get()) != nullptr) {
    int pid = 0;
    unsigned device_major = 0;
    unsigned device_minor = 0;
    std::uint64_t inode = 0;
    if (std::sscanf(line, "%*s POSIX %*s %*s %d %x:%x:%" SCNu64, &pid, &device_major, &device_minor,
                    &inode) != 4 ||
        pid <= 0 || makedev(device_major, device_minor) != wanted.st_dev ||
        inode != wanted.st_ino) {
      continue;
    }
    if (pid == last_pid) continue;  // a process's locks lie together
    if (found.size() > 100) return found + " and more)";
    found += (found.empty() ? " (pid " : ", pid ") + std::to_string(pid);
    last_pid = pid;
  }
  return found.empty() ? found : found + ")";
}

}  // namespace shmflake
