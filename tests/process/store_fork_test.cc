// SPDX-License-Identifier: Apache-2.0
// fork() and raw clone() in the middle of steps: nobody hangs, and no step is done by two
// processes.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <future>

#include "core/store/store.h"
#include "tests/support/child_process.h"
#include "tests/support/store_step_fixture.h"

namespace shmflake {
namespace {

using StoreForkTest = StoreStepTest;
using StoreForkHeldTest = StoreStepHeldTest;

pid_t RawClone() {
  return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

TEST_F(StoreForkTest, AChildForkedWhileThreadsDoStepsFindsTheStoreAtRest) {
  const auto threads = Extenders(2);
  directory_ += "/other";  // so that the child need not wait for the threads
  const auto store = MustOpen();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(kFine, test::RunInChild([&] { return StepInChild(store.get()); })) << i;
  }
  EXPECT_GT(steps_, 10U);
}

TEST_F(StoreForkTest, AForkOfAForkFindsTheStoreAtRest) {
  const auto store = MustOpen();
  const auto threads = Extenders(2);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(kFine, test::RunInChild([&] {
                const int result = test::RunInChild([&] { return StepInChild(store.get()); });
                return result != kFine ? result : StepInChild(store.get());
              }));
  }
}

TEST_F(StoreForkTest, ARawCloneInTheMiddleOfAStepIsRefusedAndNeverHangs) {
  const auto store = MustOpen();
  const auto threads = Extenders(3);
  int fine = 0;
  int locked = 0;
  for (int i = 0; i < 1000; ++i) {
    const pid_t child = RawClone();
    if (child == 0) {
      ::alarm(test::kWatchdogSeconds);
      const int result = StepInChild(store.get());
      ::_exit(result != kFine && StepInChild(store.get()) == kFine ? kOther : result);
    }
    ASSERT_GT(child, 0);
    const int result = test::WaitForChild(child);
    ASSERT_TRUE(result == kFine || result == kLocked) << result;
    ++(result == kFine ? fine : locked);
  }
  EXPECT_GT(locked, 0) << fine;
}

// A program may use SQLite as well, whose mutexes it shares with us.
void UseSqlite(int /*thread*/) {
  sqlite3* db = nullptr;
  sqlite3_open(":memory:", &db);
  sqlite3_exec(db, "CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(9999))", nullptr, nullptr,
               nullptr);
  sqlite3_close(db);
}

TEST_F(StoreForkTest, AChildForkedWhileTheProgramUsesSqliteDoesNotHang) {
  const auto store = MustOpen();
  const Threads threads(3, UseSqlite);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(kFine, test::RunInChild([&] { return StepInChild(store.get()); })) << i;
  }
}

TEST_F(StoreForkTest, ARawCloneWhileTheProgramUsesSqliteDoesNotHang) {
  std::unique_ptr<Store> store;
  ASSERT_SUCCEEDS(Open(&store, 10));
  const Threads threads(3, UseSqlite);
  for (int i = 0; i < 300; ++i) {
    const pid_t child = RawClone();
    if (child == 0) {
      ::alarm(test::kWatchdogSeconds);
      ::_exit(StepInChild(store.get()));
    }
    const int result = test::WaitForChild(child);
    ASSERT_TRUE(result == kFine || result == kLocked) << result;
  }
}

TEST_F(StoreForkTest, AStepThatForksIsEndedByTheParentOnly) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  pid_t child = -1;
  const Status status = store->Acquire(MakeKey(2), [&](const LeaseRecord&, std::uint64_t* to) {
    *to = 600;
    child = ::fork();
    if (child == 0) ::alarm(test::kWatchdogSeconds);
    if (child > 0) test::WaitForChild(child);  // the child ends all that it does first
    return Status::Ok();
  });
  if (child == 0) {
    const bool refused = status.code() == Code::STORE_UNAVAILABLE;
    ::_exit(refused && StepInChild(store.get()) == kLocked ? 0 : 1);
  }
  EXPECT_SUCCEEDS(status);
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(3), &seen));
  EXPECT_EQ(600U, seen.horizon);
  EXPECT_EQ(2U, seen.holder);
}

TEST_F(StoreForkTest, TheCopyOfAForkInAStepRefuses) {
  const auto store = MustOpen();
  int result = -1;
  const Status status = store->Acquire(MakeKey(1), [&](const LeaseRecord&, std::uint64_t*) {
    result = test::RunInChild([&] { return StepInChild(store.get()); });
    return Status(Code::TIMEOUT, "");
  });
  EXPECT_FAILS(Code::TIMEOUT, status);
  EXPECT_EQ(kLocked, result);
  EXPECT_EQ(kFine, StepInChild(store.get()));
}

// A fork() does not wait for ever, even if a disk does.
TEST_F(StoreForkHeldTest, AForkThatRunsOutOfPatienceLeavesAChildThatRefuses) {
  const auto store = MustOpen();
  const auto other = MustOpen();
  std::future<Status> held = Hold(store.get());
  const int result = test::RunInChild([&] {
    const int first = StepInChild(other.get());
    // And so do its own children, at once.
    return first == test::RunInChild([&] { return StepInChild(other.get()); }) ? first : kOther;
  });
  EXPECT_EQ(kLocked, result);
  release_.set_value();
  EXPECT_SUCCEEDS(held.get());
  EXPECT_EQ(kFine, StepInChild(other.get()));
}

}  // namespace
}  // namespace shmflake
