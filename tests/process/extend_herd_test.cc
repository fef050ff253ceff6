// SPDX-License-Identifier: Apache-2.0
// Many processes at the ceiling while those who were elected to extend the lease are stopped.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/kill_point.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"
#include "tests/support/starting_gun.h"

namespace flake::test {
namespace {

constexpr int kProcesses = 150;

class ExtendHerd : public ::testing::TestWithParam<int> {};

TEST_P(ExtendHerd, OneTakesOverAndTheOthersWaitForIt) {
  const Sandbox box;
  IdLog log;
  shmflake_options options = box.Options();
  options.horizon_ms = 1000;
  const Flake watcher = box.MustOpen(&options);
  StartingGun gun;
  std::vector<Process> all;
  for (int i = 0; i < kProcesses; ++i) {
    all.emplace_back([&] {
      const Flake flake = box.MustOpen(&options);
      Drawer drawer(flake.get(), log);
      if (Expect(0, drawer.Next()) != kGood) return kBad;
      gun.Wait();
      return Expect(0, drawer.Next());
    });
  }
  ASSERT_TRUE(gun.AreReady(kProcesses));
  SleepMs(1500);  // past the ceiling
  std::vector<Process> stopped;
  for (int i = 0; i < GetParam(); ++i) {
    stopped.emplace_back([&] {
      const Flake flake = box.MustOpen(&options);
      ArmPoint("kExtendElected", 1, StopMyself);
      return Expect(0, Drawer(flake.get(), log).Next());
    });
    ASSERT_TRUE(stopped.back().WaitForStop());
  }
  const shmflake_status_info before = StatusOf(watcher.get());
  ASSERT_TRUE(gun.Fire(kProcesses));
  for (Process& process : all) EXPECT_EQ(kGood, process.Wait(60'000));
  const shmflake_status_info after = StatusOf(watcher.get());
  EXPECT_LE(after.lease_extensions - before.lease_extensions, 3U) << "and not one each";
  EXPECT_EQ(0U, after.lease_failures - before.lease_failures);
  for (const Process& process : stopped) process.Signal(SIGCONT);
  for (Process& process : stopped) EXPECT_EQ(kGood, process.Wait(30'000));
  EXPECT_EQ(0U, log.CountRepeats());
  EXPECT_EQ(0U, log.disorder());
}

INSTANTIATE_TEST_SUITE_P(Stopped, ExtendHerd, ::testing::Values(0, 1, 3));

}  // namespace
}  // namespace flake::test
