// SPDX-License-Identifier: Apache-2.0
// Many processes on one store, and processes that die in the middle of a step.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "core/store/store.h"
#include "tests/support/child_process.h"
#include "tests/support/sqlite_calls.h"
#include "tests/support/store_fixture.h"

namespace shmflake {
namespace {

namespace fs = std::filesystem;

// What the processes of a test tell each other.
template <typename T>
class Shared {
 public:
  Shared()
      : memory_(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                       0)) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::munmap(memory_, sizeof(T)); }
  T* operator->() const { return static_cast<T*>(memory_); }

 private:
  void* memory_;
};

constexpr int kProcesses = 16;
constexpr std::uint64_t kTicks = 1 << 16;

struct Plane {
  std::atomic<int> ready;
  std::atomic<std::uint8_t> holders[kTicks];  // how many instances were granted the tick
};

class StoreRaceTest : public StoreTest {
 protected:
  // One instance's life: acquires, extends until it has enough or loses the lease, perhaps
  // releases. Its ticks, those it gave back left out, are counted.
  void Live(Plane* plane, std::mt19937_64* random, std::uint32_t worker_id) const {
    const LeaseKey key = MakeKey((*random)() | 1, worker_id);
    const auto store = MustOpen();
    LeaseRecord seen;
    ASSERT_SUCCEEDS(store->Acquire(key, Take(1 + (*random)() % 50, &seen)));
    std::uint64_t end = 0;
    const std::uint64_t first = seen.horizon;
    Status status = store->Extend(key, first, &end);
    if (status.code() == Code::LEASE_LOST) return;  // unused: a gap
    ASSERT_SUCCEEDS(status);
    for (std::uint64_t i = (*random)() % 3; i > 0 && status.ok(); --i) {
      status = store->Extend(key, end + (*random)() % 20, &end);
    }
    if (!status.ok()) {
      ASSERT_EQ(Code::LEASE_LOST, status.code()) << status.message();
    }
    bool released = false;
    if ((*random)() % 2 == 0) {
      const std::uint64_t used = first + (*random)() % (end - first + 1);
      ASSERT_SUCCEEDS(store->Release(key, used, &released));
      if (released) end = used;
    }
    ASSERT_LE(end, kTicks);
    for (std::uint64_t tick = first; tick < end; ++tick) plane->holders[tick].fetch_add(1);
  }
};

TEST_F(StoreRaceTest, NoTwoInstancesEverHoldOneTick) {
  const Shared<Plane> plane;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(test::StartChild([&] {
      std::mt19937_64 random(static_cast<std::uint64_t>(i) + 1);
      ++plane->ready;
      while (plane->ready < kProcesses) std::this_thread::yield();
      for (int life = 0; life < 6; ++life) Live(plane.operator->(), &random, 3);
      return 0;
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(0, test::WaitForChild(child));
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(MustOpen().get(), MakeKey(1), &seen));
  std::uint64_t granted = 0;
  for (std::uint64_t tick = 0; tick < kTicks; ++tick) {
    ASSERT_LE(plane->holders[tick], 1) << "tick " << tick;
    granted += plane->holders[tick];
  }
  EXPECT_GT(granted, 0U);
  EXPECT_LE(granted, seen.horizon);
}

TEST_F(StoreRaceTest, AllWhoRaceToMakeTheStoreFindTheSameOne) {
  for (int round = 0; round < 5; ++round) {
    fs::remove(path());
    const Shared<Plane> plane;
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      children.push_back(test::StartChild([&, i] {
        ++plane->ready;
        while (plane->ready < kProcesses) std::this_thread::yield();
        const auto store = MustOpen();
        std::string id;
        EXPECT_SUCCEEDS(store->Identify(LeaseKey(), &id));
        WriteAll(directory_ + "/id" + std::to_string(i), id);
        return 0;
      }));
    }
    for (const pid_t child : children) EXPECT_EQ(0, test::WaitForChild(child));
    std::string id;
    ASSERT_SUCCEEDS(MustOpen()->Identify(LeaseKey(), &id));
    for (int i = 0; i < kProcesses; ++i) {
      EXPECT_EQ(id, ReadAll(directory_ + "/id" + std::to_string(i)));
    }
  }
}

// ------------------------------------------------------------------ Death

class StoreKillTest : public StoreTest {
 protected:
  // Runs the step in a child that dies at its first call to the system, then at its second ...
  // until it lives, each time from the same files, and checks what is left. How many deaths there
  // were.
  int DieAtEachCall(const std::function<void()>& step, const std::function<void()>& check) const {
    const bool exists = fs::exists(path());
    const std::string before = exists ? ReadAll(path()) : "";
    for (int calls = 1;; ++calls) {
      SCOPED_TRACE("dies at call " + std::to_string(calls));
      fs::remove(path() + "-journal");
      fs::remove(path());
      if (exists) WriteAll(path(), before);
      const int result = test::RunInChild([&] {
        test::DieAtSqliteCall(calls);
        step();
        return 0;
      });
      check();
      if (result == 0 || HasFailure()) return calls - 1;
      EXPECT_EQ(-SIGKILL, result);
    }
  }
};

TEST_F(StoreKillTest, AKillAtAnyCallOfExtendExtendsOrNot) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  int extended = 0;
  const int deaths = DieAtEachCall(
      [&] {
        std::uint64_t granted = 0;
        EXPECT_SUCCEEDS(store->Extend(MakeKey(1), 510, &granted));
      },
      [&] {
        LeaseRecord seen;
        ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
        EXPECT_EQ(1U, seen.holder);
        EXPECT_EQ(extended > 0 || seen.horizon == 510 ? 510U : 500U, seen.horizon);
        if (seen.horizon == 510) ++extended;
      });
  EXPECT_GT(deaths, 20);
  EXPECT_GE(extended, 2) << "also when it was killed between the commit and its end";
  EXPECT_LE(extended, deaths / 2);
}

TEST_F(StoreKillTest, AKillAtAnyCallOfReleaseGivesBackAllOrNothing) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  const int deaths = DieAtEachCall(
      [&] {
        bool released = false;
        EXPECT_SUCCEEDS(store->Release(MakeKey(1), 70, &released));
      },
      [&] {
        LeaseRecord seen;
        ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
        EXPECT_EQ(seen.holder == 1 ? 500U : 70U, seen.horizon);
      });
  EXPECT_GT(deaths, 20);
}

TEST_F(StoreKillTest, AKillAtAnyCallOfTheFirstStepLeavesAStoreThatCanBeUsed) {
  const int deaths = DieAtEachCall(
      [&] {
        std::unique_ptr<Store> store;
        EXPECT_SUCCEEDS(Open(&store));
      },
      [&] {
        LeaseRecord seen;
        ASSERT_SUCCEEDS(Look(MustOpen().get(), MakeKey(2), &seen));
        EXPECT_FALSE(seen.exists);
      });
  EXPECT_GT(deaths, 10);
}

TEST_F(StoreKillTest, AfterTheJournalIsUnlinkedTheDirectoryIsSynced) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  EXPECT_EQ(0, test::RunInChild([&] {
              std::vector<std::string> calls;
              test::RecordSqliteCalls(&calls);
              std::uint64_t granted = 0;
              EXPECT_SUCCEEDS(store->Extend(MakeKey(1), 600, &granted));
              const auto unlink = std::find(calls.begin(), calls.end(), "unlink");
              EXPECT_NE(calls.end(), unlink);
              EXPECT_EQ(1, std::count(unlink, calls.end(), "openDirectory"));
              EXPECT_EQ(0, std::count(unlink, calls.end(), "pwrite"));
              return 0;
            }));
}

TEST_F(StoreKillTest, AfterKillsAtRandomTheHorizonCoversWhatWasGranted) {
  constexpr int kKills = 120;
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  struct Granted {
    std::atomic<std::uint64_t> horizon;
  };
  const Shared<Granted> granted;
  granted->horizon = 500;
  std::mt19937_64 random(42);
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t child = test::StartChild([&] {
      const auto own = MustOpen();
      for (;;) {
        std::uint64_t horizon = 0;
        if (!own->Extend(MakeKey(1), granted->horizon + 7, &horizon).ok()) return 1;
        granted->horizon = horizon;
      }
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
    ::kill(child, SIGKILL);
    ASSERT_EQ(-SIGKILL, test::WaitForChild(child));
    LeaseRecord seen;
    ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
    ASSERT_GE(seen.horizon, granted->horizon);
    ASSERT_LE(seen.horizon, granted->horizon + 7);
    granted->horizon = seen.horizon;
  }
}

}  // namespace
}  // namespace shmflake
