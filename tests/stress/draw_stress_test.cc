// SPDX-License-Identifier: Apache-2.0
// Threads on one word: every value that a step gave is counted, none comes twice. For the
// sanitizers, above all.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/sequence.h"

namespace shmflake {
namespace {

constexpr int kThreads = 4;
constexpr std::size_t kEach = 200'000;

class DrawStress : public ::testing::Test {
 protected:
  using Values = std::vector<std::uint64_t>;

  DrawStress() { word_.InitRelaxed(format_.StateOf(kStartTick, 0) - 1); }

  // Runs `draw(thread, values)` in each thread until each has kEach values.
  template <typename Draw>
  void Run(Draw draw) {
    std::vector<Values> drawn(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        drawn[i].reserve(kEach + 256);
        while (drawn[i].size() < kEach) draw(i, &drawn[i]);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (Values& values : drawn) {
      EXPECT_TRUE(std::is_sorted(values.begin(), values.end())) << "each thread's values ascend";
      all_.insert(all_.end(), values.begin(), values.end());
    }
    std::sort(all_.begin(), all_.end());
    EXPECT_EQ(all_.end(), std::adjacent_find(all_.begin(), all_.end())) << "one came twice";
  }

  // A clock that all threads push on.
  [[nodiscard]] DrawBounds Bounds() {
    DrawBounds bounds;
    bounds.now = kStartTick + readings_.fetch_add(1, std::memory_order_relaxed) / 64;
    bounds.spread = SpreadOf(format_, bounds.now, 1, true);
    bounds.floor = 1;
    bounds.ahead_end = bounds.ceiling = format_.state_end();
    return bounds;
  }
  Block Draw(std::uint64_t want, bool within_tick) {
    Block block;
    std::uint64_t seen = 0;
    EXPECT_EQ(DrawResult::kDrawn,
              DrawBlock(word_, format_, Bounds(), want, within_tick, &block, &seen));
    return block;
  }

  static constexpr std::uint64_t kStartTick = 1'000'000;
  IdFormat format_;
  StateWord word_{};
  std::atomic<std::uint64_t> readings_{0};
  Values all_;
};

void Append(const Block& block, std::vector<std::uint64_t>* values) {
  for (std::uint64_t i = 0; i < block.count; ++i) values->push_back(block.first + i);
}

TEST_F(DrawStress, BlocksOfAllSizesNeverOverlap) {
  Run([&](std::size_t thread, Values* values) {
    Append(Draw(1 + (values->size() + thread) % 7, values->size() % 2 == 0), values);
  });
}

TEST_F(DrawStress, SingleStepsAndAdditionsMixAndLoseNothing) {
  Run([&](std::size_t thread, Values* values) {
    if ((values->size() + thread) % 16 == 0) {
      Append(Draw(1, false), values);
    } else {
      values->push_back(word_.FetchAddRelaxed(1) + 1);
    }
  });
  EXPECT_GE(all_.size(), kThreads * kEach);
  EXPECT_EQ(all_.back(), word_.LoadRelaxed());
}

TEST_F(DrawStress, WithinOneTickEveryValueIsHandedOut) {
  // No fresh tick, no gap: what the word rose by is what was counted.
  const std::uint64_t before = word_.LoadRelaxed();
  Run([&](std::size_t thread, Values* values) {
    if ((values->size() + thread) % 3 != 0) {
      values->push_back(word_.FetchAddRelaxed(1) + 1);
      return;
    }
    DrawBounds bounds = Bounds();
    bounds.now = 5;
    Block block;
    std::uint64_t seen = 0;
    ASSERT_EQ(DrawResult::kDrawn, DrawBlock(word_, format_, bounds, 5, false, &block, &seen));
    Append(block, values);
  });
  EXPECT_EQ(word_.LoadRelaxed() - before, all_.size());
  EXPECT_EQ(before + 1, all_.front());
}

// One process's threads share a block; another process draws from the word meanwhile.
TEST_F(DrawStress, ThreadsThatShareALocalBlockNeverTakeOneValueTwice) {
  LocalBlock shared{};
  std::vector<Values> by_thread(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      while (by_thread[i].size() < kEach) {
        std::uint64_t value = 0;
        if (i == 0) {
          by_thread[i].push_back(word_.FetchAddRelaxed(1) + 1);
        } else if (shared.Take(0, &value)) {
          by_thread[i].push_back(value);
        } else {
          const Block block = Draw(3, true);  // short, so that its end is met often
          shared.Raise(block);
          by_thread[i].push_back(block.first);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Values& values : by_thread) all_.insert(all_.end(), values.begin(), values.end());
  std::sort(all_.begin(), all_.end());
  EXPECT_EQ(all_.end(), std::adjacent_find(all_.begin(), all_.end())) << "one came twice";
  EXPECT_EQ(kThreads * kEach, all_.size());
  EXPECT_LE(all_.back(), word_.LoadRelaxed());
}

TEST_F(DrawStress, NothingIsIssuedAfterTheRetirementThatToldTheLastValue) {
  for (int round = 0; round < 50; ++round) {
    word_.InitRelaxed(format_.StateOf(kStartTick, 0));
    std::atomic<bool> go{false};
    std::atomic<std::uint64_t> highest{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
        std::uint64_t mine = 0;
        for (;;) {
          std::uint64_t value = 0;
          if (i == 0) {
            value = word_.FetchAddRelaxed(1) + 1;
            if (value >= format_.state_end()) break;
          } else {
            DrawBounds bounds = Bounds();
            bounds.now = kStartTick;
            Block block;
            std::uint64_t seen = 0;
            if (DrawBlock(word_, format_, bounds, 3, false, &block, &seen) != DrawResult::kDrawn) {
              break;
            }
            value = block.first + block.count - 1;
          }
          mine = value;
        }
        std::uint64_t old = highest.load();
        while (old < mine && !highest.compare_exchange_weak(old, mine)) {
        }
      });
    }
    go.store(true, std::memory_order_release);
    for (int i = 0; i < round % 5; ++i) std::this_thread::yield();
    const std::uint64_t last = word_.RetireRelaxed();
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(highest.load(), last);
  }
}

TEST_F(DrawStress, ALiftIsNeverLostAndNeverPullsBack) {
  Run([&](std::size_t thread, Values* values) {
    if (thread == 0 && values->size() % 100 == 0) {
      const std::uint64_t target = word_.LoadRelaxed() + 500;
      EXPECT_EQ(DrawResult::kDrawn, Lift(word_, target));
      EXPECT_GE(word_.LoadRelaxed(), target);
    }
    Append(Draw(1, false), values);
  });
}

}  // namespace
}  // namespace shmflake
