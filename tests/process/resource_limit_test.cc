// SPDX-License-Identifier: Apache-2.0
// A process that may not open more files, write more bytes or map more memory: an error of its own,
// nobody else is disturbed, and nothing dies.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

class ResourceLimit : public ::testing::Test {
 protected:
  static void Limit(__rlimit_resource resource, rlim_t value) {
    rlimit limit{value, value};
    if (::setrlimit(resource, &limit) != 0) std::_Exit(98);
  }
  // Opens under the limit in a process of its own, and then must be able to do so without it.
  int OpenUnder(__rlimit_resource resource, rlim_t value, int expected) {
    Process limited([&] {
      Limit(resource, value);
      int code = 0;
      const Flake flake = box_.Open(&code);
      return Expect(expected, code);
    });
    const int result = limited.Wait();
    const Flake after = box_.Open();
    EXPECT_NE(nullptr, after) << shmflake_last_error();
    return result;
  }
  Sandbox box_;
  IdLog log_;
};

TEST_F(ResourceLimit, ARegionThatMayNotBeWrittenIsNoSpace) {
  EXPECT_EQ(kGood, OpenUnder(RLIMIT_FSIZE, 100'000, SHMFLAKE_E_NO_SPACE));
}

TEST_F(ResourceLimit, AStateDirectoryThatMayNotBeWrittenIsNoSpace) {
  EXPECT_EQ(kGood, OpenUnder(RLIMIT_FSIZE, 10, SHMFLAKE_E_NO_SPACE));
}

TEST_F(ResourceLimit, AStoreThatMayNotBeWrittenIsAnErrorAtTheCeiling) {
  Process limited([&] {
    shmflake_options options = box_.Options();
    options.horizon_ms = 100;
    options.wait_timeout_ms = 300;
    const Flake flake = box_.MustOpen(&options);
    Drawer drawer(flake.get(), log_);
    Limit(RLIMIT_FSIZE, 512);
    int code = 0;
    for (int i = 0; i < 5000 && code == 0; ++i) {
      code = drawer.Next();
      SleepMs(1);
    }
    return code == SHMFLAKE_E_NO_SPACE || code == SHMFLAKE_E_STORE_UNAVAILABLE ||
                   code == SHMFLAKE_E_CEILING
               ? kGood
               : Expect(SHMFLAKE_E_NO_SPACE, code);
  });
  EXPECT_EQ(kGood, limited.Wait());
}

TEST_F(ResourceLimit, NoFreeFileDescriptorIsTooManyFilesWhereverItIsMet) {
  { const Flake first = box_.MustOpen(); }
  for (int free = 0; free < 12; ++free) {
    Process limited([&] {
      std::vector<int> fillers;
      Limit(RLIMIT_NOFILE, 64);
      for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fillers.push_back(fd);
      for (int i = 0; i < free && !fillers.empty(); ++i) {
        ::close(fillers.back());
        fillers.pop_back();
      }
      int code = 0;
      const Flake flake = box_.Open(&code);
      if (flake != nullptr) {
        Drawer drawer(flake.get(), log_);
        return Expect(0, drawer.Times(10));
      }
      // The configuration file is what is opened first.
      return Expect(free == 0 ? SHMFLAKE_E_CONFIG_NOT_FOUND : SHMFLAKE_E_TOO_MANY_FILES, code);
    });
    EXPECT_EQ(kGood, limited.Wait()) << free << " free descriptors";
  }
}

TEST_F(ResourceLimit, NoFreeFileDescriptorAtTheBirthIsTooManyFilesAndLeavesNothing) {
  for (int free = 0; free < 12; ++free) {
    Process limited([&] {
      std::vector<int> fillers;
      Limit(RLIMIT_NOFILE, 64);
      for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fillers.push_back(fd);
      for (int i = 0; i < free && !fillers.empty(); ++i) {
        ::close(fillers.back());
        fillers.pop_back();
      }
      int code = 0;
      const Flake flake = box_.Open(&code);
      if (flake != nullptr) return kGood;
      return Expect(free == 0 ? SHMFLAKE_E_CONFIG_NOT_FOUND : SHMFLAKE_E_TOO_MANY_FILES, code);
    });
    EXPECT_EQ(kGood, limited.Wait()) << free << " free descriptors";
    const Flake after = box_.Open();
    ASSERT_NE(nullptr, after) << shmflake_last_error();
    Drawer drawer(after.get(), log_);
    EXPECT_EQ(0, drawer.Times(10));
    EXPECT_EQ(0, box_.Retire());
  }
  EXPECT_EQ(0U, log_.CountRepeats());
  EXPECT_EQ(0U, log_.disorder());
}

TEST_F(ResourceLimit, NoMemoryIsAnErrorAndNotACrash) {
  for (const rlim_t more_kb : {0U, 64U, 200U, 300U, 400U, 800U, 1600U, 3200U}) {
    Process limited([&] {
      long pages = 0;
      if (FILE* file = std::fopen("/proc/self/statm", "r"); file != nullptr) {
        if (std::fscanf(file, "%ld", &pages) != 1) pages = 0;
        std::fclose(file);
      }
      Limit(RLIMIT_AS, static_cast<rlim_t>(pages) * 4096 + more_kb * 1024);
      int code = 0;
      const Flake flake = box_.Open(&code);
      return flake != nullptr ? kGood : Expect(SHMFLAKE_E_NO_MEMORY, code);
    });
    EXPECT_EQ(kGood, limited.Wait()) << more_kb << " KiB free";
  }
  EXPECT_NE(nullptr, box_.Open()) << shmflake_last_error();
}

// A child needs descriptors of its own; without any it goes on with its parent's.
TEST_F(ResourceLimit, AForkedChildWithoutFreeDescriptorsDrawsOnAndDisturbsNobody) {
  const Flake flake = box_.MustOpen();
  Drawer drawer(flake.get(), log_);
  ASSERT_EQ(0, drawer.Times(100));
  Process child([&] {
    Limit(RLIMIT_NOFILE, 64);
    while (::dup(0) >= 0) {
    }
    Drawer mine(flake.get(), log_);
    const int code = mine.Times(1000);
    shmflake_close(flake.get());
    return Expect(0, code);
  });
  EXPECT_EQ(0, drawer.Times(1000));
  EXPECT_EQ(kGood, child.Wait());
  EXPECT_EQ(0, drawer.Times(1000));
  EXPECT_EQ(0U, log_.CountRepeats());
  EXPECT_EQ(0U, log_.disorder());
  // The parent still counts as attached: a newcomer may not start a second region.
  box_.RemoveRegion();
  int code = 0;
  const Flake second = box_.Open(&code);
  EXPECT_EQ(SHMFLAKE_E_SPLIT_BRAIN, code);
}

}  // namespace
}  // namespace flake::test
