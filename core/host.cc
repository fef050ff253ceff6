// SPDX-License-Identifier: Apache-2.0
#include "core/host.h"

#include <arpa/inet.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "core/bits.h"
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
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / kNsPerMs;
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

// SIOCGIFCONF lists just the IPv4 addresses in a few microseconds; getifaddrs dumps every
// interface's statistics over netlink, which alone would take a good part of an attach.
std::optional<std::uint32_t> Host::Ipv4Address() const {
  const UniqueFd socket_fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_fd) return std::nullopt;
  std::vector<ifreq> interfaces(64);
  ifconf list{};
  list.ifc_len = static_cast<int>(interfaces.size() * sizeof(ifreq));
  list.ifc_req = interfaces.data();
  if (::ioctl(socket_fd.get(), SIOCGIFCONF, &list) != 0) return std::nullopt;
  interfaces.resize(static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq));
  for (ifreq& each : interfaces) {
    sockaddr_in address{};
    std::memcpy(&address, &each.ifr_addr, sizeof(address));
    if (address.sin_family != AF_INET || ::ioctl(socket_fd.get(), SIOCGIFFLAGS, &each) != 0)
      continue;
    const auto flags = static_cast<unsigned>(each.ifr_flags);
    if ((flags & IFF_UP) == 0 || (flags & IFF_LOOPBACK) != 0) continue;
    return ntohl(address.sin_addr.s_addr);
  }
  return std::nullopt;
}

}  // namespace shmflake
