// SPDX-License-Identifier: Apache-2.0
// A region is retired under the processes that draw from it.
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

class Retire : public ::testing::TestWithParam<Order> {
 protected:
  Retire() : options_(box_.Options()) {
    // Many who create and retire at once queue up at one lock, in no order.
    options_.wait_timeout_ms = 10'000;
    options_.ordering =
        GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
  }
  Sandbox box_;
  IdLog log_{std::size_t{1} << 26};
  shmflake_options options_;
};

TEST_P(Retire, EightDrawingProcessesFollowTwentyTimesInARow) {
  constexpr int kProcesses = 8;
  Shared<std::atomic<bool>> stop;
  Shared<std::atomic<std::uint64_t>> drawn[kProcesses];
  std::vector<Process> drawing;
  for (int i = 0; i < kProcesses; ++i) {
    drawing.emplace_back([&, i] {
      const Flake flake = box_.MustOpen(&options_);
      Drawer drawer(flake.get(), log_, GetParam());
      Random random(static_cast<std::uint64_t>(i));
      while (!stop->load()) {
        const std::uint64_t choice = random();
        int code = drawer.Any(choice);
        if (code == SHMFLAKE_E_EXHAUSTED || code == SHMFLAKE_E_RETIRED ||
            code == SHMFLAKE_E_REGION_LOST) {
          code = drawer.Next();  // try_next, and who replaced it was faster
        }
        if (Expect(0, code) != kGood) return kBad;
        drawn[i]->fetch_add(1, std::memory_order_relaxed);
        if (choice % 64 == 0) ::usleep(200);
      }
      return kGood;
    });
  }
  const auto all_draw_on = [&] {
    std::uint64_t before[kProcesses];
    for (int i = 0; i < kProcesses; ++i) before[i] = drawn[i]->load();
    return Eventually([&] {
      for (int i = 0; i < kProcesses; ++i) {
        if (drawn[i]->load() < before[i] + 5) return false;
      }
      return true;
    });
  };
  ASSERT_TRUE(all_draw_on());
  std::vector<std::uint64_t> instances;
  for (int round = 0; round < 20; ++round) {
    {
      const Flake flake = box_.MustOpen(&options_);
      instances.push_back(InstanceOf(flake.get()));
    }
    EXPECT_EQ(0, box_.Retire(10'000)) << shmflake_last_error();
    ASSERT_TRUE(all_draw_on()) << "round " << round;
  }
  stop->store(true);
  for (Process& process : drawing) EXPECT_EQ(kGood, process.Wait());
  std::sort(instances.begin(), instances.end());
  EXPECT_EQ(instances.end(), std::adjacent_find(instances.begin(), instances.end()));
  EXPECT_EQ(0U, log_.CountRepeats());
  EXPECT_EQ(0U, log_.disorder());
  EXPECT_FALSE(log_.overflowed());
  EXPECT_EQ(0, box_.Retire(10'000));
  EXPECT_EQ("", box_.ListRegions());
}

TEST_P(Retire, ProcessesThatAllRetireAndDrawAtOnceGetNoRepeat) {
  std::vector<Process> processes;
  for (int i = 0; i < 6; ++i) {
    processes.emplace_back([&] {
      for (int round = 0; round < 15; ++round) {
        const Flake flake = box_.MustOpen(&options_);
        Drawer drawer(flake.get(), log_, GetParam());
        if (Expect(0, drawer.Times(5)) != kGood) return kBad;
        const int code = box_.Retire(10'000);
        if (code != SHMFLAKE_E_NOT_FOUND && Expect(0, code) != kGood) return kBad;
        if (Expect(0, drawer.Times(5)) != kGood) return kBad;
      }
      return kGood;
    });
  }
  for (Process& process : processes) EXPECT_EQ(kGood, process.Wait());
  EXPECT_EQ(0U, log_.CountRepeats());
  EXPECT_EQ(0U, log_.disorder());
}

TEST_P(Retire, NobodyAttachedMeansThatNothingIsLeftInTheRegionDirectory) {
  { EXPECT_NE(nullptr, box_.MustOpen(&options_)); }
  EXPECT_EQ("default.region", box_.ListRegions());
  EXPECT_EQ(0, box_.Retire(10'000));
  EXPECT_EQ("", box_.ListRegions());
  EXPECT_EQ(SHMFLAKE_E_NOT_FOUND, box_.Retire(10'000));
}

TEST_P(Retire, TheUnusedPartOfTheLeaseIsGivenBack) {
  options_.horizon_ms = 3'600'000;
  options_.max_recovery_ms = 1000;  // a birth at the old horizon would be refused
  for (int round = 0; round < 10; ++round) {
    const Flake flake = box_.MustOpen(&options_);
    Drawer drawer(flake.get(), log_, GetParam());
    ASSERT_EQ(0, drawer.Times(2000));
    shmflake_parts last{};
    ASSERT_EQ(0, shmflake_decode(flake.get(), drawer.last(), &last));
    const std::int64_t state_ms = StatusOf(flake.get()).last_unix_ms;
    EXPECT_GE(state_ms, last.unix_ms);
    ASSERT_EQ(0, box_.Retire(10'000));
    const Flake next = box_.MustOpen(&options_);
    EXPECT_LE(StatusOf(next.get()).birth_unix_ms, std::max(NowMs(), state_ms + 1));
    EXPECT_GT(StatusOf(next.get()).birth_unix_ms, last.unix_ms);
    ASSERT_EQ(0, drawer.Next());  // follows
    ASSERT_EQ(0, box_.Retire(10'000));
  }
  EXPECT_EQ(0U, log_.CountRepeats());
  EXPECT_EQ(0U, log_.disorder());
}

INSTANTIATE_TEST_SUITE_P(Orderings, Retire, ::testing::Values(Order::kStrict, Order::kRelaxed),
                         [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
