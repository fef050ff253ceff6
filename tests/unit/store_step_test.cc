// SPDX-License-Identifier: Apache-2.0
// Threads that take turns, wait, and are cancelled; tests/process/store_fork_test.cc has the forks.
#include "core/store/store_step.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>
#include <future>
#include <thread>

#include "core/store/store.h"
#include "tests/support/store_step_fixture.h"

namespace shmflake {
namespace {

TEST_F(StoreStepHeldTest, AStepOfAnotherThreadIsWaitedForNoLongerThanAllowed) {
  const auto holder = MustOpen();
  std::unique_ptr<Store> other;
  ASSERT_SUCCEEDS(Open(&other, 30));
  std::future<Status> held = Hold(holder.get());
  std::uint64_t granted = 0;
  const Status status = other->Extend(MakeKey(1), 800, &granted);
  EXPECT_FAILS(Code::STORE_LOCKED, status);
  EXPECT_NE(std::string::npos,
            status.message().find("by another thread of this process for longer than 30 ms"))
      << status.message();
  release_.set_value();
  EXPECT_SUCCEEDS(held.get());
  EXPECT_SUCCEEDS(other->Extend(MakeKey(1), 800, &granted));
}

TEST_F(StoreStepTest, ThreadsTakeTurns) {
  const auto threads = Extenders(4);
  const auto store = MustOpen();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(kFine, StepInChild(store.get()));
}

TEST_F(StoreStepTest, ACancelledThreadEndsItsStepFirst) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(1)));
  for (int i = 0; i < 100; ++i) {
    pthread_t thread{};
    const auto extend_for_ever = [](void* argument) -> void* {
      std::uint64_t granted = 1;
      for (;;) {
        if (!static_cast<Store*>(argument)->Extend(MakeKey(1), granted + 1, &granted).ok()) {
          std::abort();
        }
        pthread_testcancel();
      }
    };
    ASSERT_EQ(0, ::pthread_create(&thread, nullptr, extend_for_ever, store.get()));
    std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 2000));
    ::pthread_cancel(thread);
    void* result = nullptr;
    ASSERT_EQ(0, ::pthread_join(thread, &result));
    EXPECT_EQ(PTHREAD_CANCELED, result);
    ASSERT_EQ(kFine, StepInChild(store.get()));
  }
}

TEST(PatienceTest, IsUsedUpSoonerOrLater) {
  Patience none(0);
  EXPECT_FALSE(none.Sleep());
  Patience some(20);
  int sleeps = 0;
  while (some.Sleep()) ++sleeps;
  EXPECT_GE(sleeps, 4) << "begins with short ones";
  EXPECT_FALSE(some.Sleep());
  EXPECT_EQ(20U, some.total_ms());
}

}  // namespace
}  // namespace shmflake
