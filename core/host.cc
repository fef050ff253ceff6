// SPDX-License-Identifier: Apache-2.0
#include "core/host.h"

#include <arpa/inet.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "core/platform.h"

namespace shmflake {
namespace {

// getpwuid_r and getgrnam_r say ERANGE until the buffer is large enough; groups can have many
// members.
constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLargestBuffer = std::size_t{1} << 20;

}  // namespace

std::optional<std::string> Host::Variable(const char* name) const {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string Host::DefaultConfigFile() const { return "/etc/snowflake.toml"; }

std::int64_t Host::NowUnixMs() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::uint32_t Host::EffectiveUserId() const { return geteuid(); }

std::optional<std::string> Host::HomeDirectory() const {
  const uid_t user = geteuid();
  passwd entry{};
  passwd* found = nullptr;
  int error = ERANGE;
  std::vector<char> buffer;
  for (std::size_t size = kFirstBuffer; error == ERANGE && size <= kLargestBuffer; size *= 2) {
    buffer.resize(size);
    error = getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  }
  if (error != 0 || found == nullptr || entry.pw_dir == nullptr || entry.pw_dir[0] != '/') {
    return std::nullopt;
  }
  struct stat info {};
  if (stat(entry.pw_dir, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != user) {
    return std::nullopt;
  }
  return entry.pw_dir;
}

std::optional<std::uint32_t> Host::GroupId(const std::string& name, int* error) const {
  group entry{};
  group* found = nullptr;
  *error = ERANGE;
  std::vector<char> buffer;
  for (std::size_t size = kFirstBuffer; *error == ERANGE && size <= kLargestBuffer; size *= 2) {
    buffer.resize(size);
    *error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  }
  // "Not found" has many spellings (getgrnam(3), ERRORS).
  if (*error == ENOENT || *error == ESRCH || *error == EBADF || *error == EPERM) *error = 0;
  if (*error != 0 || found == nullptr) return std::nullopt;
  return entry.gr_gid;
}

std::string Host::Name() const { return HostName(); }

std::optional<std::uint32_t> Host::Ipv4Address() const {
  ifaddrs* addresses = nullptr;
  if (getifaddrs(&addresses) != 0) return std::nullopt;
  std::optional<std::uint32_t> found;
  for (const ifaddrs* each = addresses; each != nullptr && !found; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if ((each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    sockaddr_in address{};
    std::memcpy(&address, each->ifa_addr, sizeof(address));
    found = ntohl(address.sin_addr.s_addr);
  }
  freeifaddrs(addresses);
  return found;
}

}  // namespace shmflake
