// SPDX-License-Identifier: Apache-2.0
// The host that the test runs on, whatever it is.
#include "core/host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace shmflake {
namespace {

TEST(Host, TakesAnEmptyVariableForNone) {
  const Host host;
  ASSERT_EQ(::setenv("SHMFLAKE_TEST_VARIABLE", "value", 1), 0);
  EXPECT_EQ(host.Variable("SHMFLAKE_TEST_VARIABLE"), "value");
  ASSERT_EQ(::setenv("SHMFLAKE_TEST_VARIABLE", "", 1), 0);
  EXPECT_EQ(host.Variable("SHMFLAKE_TEST_VARIABLE"), std::nullopt);
  ASSERT_EQ(::unsetenv("SHMFLAKE_TEST_VARIABLE"), 0);
  EXPECT_EQ(host.Variable("SHMFLAKE_TEST_VARIABLE"), std::nullopt);
}

TEST(Host, KnowsTheTimeAndTheUser) {
  const Host host;
  EXPECT_GT(host.NowUnixMs(), 0);
  EXPECT_EQ(host.EffectiveUserId(), ::geteuid());
  EXPECT_EQ(host.DefaultConfigFile(), "/etc/snowflake.toml");
}

TEST(Host, DoesNotTakeTheHomeDirectoryFromTheEnvironment) {
  const Host host;
  const std::optional<std::string> before = host.HomeDirectory();
  const char* variable = std::getenv("HOME");
  const std::optional<std::string> saved =
      variable != nullptr ? std::optional<std::string>(variable) : std::nullopt;
  ASSERT_EQ(::setenv("HOME", "/tmp", 1), 0);
  EXPECT_EQ(host.HomeDirectory(), before);
  if (saved) {
    ::setenv("HOME", saved->c_str(), 1);
  } else {
    ::unsetenv("HOME");
  }
  if (before) {
    EXPECT_TRUE(std::filesystem::is_directory(*before));
  }
}

TEST(Host, LooksGroupsUp) {
  const Host host;
  int error = -1;
  EXPECT_EQ(host.GroupId("root", &error), 0U);
  EXPECT_EQ(error, 0);
  EXPECT_EQ(host.GroupId("no-such-group-here", &error), std::nullopt);
  EXPECT_EQ(error, 0);
}

TEST(Host, HasNoLoopbackAddress) {
  const std::optional<std::uint32_t> address = Host().Ipv4Address();
  if (address) {
    EXPECT_NE(*address >> 24, 127U);
    EXPECT_NE(*address, 0U);
  }
}

}  // namespace
}  // namespace shmflake
