// SPDX-License-Identifier: Apache-2.0
// A host as a test describes it.
#ifndef SHMFLAKE_TESTS_SUPPORT_FAKE_HOST_H_
#define SHMFLAKE_TESTS_SUPPORT_FAKE_HOST_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/host.h"

namespace shmflake::test {

class FakeHost : public Host {
 public:
  std::map<std::string, std::string> variables;
  std::string default_config_file = "/nonexistent/snowflake.toml";
  std::int64_t now_unix_ms = 1'700'000'000'000;
  std::uint32_t user = 1000;
  std::optional<std::string> home = "/home/user";
  std::map<std::string, std::uint32_t> groups = {{"flakes", 4711}};
  int group_error = 0;
  std::string name = "host";
  std::optional<std::uint32_t> address = 0x0a000311;  // 10.0.3.17

  [[nodiscard]] std::optional<std::string> Variable(const char* key) const override {
    const auto found = variables.find(key);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::string DefaultConfigFile() const override { return default_config_file; }
  [[nodiscard]] std::int64_t NowUnixMs() const override { return now_unix_ms; }
  [[nodiscard]] std::uint32_t EffectiveUserId() const override { return user; }
  [[nodiscard]] std::optional<std::string> HomeDirectory() const override { return home; }
  [[nodiscard]] std::optional<std::uint32_t> GroupId(const std::string& group,
                                                     int* error) const override {
    *error = group_error;
    const auto found = groups.find(group);
    if (group_error != 0 || found == groups.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::string Name() const override { return name; }
  [[nodiscard]] std::optional<std::uint32_t> Ipv4Address() const override { return address; }
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_FAKE_HOST_H_
