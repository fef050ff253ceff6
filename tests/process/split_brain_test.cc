// SPDX-License-Identifier: Apache-2.0
// The region file is removed, replaced, truncated or overwritten under running processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/refused.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

constexpr std::size_t kDrawers = 3;

class SplitBrain : public ::testing::Test {
 protected:
  // Processes that draw until stop, each as fast as it can. What they may meet: REGION_LOST from
  // try_next, and from next the codes in `allowed`.
  void StartDrawers(std::vector<int> allowed) {
    for (std::size_t i = 0; i < kDrawers; ++i) {
      drawers_.emplace_back([this, allowed] {
        const Flake flake = box_.MustOpen();
        Drawer drawer(flake.get(), log_);
        ready_->fetch_add(1);
        while (!stop_->load()) {
          const int tried = drawer.TryNext();
          if (tried != 0 && tried != SHMFLAKE_E_REGION_LOST && tried != SHMFLAKE_E_RETIRED &&
              tried != SHMFLAKE_E_EXHAUSTED && tried != SHMFLAKE_E_CEILING) {
            return Expect(0, tried);
          }
          const int code = drawer.Next();
          if (code != 0 && std::find(allowed.begin(), allowed.end(), code) == allowed.end()) {
            return Expect(0, code);
          }
          if (code == 0) drawn_->fetch_add(1, std::memory_order_relaxed);
          if (code != 0) SleepMs(1);
        }
        return kGood;
      });
    }
    ASSERT_TRUE(Eventually([&] { return ready_->load() == static_cast<int>(kDrawers); }));
    SleepMs(30);
  }

  void EndDrawers() {
    stop_->store(true);
    for (Process& drawer : drawers_) EXPECT_EQ(kGood, drawer.Wait());
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }

  // A newcomer that tries until it may come in, and draws.
  int Newcomer() {
    Process newcomer([&] {
      int code = 0;
      Flake flake;
      const bool came = Eventually([&] {
        flake = box_.Open(&code);
        return flake != nullptr || code != SHMFLAKE_E_SPLIT_BRAIN;
      });
      if (!came || flake == nullptr) return Expect(0, code);
      Drawer drawer(flake.get(), log_);
      return Expect(0, drawer.Times(1000));
    });
    return newcomer.Wait();
  }

  Sandbox box_;
  IdLog log_{std::size_t{1} << 26};
  Shared<std::atomic<bool>> stop_;
  Shared<std::atomic<int>> ready_;
  Shared<std::atomic<std::uint64_t>> drawn_;
  std::vector<Process> drawers_;
};

TEST_F(SplitBrain, ProcessesWhoseRegionFileIsRemovedFollowToANewOneWithoutARepeat) {
  StartDrawers({SHMFLAKE_E_SPLIT_BRAIN});
  for (int round = 0; round < 10; ++round) {
    box_.RemoveRegion();
    EXPECT_EQ(kGood, Newcomer());
    const std::uint64_t before = drawn_->load();
    EXPECT_TRUE(Eventually([&] { return drawn_->load() > before + 100; }));
  }
  EndDrawers();
}

// A backup that was copied back, say. It bears a living region's identity and an old state word.
TEST_F(SplitBrain, ACopyOfTheRegionInItsPlaceGivesNoRepeat) {
  StartDrawers({SHMFLAKE_E_SPLIT_BRAIN, SHMFLAKE_E_REGION_LOST, SHMFLAKE_E_HEADER,
                SHMFLAKE_E_CHECKSUM, SHMFLAKE_E_LEASE_LOST});
  const std::string copy = box_.regions + "/copy";
  for (int round = 0; round < 10; ++round) {
    std::error_code error;
    std::filesystem::copy_file(box_.region, copy, error);
    if (error) break;
    std::filesystem::rename(copy, box_.region);
    (void)Newcomer();  // comes in or is refused
    SleepMs(30);
    if (round % 2 == 1) box_.RemoveRegion();
    SleepMs(30);
  }
  EndDrawers();
}

TEST_F(SplitBrain, AnOlderStateOfTheRegionWrittenOverItInPlaceGivesNoRepeat) {
  {
    const Flake first = box_.MustOpen();
    Drawer d(first.get(), log_);
    (void)d.Times(10);
  }
  const std::string copy = box_.state + "/copy";
  StartDrawers({SHMFLAKE_E_SPLIT_BRAIN, SHMFLAKE_E_REGION_LOST, SHMFLAKE_E_HEADER,
                SHMFLAKE_E_TRUNCATED, SHMFLAKE_E_CHECKSUM, SHMFLAKE_E_LEASE_LOST});
  std::filesystem::copy_file(box_.region, copy);
  for (int round = 0; round < 10; ++round) {
    std::string bytes;
    {
      std::ifstream in(copy, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    const int fd = ::open(box_.region.c_str(), O_RDWR | (round % 2 ? O_TRUNC : 0));
    if (::pwrite(fd, bytes.data(), bytes.size(), 0) < 0) break;
    ::close(fd);
    SleepMs(60);
    std::filesystem::copy_file(box_.region, copy,
                               std::filesystem::copy_options::overwrite_existing);
    SleepMs(60);
  }
  EndDrawers();
}

// Processes that have a region open and do not draw, so that they do not notice what is done to it.
class Bystanders : public ::testing::Test {
 protected:
  void Start(int count, const shmflake_options& options, const char* name = nullptr) {
    const int before = ready_->load();
    for (int i = 0; i < count; ++i) {
      processes_.emplace_back([&, name] {
        int code = 0;
        const Flake flake = box_.Open(&code, &options, name);
        if (flake == nullptr) return Expect(0, code);
        ready_->fetch_add(1);
        while (!draw_->load()) SleepMs(1);
        Drawer drawer(flake.get(), log_);
        return Expect(0, drawer.Times(100));
      });
    }
    ASSERT_TRUE(Eventually([&] { return ready_->load() == before + count; }));
  }
  // "pid 123 (" of each.
  [[nodiscard]] std::vector<std::string> Pids() const {
    std::vector<std::string> pids;
    for (const Process& process : processes_) {
      pids.push_back("pid " + std::to_string(process.pid()) + " (");
    }
    return pids;
  }
  void LetDraw() {
    draw_->store(true);
    for (Process& process : processes_) EXPECT_EQ(kGood, process.Wait());
    processes_.clear();
    EXPECT_EQ(0U, log_.CountRepeats());
  }

  Sandbox box_;
  IdLog log_;
  Shared<std::atomic<bool>> draw_;
  Shared<std::atomic<int>> ready_;
  std::vector<Process> processes_;
};

TEST_F(Bystanders, ANewcomerToARemovedRegionIsToldThePidsOfAllWhoStillUseIt) {
  const shmflake_options options = box_.Options();
  Start(3, options);
  box_.RemoveRegion();
  std::vector<std::string> parts = Pids();
  parts.push_back(box_.region);
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_SPLIT_BRAIN, box_, parts));
  // One that ended is not named, and the others are still in the way.
  const std::string ended = Pids()[0];
  processes_[0].Kill();
  processes_.erase(processes_.begin());
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_SPLIT_BRAIN, box_, Pids()));
  EXPECT_EQ(std::string::npos, std::string(shmflake_last_error()).find(ended));
  EXPECT_EQ("", box_.ListRegions());
  LetDraw();  // as the message says: they notice, and make room
  EXPECT_NE(nullptr, box_.Open()) << shmflake_last_error();
}

TEST_F(Bystanders, AStoppedProcessIsInTheWayAndNamedUntilItIsKilled) {
  const shmflake_options options = box_.Options();
  Start(1, options);
  processes_[0].Signal(SIGSTOP);
  ASSERT_TRUE(processes_[0].WaitForStop());
  box_.RemoveRegion();
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_SPLIT_BRAIN, box_, Pids()));
  processes_.clear();
  const Flake next = box_.MustOpen();
  Drawer drawer(next.get(), log_);
  EXPECT_EQ(0, drawer.Times(100));
}

TEST_F(Bystanders, AnotherRegionWithTheSameWorkerIdIsToldWhichRegionHoldsItAndWhoUsesIt) {
  shmflake_options options = box_.Options();
  options.id_namespace = "fleet";
  options.worker_id = 17;
  Start(2, options, "orders");
  std::vector<std::string> parts = Pids();
  parts.insert(parts.end(), {"worker_id 17", "orders"});
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_WORKER_HELD, box_, parts, &options, "invoices"));
  EXPECT_EQ("orders.region", box_.ListRegions());
  // What the message offers.
  options.worker_id = 18;
  int code = 0;
  EXPECT_NE(nullptr, box_.Open(&code, &options, "invoices")) << shmflake_last_error();
  options.worker_id = 17;
  options.id_namespace = "elsewhere";
  EXPECT_NE(nullptr, box_.Open(&code, &options, "payments")) << shmflake_last_error();
  LetDraw();
}

TEST_F(Bystanders, AnotherStateDirectoryForTheSameRegionIsRefusedWithBothWaysOut) {
  const Sandbox other;
  shmflake_options options = box_.Options();
  Start(1, options);
  options.state_directory = other.state.c_str();
  const std::vector<std::string> parts = {other.state, "SHMFLAKE_STATE_DIR", "retire"};
  // One that nobody used yet, and one of other regions.
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STATE_CHANGED, box_, parts, &options));
  { const Flake others = other.MustOpen(); }
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STATE_CHANGED, box_, parts, &options));
  EXPECT_EQ("default.region", box_.ListRegions());
  EXPECT_NE(nullptr, box_.Open()) << shmflake_last_error();
  LetDraw();
}

}  // namespace
}  // namespace flake::test
