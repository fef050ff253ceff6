// SPDX-License-Identifier: Apache-2.0
#include "core/thread_index.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/child_process.h"

namespace shmflake::test {
namespace {

TEST(ThreadIndexTest, IsTheThreadsOwnAndStays) {
  const std::uint32_t mine = ThreadIndex();
  EXPECT_NE(0U, mine);
  EXPECT_EQ(mine, ThreadIndex());
}

TEST(ThreadIndexTest, NoTwoThreadsShareOneNorReuseOne) {
  std::mutex mutex;
  std::set<std::uint32_t> seen = {ThreadIndex()};
  for (int round = 0; round < 5; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const std::uint32_t mine = ThreadIndex();
        const std::lock_guard<std::mutex> lock(mutex);
        EXPECT_TRUE(seen.insert(mine).second) << mine;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(41U, seen.size());
}

TEST(ThreadIndexTest, AForkedChildGoesOnWithItsThreadsNumber) {
  const std::uint32_t mine = ThreadIndex();
  EXPECT_EQ(0, RunInChild([&] { return ThreadIndex() == mine ? 0 : 1; }));
}

}  // namespace
}  // namespace shmflake::test
