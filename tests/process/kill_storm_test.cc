// SPDX-License-Identifier: Apache-2.0
// Processes that draw in every way are killed at random, again and again.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

constexpr std::size_t kProcesses = 8;
constexpr int kKills = 250;

class KillStorm : public ::testing::TestWithParam<Order> {};

TEST_P(KillStorm, NoIdComesTwiceAndTheCountersNeverFall) {
  const Sandbox box;
  IdLog log(std::size_t{1} << 27);
  shmflake_options options = box.Options();
  options.horizon_ms = 100;  // so that extenders are among the killed
  options.ordering =
      GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
  Shared<std::atomic<int>> failures;
  const auto draw = [&](std::uint64_t seed) {
    const Flake flake = box.MustOpen(&options);
    Drawer drawer(flake.get(), log, GetParam());
    Random random(seed);
    for (;;) {
      const std::uint64_t choice = random();
      const int code = drawer.Any(choice);
      if (code != 0 && code != SHMFLAKE_E_EXHAUSTED && code != SHMFLAKE_E_CEILING) {
        failures->fetch_add(1);
        return Expect(0, code);
      }
      if (choice % 1024 == 0) ::usleep(100);
    }
  };
  const Flake watcher = box.MustOpen(&options);
  std::vector<Process> drawing(kProcesses);
  Random random(static_cast<std::uint64_t>(NowMs()));
  shmflake_status_info before = StatusOf(watcher.get());
  for (int kill = 0; kill < kKills; ++kill) {
    Process& victim = drawing[random.Below(kProcesses)];
    victim.Kill();
    victim = Process([&] { return draw(static_cast<std::uint64_t>(kill)); });
    ::usleep(static_cast<useconds_t>(random.Below(25'000)));
    const shmflake_status_info now = StatusOf(watcher.get());
    EXPECT_GE(now.ids_issued, before.ids_issued);
    EXPECT_GE(now.waits, before.waits);
    EXPECT_GE(now.refusals, before.refusals);
    EXPECT_GE(now.lease_extensions, before.lease_extensions);
    EXPECT_EQ(now.instance_id, before.instance_id);
    before = now;
  }
  drawing.clear();
  EXPECT_EQ(0, failures->load());
  EXPECT_GT(before.lease_extensions, 10U);
  EXPECT_GT(before.ids_issued, 10'000U);
  EXPECT_FALSE(log.overflowed());
  EXPECT_EQ(0U, log.CountRepeats());
  EXPECT_EQ(0U, log.disorder());
  std::printf("%zu IDs of %d killed processes, %lu extensions\n", log.size(), kKills,
              static_cast<unsigned long>(before.lease_extensions));
}

INSTANTIATE_TEST_SUITE_P(Orderings, KillStorm, ::testing::Values(Order::kStrict, Order::kRelaxed),
                         [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
