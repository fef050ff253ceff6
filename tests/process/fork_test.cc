// SPDX-License-Identifier: Apache-2.0
// Parent, children and their children go on drawing with inherited handles.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

class Fork : public ::testing::TestWithParam<Order> {
 protected:
  Fork() : options_(box_.Options()) {
    options_.ordering =
        GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
    flake_ = box_.MustOpen(&options_);
  }
  ~Fork() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_GT(log_.size(), 0U);
  }
  int DrawMix(int times, std::uint64_t seed) {
    Drawer drawer(flake_.get(), log_, GetParam());
    Random random(seed);
    for (int i = 0; i < times; ++i) {
      const int code = drawer.Any(random());
      if (code != 0 && code != SHMFLAKE_E_EXHAUSTED) return Expect(0, code);
    }
    return kGood;
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
  Flake flake_;
};

TEST_P(Fork, ParentAndChildDrawOnAtOnce) {
  for (std::uint64_t round = 0; round < 20; ++round) {
    ASSERT_EQ(kGood, DrawMix(100, round));
    Process child([&] { return DrawMix(500, 1000 + round); });
    EXPECT_EQ(kGood, DrawMix(500, 2000 + round));
    EXPECT_EQ(kGood, child.Wait());
  }
}

TEST_P(Fork, AForkOfAForkOfAForkDrawsOn) {
  const std::function<int(int)> descend = [&](int depth) {
    if (DrawMix(50, static_cast<std::uint64_t>(depth)) != kGood) return kBad;
    if (depth == 0) return kGood;
    Process one([&] { return descend(depth - 1); });
    Process two([&] { return descend(depth - 1); });
    const int drawn = DrawMix(50, 100U + static_cast<std::uint64_t>(depth));
    return one.Wait() == kGood && two.Wait() == kGood ? drawn : kBad;
  };
  EXPECT_EQ(kGood, descend(5));
}

TEST_P(Fork, ARawCloneThatSkipsTheForkHandlersDrawsOn) {
  for (std::uint64_t round = 0; round < 50; ++round) {
    ASSERT_EQ(kGood, DrawMix(20, round));
    const auto pid =
        static_cast<pid_t>(::syscall(SYS_clone, static_cast<unsigned long>(SIGCHLD), 0, 0, 0, 0));
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::alarm(20);
      ::_exit(DrawMix(50, 1000 + round));
    }
    EXPECT_EQ(kGood, DrawMix(50, 2000 + round));
    int status = -1;
    EXPECT_EQ(pid, ::waitpid(pid, &status, 0));
    EXPECT_EQ(kGood, status);
  }
}

TEST_P(Fork, ThousandsOfShortLivedChildrenDrawOnAndGiveTheirSlotsBack) {
  constexpr int kForks = 2000;
  for (int i = 0; i < kForks; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      Drawer drawer(flake_.get(), log_, GetParam());
      const int code = drawer.TryNext() == 0 && drawer.Next() == 0 ? kGood : kBad;
      if (i % 2 == 0) shmflake_close(flake_.get());
      ::_exit(code);
    }
    if (i % 8 == 0) {
      ASSERT_EQ(kGood, DrawMix(3, static_cast<std::uint64_t>(i)));
    }
    int status = -1;
    ASSERT_EQ(pid, ::waitpid(pid, &status, 0));
    ASSERT_EQ(kGood, status) << "child " << i;
  }
  const shmflake_status_info info = StatusOf(flake_.get());
  EXPECT_EQ(1U, info.slots_used);
  // The slots of those that ended without closing were taken over: their counters are in the
  // totals.
  EXPECT_GE(info.ids_issued, 2U * kForks);
}

TEST_P(Fork, AChildHasASlotOfItsOwn) {
  ASSERT_EQ(kGood, DrawMix(10, 1));
  Shared<std::atomic<int>> phase;
  Process child([&] {
    const int code = DrawMix(10, 2);
    phase->store(1);
    while (phase->load() == 1) SleepMs(1);
    return code;
  });
  ASSERT_TRUE(Eventually([&] { return phase->load() == 1; }));
  shmflake_process processes[8];
  std::size_t count = 0;
  ASSERT_EQ(0, shmflake_processes(flake_.get(), processes, 8, &count));
  ASSERT_EQ(2U, count);
  EXPECT_NE(processes[0].pid, processes[1].pid);
  for (const auto& process : {processes[0], processes[1]}) {
    EXPECT_EQ(1U, process.alive);
    EXPECT_TRUE(static_cast<pid_t>(process.pid) == ::getpid() ||
                static_cast<pid_t>(process.pid) == child.pid());
  }
  phase->store(2);
  EXPECT_EQ(kGood, child.Wait());
}

TEST_P(Fork, CloseInTheChildDoesNotDisturbTheParent) {
  ASSERT_EQ(kGood, DrawMix(10, 1));
  for (const bool draws : {false, true}) {
    Process child([&] {
      if (draws && DrawMix(10, 2) != kGood) return kBad;
      shmflake_close(flake_.get());
      return kGood;
    });
    EXPECT_EQ(kGood, child.Wait());
    EXPECT_EQ(kGood, DrawMix(100, 3));
    EXPECT_EQ(1U, StatusOf(flake_.get()).slots_used);
  }
  // It still counts as attached.
  box_.RemoveRegion();
  Process newcomer([&] {
    int code = 0;
    const Flake second = box_.Open(&code, &options_);
    return Expect(SHMFLAKE_E_SPLIT_BRAIN, code);
  });
  EXPECT_EQ(kGood, newcomer.Wait());
}

TEST_P(Fork, AChildThatNeverDrawsDoesNotKeepTheRegionStuckWhenItsParentIsKilled) {
  options_.horizon_ms = 100;
  options_.id_namespace = "second";
  Shared<std::atomic<int>> ready;
  Process child;
  Shared<std::atomic<pid_t>> idle;
  Process parent([&] {
    int code = 0;
    const Flake second = box_.Open(&code, &options_, "second");
    Drawer drawer(second.get(), log_, GetParam());
    if (Expect(0, drawer.Times(100)) != kGood) return kBad;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(30);
      for (;;) ::pause();
    }
    idle->store(pid);
    for (;;) (void)drawer.Next();
  });
  ASSERT_TRUE(Eventually([&] { return idle->load() != 0; }));
  SleepMs(120);
  parent.Kill();
  Process newcomer([&] {
    int code = 0;
    const Flake second = box_.Open(&code, &options_, "second");
    if (Expect(0, code) != kGood) return kBad;
    Drawer drawer(second.get(), log_, GetParam());
    for (int i = 0; i < 300; ++i) {  // over several extensions
      if (Expect(0, drawer.Next()) != kGood) return kBad;
      SleepMs(1);
    }
    return kGood;
  });
  EXPECT_EQ(kGood, newcomer.Wait());
  options_.struct_size = sizeof(options_);
  EXPECT_EQ(0, shmflake_retire("second", &options_)) << shmflake_last_error();
  ::kill(idle->load(), SIGKILL);
}

INSTANTIATE_TEST_SUITE_P(Orderings, Fork, ::testing::Values(Order::kStrict, Order::kRelaxed),
                         [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
