// SPDX-License-Identifier: Apache-2.0
// Threads on one handle and on several, with the real clock, through extensions and retirements.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/generator.h"
#include "tests/support/expect_status.h"
#include "tests/support/test_settings.h"

namespace shmflake::test {
namespace {

class GeneratorStress : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::unique_ptr<Generator> MustOpen(bool background_thread = false) {
    Options options = place_.MakeOptions();
    options.ordering = GetParam();
    options.horizon_ms = 100;
    options.background_thread = background_thread;
    options.wait_timeout_ms = 20'000;
    settings_ = place_.Resolve(options);
    auto generator = std::make_unique<Generator>(settings_, nullptr);
    const Status status = generator->Open(false);
    if (!status.ok()) throw std::runtime_error(status.message());
    return generator;
  }
  void ExpectNoRepeat(const std::vector<std::vector<std::uint64_t>>& drawn) {
    std::vector<std::uint64_t> all;
    for (const auto& ids : drawn) all.insert(all.end(), ids.begin(), ids.end());
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all.end(), std::adjacent_find(all.begin(), all.end())) << "an ID came twice";
  }

  TestPlace place_;
  Settings settings_;
};

TEST_P(GeneratorStress, ThreadsOnOneHandleNeverGetOneIdTwice) {
  const auto generator = MustOpen();
  std::vector<std::vector<std::uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 30'000; ++n) {
        std::uint64_t id = 0;
        ASSERT_SUCCEEDS(generator->Next(&id));
        drawn[i].push_back(id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectNoRepeat(drawn);
  EXPECT_EQ(120'000U, SumSlots(generator->current().image().slots).ids) << "all were counted";
}

TEST_P(GeneratorStress, RetirementsUnderThreadsAreFollowedWithoutARepeat) {
  const auto first = MustOpen();
  const auto second = MustOpen(true);
  std::atomic<bool> stop{false};
  std::vector<std::vector<std::uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    threads.emplace_back([&, i] {
      Generator* generator = i % 2 == 0 ? first.get() : second.get();
      while (!stop.load(std::memory_order_relaxed)) {
        std::uint64_t ids[16];
        std::size_t filled = 1;
        if (drawn[i].size() % 2 == 0) {
          ASSERT_SUCCEEDS(generator->Next(&ids[0]));
        } else {
          ASSERT_SUCCEEDS(generator->NextN(ids, 16, &filled));
        }
        drawn[i].insert(drawn[i].end(), ids, ids + filled);
        if (drawn[i].size() > 300'000) SleepNs(1'000'000);
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    SleepNs(50'000'000);
    // NOT_FOUND: the last one was retired, and nobody has followed yet.
    const Status status = RetireByName(settings_, SystemClock(), nullptr);
    EXPECT_TRUE(status.ok() || status.code() == Code::NOT_FOUND) << status.message();
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  ExpectNoRepeat(drawn);
}

INSTANTIATE_TEST_SUITE_P(Orderings, GeneratorStress, ::testing::Values("strict", "relaxed"));

TEST(StoreErrorNoteStress, IsReadWholeOrNotAtAll) {
  StoreErrorNote note;
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b'}) {
    writers.emplace_back([&, letter] {
      while (!stop.load(std::memory_order_relaxed)) note.Write(std::string(150, letter));
    });
  }
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = note.Read();
    if (text.empty()) continue;
    ASSERT_EQ(std::string(150, text[0]), text);
  }
  stop.store(true);
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace shmflake::test
