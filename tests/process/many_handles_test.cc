// SPDX-License-Identifier: Apache-2.0
// More handles and more processes than a region has slots; and many regions in one process.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"
#include "tests/support/starting_gun.h"

namespace flake::test {
namespace {

constexpr std::size_t kHandles = 300;
constexpr int kProcesses = 300;

// Two descriptors a handle, and the test's own.
bool MayOpenEnoughFiles() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= 2 * kHandles + 100;
}

std::ptrdiff_t CountDescriptors() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return std::distance(begin, std::filesystem::directory_iterator());
}

class ManyHandles : public ::testing::TestWithParam<Order> {
 protected:
  ManyHandles() : options_(box_.Options()) {
    options_.ordering =
        GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
    options_.wait_timeout_ms = 30'000;
    options_.horizon_ms = 200;
  }
  ~ManyHandles() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }

  // Closes the handles in random order and draws on those that are left.
  int DrawAndClose(std::vector<Flake> handles, Order order, std::uint64_t seed) {
    Random random(seed);
    while (!handles.empty()) {
      for (int i = 0; i < 20; ++i) {
        Drawer drawer(handles[random.Below(handles.size())].get(), log_, order);
        const int code = i % 8 == 0 ? drawer.NextN(3) : drawer.Next();
        if (Expect(0, code) != kGood) return kBad;
      }
      std::swap(handles[random.Below(handles.size())], handles.back());
      handles.pop_back();
    }
    return kGood;
  }

  // Three threads, each with a third of the handles.
  int DrawAndCloseOnThreads(std::vector<Flake> handles, Order order) {
    std::atomic<int> result{kGood};
    std::vector<std::thread> threads;
    const auto third = static_cast<std::ptrdiff_t>(handles.size() / 3);
    for (std::ptrdiff_t i = 0; i < 3; ++i) {
      const auto from = handles.begin() + i * third;
      const auto end = i == 2 ? handles.end() : from + third;
      std::vector<Flake> share(std::make_move_iterator(from), std::make_move_iterator(end));
      threads.emplace_back([&, i, mine = std::move(share)]() mutable {
        const int code = DrawAndClose(std::move(mine), order, static_cast<std::uint64_t>(i));
        if (code != kGood) result = code;
      });
    }
    for (std::thread& thread : threads) thread.join();
    return result;
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(ManyHandles, OfOneProcessOnOneRegionDrawAndCloseInAnyOrder) {
  if (!MayOpenEnoughFiles()) GTEST_SKIP() << "RLIMIT_NOFILE is too low";
  Shared<std::atomic<bool>> stop;
  std::vector<Process> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      const Flake flake = box_.MustOpen(&options_);
      Drawer drawer(flake.get(), log_, GetParam());
      while (!stop->load()) {
        if (Expect(0, drawer.Next()) != kGood) return kBad;
        SleepMs(1);
      }
      return kGood;
    });
  }
  Process many([&] {
    const std::ptrdiff_t before = CountDescriptors();
    std::vector<Flake> handles;
    for (std::size_t i = 0; i < kHandles; ++i) handles.push_back(box_.MustOpen(&options_));
    const shmflake_status_info status = StatusOf(handles.front().get());
    std::size_t listed = 0;
    if (Expect(0, shmflake_processes(handles.back().get(), nullptr, 0, &listed)) != kGood ||
        status.slots_used != status.slots || listed != status.slots) {
      std::fprintf(stderr, "%u of %u slots, %zu listed\n", status.slots_used, status.slots, listed);
      return kBad;
    }
    if (DrawAndCloseOnThreads(std::move(handles), GetParam()) != kGood) return kBad;
    const Flake last = box_.MustOpen(&options_);
    const std::uint32_t used = StatusOf(last.get()).slots_used;
    if (used > 3) std::fprintf(stderr, "%u slots are still used\n", used);
    return used <= 3 && CountDescriptors() <= before + 2 ? kGood : kBad;
  });
  EXPECT_EQ(kGood, many.Wait(60'000));
  stop->store(true);
  for (Process& other : others) EXPECT_EQ(kGood, other.Wait());
  EXPECT_GT(log_.size(), kHandles * 20);
}

// A worker ID each, so that an ID that two of them issue is a repeat.
TEST_P(ManyHandles, OfOneProcessOnAsManyRegionsDrawAndCloseInAnyOrder) {
  if (!MayOpenEnoughFiles()) GTEST_SKIP() << "RLIMIT_NOFILE is too low";
  options_.store = "none";  // 300 transactions are store_race_test.cc's matter
  options_.worker_id_bits = 10;
  struct statvfs space {};
  {
    const Flake probe = box_.MustOpen(&options_);
    ASSERT_EQ(0, ::statvfs(box_.regions.c_str(), &space));
    if (space.f_bavail * space.f_frsize < kHandles * StatusOf(probe.get()).region_size) {
      GTEST_SKIP() << "too little space in " << box_.regions;
    }
  }
  box_.RemoveRegion();
  Process many([&] {
    const std::ptrdiff_t before = CountDescriptors();
    std::vector<Flake> handles;
    for (std::size_t i = 0; i < kHandles; ++i) {
      options_.worker_id = static_cast<std::uint32_t>(i);
      options_.set = SHMFLAKE_SET_WORKER_ID;
      int code = 0;
      handles.push_back(box_.Open(&code, &options_, ("region" + std::to_string(i)).c_str()));
      if (Expect(0, code) != kGood) return kBad;
    }
    // No order between regions.
    if (DrawAndCloseOnThreads(std::move(handles), Order::kRelaxed) != kGood) return kBad;
    return CountDescriptors() == before ? kGood : kBad;
  });
  EXPECT_EQ(kGood, many.Wait(60'000));
  EXPECT_GT(log_.size(), kHandles * 20);
}

TEST_P(ManyHandles, ProcessesWithoutASlotDrawWithoutCountersAndTheDeadMakeRoom) {
  options_.horizon_ms = 60'000;  // the store is not the matter here
  const Flake watcher = box_.MustOpen(&options_);
  StartingGun all_attached;
  Shared<std::atomic<bool>> end;
  Shared<std::atomic<int>> done;
  std::vector<Process> processes;
  for (int i = 0; i < kProcesses; ++i) {
    processes.emplace_back([&] {
      const Flake flake = box_.MustOpen(&options_);
      Drawer drawer(flake.get(), log_, GetParam());
      if (Expect(0, drawer.Times(3)) != kGood) return kBad;
      all_attached.Wait();
      if (Expect(0, drawer.Times(10)) != kGood || Expect(0, drawer.NextN(10)) != kGood) return kBad;
      done->fetch_add(1);
      while (!end->load()) SleepMs(5);
      return Expect(0, drawer.Times(2));
    });
  }
  ASSERT_TRUE(all_attached.Fire(kProcesses));
  ASSERT_TRUE(Eventually([&] { return done->load() == kProcesses; }, 30'000));
  EXPECT_EQ(kProcesses * 23U, log_.size());
  const shmflake_status_info full = StatusOf(watcher.get());
  EXPECT_EQ(full.slots, full.slots_used);
  EXPECT_LT(full.ids_issued, log_.size());  // those without a slot are not counted
  EXPECT_GE(full.ids_issued, (full.slots - 1) * 23U);

  // Half die; of these nothing is in the way of a newcomer, who is counted again.
  for (int i = 0; i < kProcesses; i += 2) processes[static_cast<std::size_t>(i)].Kill();
  const shmflake_status_info fewer = StatusOf(watcher.get());
  EXPECT_LE(fewer.slots_used, kProcesses / 2 + 1U);
  EXPECT_GE(fewer.ids_issued, full.ids_issued);
  const Flake newcomer = box_.MustOpen(&options_);
  Drawer drawer(newcomer.get(), log_, GetParam());
  EXPECT_EQ(0, drawer.Times(7));
  EXPECT_GE(StatusOf(watcher.get()).ids_issued, full.ids_issued + 7);

  end->store(true);
  for (Process& process : processes) {
    if (process.running()) {
      EXPECT_EQ(kGood, process.Wait());
    }
  }
  EXPECT_EQ(2U, StatusOf(watcher.get()).slots_used);
}

INSTANTIATE_TEST_SUITE_P(Orderings, ManyHandles, ::testing::Values(Order::kStrict, Order::kRelaxed),
                         [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
