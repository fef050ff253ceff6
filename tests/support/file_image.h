// SPDX-License-Identifier: Apache-2.0
// A file as it stands, to damage it and to see that nobody else touched it.
#ifndef SHMFLAKE_TESTS_SUPPORT_FILE_IMAGE_H_
#define SHMFLAKE_TESTS_SUPPORT_FILE_IMAGE_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <string>

namespace flake::test {

struct FileImage {
  bool exists = false;
  ino_t inode = 0;
  mode_t mode = 0;
  std::string bytes;

  bool operator==(const FileImage&) const = default;
};

inline FileImage ImageOf(const std::string& path) {
  FileImage image;
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return image;
  image.exists = true;
  image.inode = found.st_ino;
  image.mode = found.st_mode;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0) return image;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof(buffer))) > 0;) {
    image.bytes.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return image;
}

// Over what is there, in the same file. False when that fails.
[[nodiscard]] inline bool WriteInPlace(const std::string& path, const std::string& bytes,
                                       std::size_t at = 0) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
  ::close(fd);
  return written == static_cast<ssize_t>(bytes.size());
}

// A new file, under its own name first and then in the place of the other.
[[nodiscard]] inline bool PutInPlace(const std::string& path, const std::string& bytes,
                                     mode_t mode = 0600) {
  const std::string aside = path + ".aside";
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  ::close(fd);
  return written == static_cast<ssize_t>(bytes.size()) && ::chmod(aside.c_str(), mode) == 0 &&
         ::rename(aside.c_str(), path.c_str()) == 0;
}

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_FILE_IMAGE_H_
