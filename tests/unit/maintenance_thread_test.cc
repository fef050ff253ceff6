// SPDX-License-Identifier: Apache-2.0
#include "core/maintenance_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <memory>

#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"

namespace shmflake::test {
namespace {

void AwaitRuns(const std::atomic<int>& runs, int count) {
  for (int i = 0; i < 20'000 && runs.load() < count; ++i) SleepNs(1'000'000);
  EXPECT_GE(runs.load(), count);
}

TEST(MaintenanceThreadTest, WorksAtIntervalsUntilItIsGone) {
  std::atomic<int> runs{0};
  {
    MaintenanceThread thread;
    ASSERT_SUCCEEDS(thread.Start(5'000'000, [&] { runs.fetch_add(1); }));
    AwaitRuns(runs, 3);
  }
  const int before = runs.load();
  SleepNs(30'000'000);
  EXPECT_EQ(before, runs.load());
}

TEST(MaintenanceThreadTest, OneThatWasNeverStartedMayGo) { const MaintenanceThread thread; }

TEST(MaintenanceThreadTest, EndsAtOnceHoweverLongItsIntervalIs) {
  MaintenanceThread thread;
  ASSERT_SUCCEEDS(thread.Start(3'600'000'000'000, [] {}));
}

TEST(MaintenanceThreadTest, LeavesSignalsToTheApplicationsThreads) {
  std::atomic<int> blocked{-1};
  {
    MaintenanceThread thread;
    ASSERT_SUCCEEDS(thread.Start(5'000'000, [&] {
      sigset_t mask;
      ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked.store(::sigismember(&mask, SIGTERM) + ::sigismember(&mask, SIGUSR1));
    }));
    for (int i = 0; i < 20'000 && blocked.load() < 0; ++i) SleepNs(1'000'000);
  }
  EXPECT_EQ(2, blocked.load());
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(0, ::sigismember(&mask, SIGTERM)) << "this thread's mask is as it was";
}

TEST(MaintenanceThreadTest, AChildHasNoneAndDoesNotWaitForItsParents) {
  std::atomic<int> runs{0};
  auto thread = std::make_unique<MaintenanceThread>();
  ASSERT_SUCCEEDS(thread->Start(5'000'000, [&] { runs.fetch_add(1); }));
  AwaitRuns(runs, 1);
  EXPECT_EQ(0, RunInChild([&] {
              thread.reset();
              return 0;
            }));
  AwaitRuns(runs, runs.load() + 2);  // the parent's goes on
}

// ------------------------------------------------------------------ more work behind it

constexpr std::int64_t kHour = 3'600'000'000'000;

TEST(MaintenanceThreadTest, WorkThatWasAddedIsDoneAtLeastEvery100Ms) {
  MaintenanceThread thread;
  std::atomic<int> own{0};
  std::atomic<int> added{0};
  const int owner = 0;
  ASSERT_SUCCEEDS(thread.Start(kHour, [&] { own.fetch_add(1); }));
  thread.Add(&owner, [&] { added.fetch_add(1); });
  thread.Wake();  // it sleeps until its hour is over
  AwaitRuns(added, 3);
  EXPECT_GE(own.load(), 2);
  thread.Remove(&owner);
}

TEST(MaintenanceThreadTest, WakingItLetsARoundBeginNow) {
  MaintenanceThread thread;
  std::atomic<int> runs{0};
  ASSERT_SUCCEEDS(thread.Start(kHour, [&] { runs.fetch_add(1); }));
  for (int i = 1; i <= 3; ++i) {
    thread.Wake();
    AwaitRuns(runs, i);
  }
}

TEST(MaintenanceThreadTest, WhatWasRemovedIsNotDoneAgainAndTheRestIs) {
  MaintenanceThread thread;
  std::atomic<int> removed{0};
  std::atomic<int> kept{0};
  const int owners[2] = {};
  ASSERT_SUCCEEDS(thread.Start(5'000'000, [] {}));
  thread.Add(&owners[0], [&] { removed.fetch_add(1); });
  thread.Add(&owners[1], [&] { kept.fetch_add(1); });
  AwaitRuns(removed, 2);
  thread.Remove(&owners[0]);
  const int before = removed.load();
  const int kept_before = kept.load();
  AwaitRuns(kept, kept_before + 3);
  EXPECT_EQ(before, removed.load());
  thread.Remove(&owners[0]);  // again: nothing happens
  thread.Remove(&owners[1]);
}

TEST(MaintenanceThreadTest, RemovingWaitsForTheRoundThatIsUnderWay) {
  MaintenanceThread thread;
  std::atomic<int> begun{0};
  std::atomic<bool> ended{false};
  const int owner = 0;
  ASSERT_SUCCEEDS(thread.Start(5'000'000, [] {}));
  thread.Add(&owner, [&] {
    begun.fetch_add(1);
    SleepNs(100'000'000);
    ended.store(true);
  });
  AwaitRuns(begun, 1);
  thread.Remove(&owner);
  EXPECT_TRUE(ended.load()) << "else it would use what is gone";
}

TEST(MaintenanceThreadTest, AChildKnowsThatItHasNone) {
  MaintenanceThread thread;
  ASSERT_SUCCEEDS(thread.Start(5'000'000, [] {}));
  EXPECT_TRUE(thread.alive());
  EXPECT_EQ(0, RunInChild([&] { return thread.alive() ? 1 : 0; }));
  EXPECT_TRUE(thread.alive());
}

}  // namespace
}  // namespace shmflake::test
