// SPDX-License-Identifier: Apache-2.0
// What settings are derived from besides options and files: one question a method, so that a test
// can answer otherwise, and so that nothing is asked that is not needed (attaching must stay
// cheap).
#ifndef SHMFLAKE_CORE_HOST_H_
#define SHMFLAKE_CORE_HOST_H_

#include <cstdint>
#include <optional>
#include <string>

namespace shmflake {

// The host as it is. Tests override.
class Host {
 public:
  Host() = default;
  virtual ~Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // An environment variable; empty when it is not set, or set to nothing.
  [[nodiscard]] virtual std::optional<std::string> Variable(const char* name) const;
  // The configuration file that is read when none is named.
  [[nodiscard]] virtual std::string DefaultConfigFile() const;
  [[nodiscard]] virtual std::int64_t NowUnixMs() const;
  [[nodiscard]] virtual std::uint32_t EffectiveUserId() const;
  // The home directory that the user database names, if it is a directory of the effective user.
  [[nodiscard]] virtual std::optional<std::string> HomeDirectory() const;
  // The number of a group; empty when there is none of that name. *error is 0 or an errno.
  [[nodiscard]] virtual std::optional<std::uint32_t> GroupId(const std::string& name,
                                                             int* error) const;
  [[nodiscard]] virtual std::string Name() const;
  // In host byte order: that of the first interface that is up, has one, and is no loopback.
  [[nodiscard]] virtual std::optional<std::uint32_t> Ipv4Address() const;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_HOST_H_
