// SPDX-License-Identifier: Apache-2.0
// 64 processes open at the same moment what does not exist yet.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/kill_point.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"
#include "tests/support/starting_gun.h"

namespace flake::test {
namespace {

constexpr int kRunners = 64;
// Everybody queues up at one lock, in no order.
constexpr std::uint32_t kLongWaitMs = 30'000;

struct Seen {
  std::atomic<std::uint64_t> instance[kRunners];
  std::atomic<int> code[kRunners];
};

class CreateRace : public ::testing::Test {
 protected:
  CreateRace() : options_(box_.Options()) { options_.wait_timeout_ms = kLongWaitMs; }
  ~CreateRace() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }

  // What runner `i` does after the shot: opens, notes the instance, draws 11 IDs.
  int OpenAndDraw(int i) {
    const std::size_t at = static_cast<std::size_t>(i);
    int code = 0;
    const Flake flake = box_.Open(&code, &options_);
    if (Expect(0, code) != kGood) return kBad;
    seen_->instance[at] = InstanceOf(flake.get());
    Drawer drawer(flake.get(), log_);
    if (Expect(0, drawer.Times(6)) != kGood) return kBad;
    return Expect(0, drawer.NextN(5));
  }

  [[nodiscard]] std::set<std::uint64_t> Instances() const {
    std::set<std::uint64_t> all;
    for (const auto& instance : seen_->instance) all.insert(instance.load());
    all.erase(0);
    return all;
  }

  // One region, one lock file, one store, and what the sandbox itself made. A creator that was
  // killed between naming a new region and replacing the old one leaves it under its other name.
  void ExpectNothingLeftOver() const {
    EXPECT_EQ("default.region", box_.ListRegions());
    std::vector<std::string> state;
    for (const auto& entry : std::filesystem::directory_iterator(box_.state)) {
      state.push_back(entry.path().filename());
    }
    EXPECT_EQ(3U, state.size()) << ::testing::PrintToString(state);
    EXPECT_EQ(1, std::count(state.begin(), state.end(), "default.lock"));
    EXPECT_EQ(1, std::count(state.begin(), state.end(), "empty.toml"));
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
  Shared<Seen> seen_;
};

class CreateRaceRound : public CreateRace, public ::testing::WithParamInterface<int> {};

TEST_P(CreateRaceRound, AllOpenOneRegionAndDrawFromIt) {
  StartingGun gun;
  std::vector<Process> runners;
  for (int i = 0; i < kRunners; ++i) {
    runners.emplace_back([&, i] {
      gun.Wait();
      return OpenAndDraw(i);
    });
  }
  ASSERT_TRUE(gun.Fire(kRunners));
  for (Process& runner : runners) EXPECT_EQ(kGood, runner.Wait());
  EXPECT_EQ(1U, Instances().size());
  EXPECT_EQ(kRunners * 11U, log_.size());
  ExpectNothingLeftOver();
}

// Half of them die: some wherever a killer meets them, some at a named point of the opening, so
// that creators are surely among them.
TEST_P(CreateRaceRound, SurvivorsOfAKillingShareOneRegion) {
  const std::vector<std::string> points = {
      "kCreateMutexHeld",  "kCreateNobodyAttached", "kCreateLeased", "kCreateFileOpened",
      "kCreateSpaceTaken", "kCreateFilled",         "kCreateLocked", "kCreatePublished",
      "kAttachOpened",     "kAttachHeaderRead",     "kAttachLocked", "kAttachVerified",
      "kAttachMapped",     "kSlotLocked",           "kSlotClaimed",  "kDrawAfterCas"};
  Random random(static_cast<std::uint64_t>(NowMs()));
  StartingGun gun;
  std::vector<Process> runners;
  for (int i = 0; i < kRunners; ++i) {
    const bool dies_at_a_point = i % 4 == 1;
    const std::string point = points[random.Below(points.size())];
    runners.emplace_back([&, i] {
      if (dies_at_a_point) ArmPoint(point, 1, KillMyself);
      gun.Wait();
      return OpenAndDraw(i);
    });
  }
  ASSERT_TRUE(gun.Fire(kRunners));
  for (std::size_t i = 3; i < runners.size(); i += 4) {
    ::usleep(static_cast<useconds_t>(random.Below(6'000)));
    runners[i].Signal(SIGKILL);
  }
  for (std::size_t i = 0; i < runners.size(); ++i) {
    const int ended = runners[i].Wait();
    const bool survivor = i % 2 == 0;
    EXPECT_TRUE(ended == kGood || (!survivor && ended == -SIGKILL)) << i << ": " << ended;
  }
  EXPECT_EQ(1U, Instances().size());
  EXPECT_GE(log_.size(), kRunners / 2 * 11U);
  ExpectNothingLeftOver();
}

INSTANTIATE_TEST_SUITE_P(Rounds, CreateRaceRound, ::testing::Range(1, 5));

TEST_F(CreateRace, OneThatRetiresInBetweenFailsNobody) {
  StartingGun gun;
  Shared<std::atomic<bool>> stop;
  Shared<std::atomic<int>> retired;
  Process retirer([&] {
    gun.Wait();
    while (!stop->load()) {
      const int code = box_.Retire(kLongWaitMs);
      if (code != SHMFLAKE_E_NOT_FOUND && Expect(0, code) != kGood) return kBad;
      if (code == 0) retired->fetch_add(1);
      SleepMs(3);
    }
    return kGood;
  });
  std::vector<Process> runners;
  for (int i = 0; i < kRunners; ++i) {
    runners.emplace_back([&, i] {
      gun.Wait();
      if (OpenAndDraw(i) != kGood) return kBad;
      const Flake flake = box_.MustOpen(&options_);
      Drawer drawer(flake.get(), log_);
      for (int round = 0; round < 20; ++round) {  // so many that two living regions would clash
        if (Expect(0, drawer.NextN(200)) != kGood) return kBad;
        SleepMs(1);
      }
      return kGood;
    });
  }
  ASSERT_TRUE(gun.Fire(kRunners + 1));
  for (Process& runner : runners) EXPECT_EQ(kGood, runner.Wait(60'000));
  stop->store(true);
  EXPECT_EQ(kGood, retirer.Wait());
  EXPECT_GT(retired->load(), 0);
  EXPECT_EQ(kRunners * 4011U, log_.size());
  const int last = box_.Retire(kLongWaitMs);
  EXPECT_TRUE(last == 0 || last == SHMFLAKE_E_NOT_FOUND) << last;
  EXPECT_EQ("", box_.ListRegions());
}

// 64 regions at once, each a transaction on the one store: with a namespace of its own each (a lock
// file each) and in one namespace (one lock file for all).
class ManyCreations : public ::testing::TestWithParam<bool> {
 protected:
  ManyCreations() : options_(box_.Options()) {
    if (GetParam()) options_.id_namespace = "fleet";
  }
  ~ManyCreations() override { EXPECT_EQ(0U, log_.CountRepeats()); }

  void OpenAll(std::uint32_t wait_timeout_ms, Seen& seen) {
    options_.wait_timeout_ms = wait_timeout_ms;
    StartingGun gun;
    std::vector<Process> runners;
    for (int i = 0; i < kRunners; ++i) {
      runners.emplace_back([&, i] {
        const std::size_t at = static_cast<std::size_t>(i);
        const std::string name = "region" + std::to_string(i);
        options_.worker_id = static_cast<std::uint32_t>(i);
        options_.set |= SHMFLAKE_SET_WORKER_ID;  // 0 is meant
        gun.Wait();
        int code = 0;
        const Flake flake = box_.Open(&code, &options_, name.c_str());
        seen.code[at] = code;
        if (flake == nullptr) {
          const bool says_why = *shmflake_last_error() != '\0';
          return says_why ? kGood : kBad;
        }
        seen.instance[at] = InstanceOf(flake.get());
        Drawer drawer(flake.get(), log_, Order::kRelaxed);  // no order between regions
        return Expect(0, drawer.Times(20));
      });
    }
    ASSERT_TRUE(gun.Fire(kRunners));
    for (Process& runner : runners) EXPECT_EQ(kGood, runner.Wait(60'000));
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(ManyCreations, AllSucceedWhenTheyMayWait) {
  Shared<Seen> seen;
  OpenAll(kLongWaitMs, *seen);
  std::set<std::uint64_t> instances;
  for (std::size_t i = 0; i < kRunners; ++i) {
    EXPECT_EQ(0, seen->code[i].load()) << i << ": " << shmflake_error_name(seen->code[i].load());
    instances.insert(seen->instance[i].load());
  }
  EXPECT_EQ(static_cast<std::size_t>(kRunners), instances.size());
  EXPECT_EQ(kRunners * 20U, log_.size());
}

TEST_P(ManyCreations, WhoMayHardlyWaitFailsWithTheRightCodeAndSucceedsLater) {
  Shared<Seen> first;
  OpenAll(1, *first);
  for (std::size_t i = 0; i < kRunners; ++i) {
    const int code = first->code[i].load();
    EXPECT_TRUE(code == 0 || code == SHMFLAKE_E_TIMEOUT || code == SHMFLAKE_E_STORE_LOCKED)
        << i << ": " << shmflake_error_name(code);
  }
  Shared<Seen> second;
  OpenAll(kLongWaitMs, *second);
  for (std::size_t i = 0; i < kRunners; ++i) {
    EXPECT_EQ(0, second->code[i].load()) << i << ": " << shmflake_error_name(second->code[i]);
    if (first->code[i].load() == 0) {
      EXPECT_EQ(first->instance[i].load(), second->instance[i].load());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Namespaces, ManyCreations, ::testing::Bool(),
                         [](const auto& shared) { return shared.param ? "OneForAll" : "OneEach"; });

}  // namespace
}  // namespace flake::test
