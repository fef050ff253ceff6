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

}  // namespace
}  // namespace shmflake::test
