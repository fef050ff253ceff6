// SPDX-License-Identifier: Apache-2.0
// Forks of processes with threads.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

class ForkWithThreads : public ::testing::TestWithParam<Order> {
 protected:
  ForkWithThreads() : options_(box_.Options()) {
    options_.ordering =
        GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
    options_.horizon_ms = 100;
  }
  ~ForkWithThreads() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }
  int DrawSlowly(::shmflake* flake, int times) {
    Drawer drawer(flake, log_, GetParam());
    for (int i = 0; i < times; ++i) {
      if (Expect(0, drawer.Next()) != kGood) return kBad;
      if (i % 8 == 0) SleepMs(1);
    }
    return kGood;
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(ForkWithThreads, ChildrenForkedWhileThreadsDrawAndExtendGoOnAndExtendToo) {
  const Flake flake = box_.MustOpen(&options_);
  std::atomic<bool> stop{false};
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      Drawer drawer(flake.get(), log_, GetParam());
      while (!stop) {
        if (Expect(0, drawer.NextN(16)) != kGood) ++bad;
        ::usleep(100);
      }
    });
  }
  for (int round = 0; round < 25; ++round) {
    // 500 draws with pauses outlast half of the horizon.
    Process child([&] { return DrawSlowly(flake.get(), 500); });
    Process other([&] {
      ::usleep(static_cast<useconds_t>(round * 50));
      return DrawSlowly(flake.get(), 100);
    });
    ASSERT_EQ(kGood, other.Wait(30'000)) << "round " << round;
    ASSERT_EQ(kGood, child.Wait(30'000)) << "round " << round;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(0, bad);
}

// The child's threads take over what it inherited all at once.
TEST_P(ForkWithThreads, ThreadsOfAFreshChildDrawAtOnceAndDisturbNobody) {
  options_.horizon_ms = 10'000;
  const Flake flake = box_.MustOpen(&options_);
  Drawer drawer(flake.get(), log_, GetParam());
  ASSERT_EQ(0, drawer.Times(10));
  const std::uint64_t instance = InstanceOf(flake.get());
  for (int round = 0; round < 100; ++round) {
    Process child([&] {
      std::atomic<int> waiting{0};
      std::atomic<int> bad{0};
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          Drawer mine(flake.get(), log_, GetParam());
          ++waiting;
          while (waiting < 4) {
          }
          if (Expect(0, mine.TryNext()) != kGood) ++bad;
          if (Expect(0, mine.Next()) != kGood) ++bad;
        });
      }
      for (std::thread& thread : threads) thread.join();
      return bad == 0 ? kGood : kBad;
    });
    ASSERT_EQ(kGood, child.Wait()) << "round " << round;
    ASSERT_EQ(0, drawer.TryNext()) << "round " << round << ": " << shmflake_last_error();
    ASSERT_EQ(instance, InstanceOf(flake.get())) << "round " << round;
  }
}

TEST_P(ForkWithThreads, AChildOfAProcessWithABackgroundThreadClosesWithoutAHang) {
  options_.background_thread = SHMFLAKE_ON;
  for (int round = 0; round < 20; ++round) {
    Flake flake = box_.MustOpen(&options_);
    ASSERT_EQ(kGood, DrawSlowly(flake.get(), 50));
    Process child([&] {
      const int code = round % 2 == 0 ? DrawSlowly(flake.get(), 50) : kGood;
      flake.reset();
      return code;
    });
    EXPECT_EQ(kGood, DrawSlowly(flake.get(), 50));
    EXPECT_EQ(kGood, child.Wait(5'000));
    flake.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Orderings, ForkWithThreads,
                         ::testing::Values(Order::kStrict, Order::kRelaxed), [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
