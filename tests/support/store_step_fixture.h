// SPDX-License-Identifier: Apache-2.0
// Threads that do steps of a store without end, and one that stays in the middle of one.
#ifndef SHMFLAKE_TESTS_SUPPORT_STORE_STEP_FIXTURE_H_
#define SHMFLAKE_TESTS_SUPPORT_STORE_STEP_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "core/store/store.h"
#include "tests/support/store_fixture.h"

namespace shmflake {

// What a child finds, as an exit code.
inline constexpr int kFine = 0;
inline constexpr int kLocked = 10;
inline constexpr int kOther = 11;

// Threads that do one thing over and over until the end.
class Threads {
 public:
  Threads(int count, std::function<void(int)> work) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i, work] {
        while (!stop_) work(i);
      });
    }
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

class StoreStepTest : public StoreTest {
 protected:
  // In memory, so that thousands of steps take no time.
  StoreStepTest() {
    if (std::filesystem::is_directory("/dev/shm")) {
      fast_ = std::make_unique<test::TempDir>("/dev/shm");
      directory_ = fast_->path();
    }
  }

  // A step in a child, without gtest, which may be in the middle of something of another thread.
  static int StepInChild(Store* store) {
    const LeaseKey key = MakeKey(2);
    const Status status = store->Acquire(key, [](const LeaseRecord&, std::uint64_t*) {
      return Status(Code::TIMEOUT, "only looking");
    });
    if (status.code() == Code::TIMEOUT) return kFine;
    return status.code() == Code::STORE_LOCKED ? kLocked : kOther;
  }

  // Threads that extend, each its own worker ID through its own store.
  std::unique_ptr<Threads> Extenders(int count) {
    for (int i = 0; i < count; ++i) {
      const auto worker_id = static_cast<std::uint32_t>(i);
      stores_.push_back(MustOpen());
      EXPECT_SUCCEEDS(stores_.back()->Acquire(MakeKey(1, worker_id), Take(1)));
    }
    return std::make_unique<Threads>(count, [this](int i) {
      std::uint64_t granted = 0;
      const auto worker_id = static_cast<std::uint32_t>(i);
      const auto store = static_cast<std::size_t>(i);
      EXPECT_SUCCEEDS(stores_[store]->Extend(MakeKey(1, worker_id), ++steps_, &granted));
    });
  }

  std::unique_ptr<test::TempDir> fast_;
  std::vector<std::unique_ptr<Store>> stores_;
  std::atomic<std::uint64_t> steps_{1};
};

class StoreStepHeldTest : public StoreStepTest {
 protected:
  // Another thread that stays in the middle of a step until `release_` is set.
  std::future<Status> Hold(Store* store) {
    std::promise<void> inside;
    const std::future<void> is_inside = inside.get_future();
    auto done = std::async(std::launch::async, [this, store, &inside] {
      return store->Acquire(MakeKey(1), [&](const LeaseRecord&, std::uint64_t* to) {
        inside.set_value();
        release_.get_future().wait();
        *to = 700;
        return Status::Ok();
      });
    });
    is_inside.wait();
    return done;
  }

  std::promise<void> release_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_TESTS_SUPPORT_STORE_STEP_FIXTURE_H_
