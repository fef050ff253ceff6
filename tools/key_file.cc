// SPDX-License-Identifier: Apache-2.0
#include "key_file.h"

#include <fcntl.h>
#include <shmflake/shmflake.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <system_error>

#include "text.h"

namespace tool {
namespace {

constexpr std::size_t kDigits = 32;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Failure SystemFailure(const std::string& what, int error) {
  const int code = error == EACCES || error == EPERM ? SHMFLAKE_E_PERMISSION : SHMFLAKE_E_SYSTEM;
  return {code, "cannot read " + what + ": " + std::strerror(error)};
}

// At most `size` bytes; -1 with errno.
ssize_t ReadAll(int fd, char* bytes, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = read(fd, bytes + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(filled);
}

bool ParseKey(std::string_view digits, Key* key) {
  for (std::size_t i = 0; i < key->size(); ++i) {
    const char* const from = digits.data() + 2 * i;
    const auto [stopped, error] = std::from_chars(from, from + 2, (*key)[i], 16);
    if (error != std::errc{} || stopped != from + 2) return false;
  }
  return true;
}

}  // namespace

std::optional<Key> ReadKeyFile(const std::string& path, Failure* failure) {
  const std::string name = "the key file " + Printable(path);
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    *failure = SystemFailure(name, errno);
    return std::nullopt;
  }
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    *failure = {SHMFLAKE_E_NOT_REGULAR, name + " must be a regular file or a pipe"};
    return std::nullopt;
  }
  if ((info.st_mode & 0077U) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    *failure = {SHMFLAKE_E_MODE, name + " must be readable by its owner only (chmod 600): " + mode};
    return std::nullopt;
  }
  char text[kDigits + 3];  // a newline, and one byte more than may be there
  const ssize_t size = ReadAll(file.get(), text, sizeof text);
  if (size < 0) {
    *failure = SystemFailure(name, errno);
    return std::nullopt;
  }
  std::string_view digits(text, static_cast<std::size_t>(size));
  if (digits.size() < sizeof text && digits.ends_with('\n')) digits.remove_suffix(1);
  if (digits.size() < sizeof text && digits.ends_with('\r')) digits.remove_suffix(1);
  Key key{};
  std::string found;
  if (digits.size() == sizeof text) {
    found = "more";
  } else if (digits.size() != kDigits) {
    found = std::to_string(digits.size()) + " characters";
  } else if (!ParseKey(digits, &key)) {
    found = "other characters";
  }
  explicit_bzero(text, sizeof text);
  if (found.empty()) return key;
  *failure = {SHMFLAKE_E_OPTION, name + " must hold 32 hex digits and nothing else: " + found};
  return std::nullopt;
}

}  // namespace tool
