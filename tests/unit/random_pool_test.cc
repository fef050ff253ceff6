// SPDX-License-Identifier: Apache-2.0
#include "core/random_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/child_process.h"

namespace shmflake::test {
namespace {

constexpr int kWords = 4;

// What a child would hand out next; in memory that the parent sees.
class FromChild {
 public:
  FromChild() {
    void* memory = ::mmap(nullptr, kWords * sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    words_ = static_cast<std::uint64_t*>(memory);
  }
  ~FromChild() { ::munmap(words_, kWords * sizeof(std::uint64_t)); }
  void Draw() const {
    for (int i = 0; i < kWords; ++i) words_[i] = PooledRandom();
  }
  [[nodiscard]] std::vector<std::uint64_t> words() const { return {words_, words_ + kWords}; }

 private:
  std::uint64_t* words_;
};

std::vector<std::uint64_t> Next() {
  std::vector<std::uint64_t> words;
  for (int i = 0; i < kWords; ++i) words.push_back(PooledRandom());
  return words;
}

void ExpectDisjoint(const std::vector<std::uint64_t>& one, const std::vector<std::uint64_t>& two) {
  for (const std::uint64_t word : one) {
    EXPECT_NE(0U, word);
    EXPECT_EQ(0, std::count(two.begin(), two.end(), word));
  }
}

TEST(RandomPool, WordsAreNeverTheSameOverManyFillings) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(seen.insert(PooledRandom()).second);
}

TEST(RandomPool, EveryBitIsSetHalfOfTheTime) {
  constexpr int kDraws = 200'000;
  int ones[64] = {};
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t word = PooledRandom();
    for (unsigned bit = 0; bit < 64; ++bit) ones[bit] += static_cast<int>(word >> bit & 1);
  }
  // Six standard deviations: one wrong alarm in 10^7 runs.
  const double bound = 6 * std::sqrt(kDraws / 4.0);
  for (const int count : ones) EXPECT_NEAR(kDraws / 2.0, count, bound);
}

TEST(RandomPool, AChildHandsOutOthersThanItsParent) {
  (void)PooledRandom();  // there is a page
  const FromChild child;
  ASSERT_EQ(0, RunInChild([&] {
              child.Draw();
              return 0;
            }));
  ExpectDisjoint(child.words(), Next());
}

TEST(RandomPool, TheChildOfARawCloneHandsOutOthersToo) {
  (void)PooledRandom();
  const FromChild child;
  const long pid = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) {
    child.Draw();
    ::_exit(0);
  }
  ASSERT_EQ(0, WaitForChild(static_cast<pid_t>(pid)));
  ExpectDisjoint(child.words(), Next());
}

TEST(RandomPool, ThreadsHandOutTheirOwn) {
  std::vector<std::uint64_t> others;
  std::thread([&] { others = Next(); }).join();
  ExpectDisjoint(others, Next());
}

TEST(RandomPool, WhatWasHandedOutIsGoneFromMemory) {
  const std::vector<std::uint64_t> words = Next();
  const RandomPage* page = internal::t_random_page;
  ASSERT_NE(nullptr, page);
  for (const std::uint64_t word : words) {
    EXPECT_EQ(0, std::count(page->words, page->words + RandomPage::kWords, word));
  }
}

TEST(RandomPool, AWordThatWasWipedUnderItIsNotHandedOut) {
  (void)PooledRandom();
  RandomPage* page = internal::t_random_page;
  std::fill_n(page->words, RandomPage::kWords, std::uint64_t{0});  // but `left` is not yet
  EXPECT_NE(0U, PooledRandom());
}

TEST(RandomPool, SaysWhereItsBitsComeFrom) {
  const std::string name = RandomSourceName();
  EXPECT_TRUE(name == "libsodium ChaCha20" || name == "getrandom") << name;
}

}  // namespace
}  // namespace shmflake::test
