// SPDX-License-Identifier: Apache-2.0
#include "core/platform.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, ClosesWhatItOwnsOnce) {
  int raw = -1;
  {
    UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    raw = first.get();
    UniqueFd second(std::move(first));
    EXPECT_TRUE(IsOpen(raw));
    UniqueFd third;
    EXPECT_FALSE(static_cast<bool>(third));
    third = std::move(second);
    EXPECT_EQ(raw, third.get());
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFdTest, WhatIsTakenStaysOpen) {
  UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int raw = fd.Take();
  EXPECT_FALSE(static_cast<bool>(fd));
  EXPECT_TRUE(IsOpen(raw));
  ::close(raw);
}

TEST(RandomTest, GivesFreshBytesAndTheirDigits) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(RandomU64());
  EXPECT_EQ(1000U, seen.size());
  const std::string hex = RandomHex(16);
  EXPECT_EQ(32U, hex.size());
  EXPECT_EQ(std::string::npos, hex.find_first_not_of("0123456789abcdef"));
  EXPECT_NE(hex, RandomHex(16));
  EXPECT_EQ("", RandomHex(0));
}

TEST(HostFactsTest, AreKnownHere) {
  EXPECT_EQ(36U, BootId().size());
  EXPECT_NE("", HostName());
  EXPECT_FALSE(ProcessCommand().empty());
  EXPECT_LE(ProcessCommand().size(), 15U);
  EXPECT_LE(ClockSynchronised(), 2U);
}

TEST(SleepTest, ASignalEndsItEarly) {
  EXPECT_EQ(0, RunInChild([] {
              struct sigaction action {};
              action.sa_handler = [](int) {};
              ::sigaction(SIGALRM, &action, nullptr);
              ::alarm(1);
              SleepNs(600'000'000'000);
              return 0;
            }));
}

// ---------------------------------------------------------------- Directories

TEST(EnsureDirectoryTest, MakesParentsAndSetsTheModeWhateverTheUmask) {
  const TempDir root;
  const std::string path = root.path() + "/a/b/c";
  const mode_t before = ::umask(0077);
  const Status status = EnsureDirectory(path, 0770, Code::DIRECTORY);
  ::umask(before);
  ASSERT_SUCCEEDS(status);
  struct stat found {};
  ASSERT_EQ(0, ::stat(path.c_str(), &found));
  EXPECT_EQ(0770U, found.st_mode & 07777U);
  EXPECT_SUCCEEDS(EnsureDirectory(path, 0700, Code::DIRECTORY));
  ASSERT_EQ(0, ::stat(path.c_str(), &found));
  EXPECT_EQ(0770U, found.st_mode & 07777U) << "one that was there keeps its mode";
}

TEST(EnsureDirectoryTest, RefusesWhatIsNoDirectoryOrUnsafe) {
  const TempDir root;
  const std::string file = root.Write("file", "");
  EXPECT_FAILS(Code::STATE_DIRECTORY, EnsureDirectory(file, 0700, Code::STATE_DIRECTORY));
  EXPECT_FAILS(Code::DIRECTORY, EnsureDirectory(file + "/below", 0700, Code::DIRECTORY));
  const std::string open = root.path() + "/open";
  ASSERT_SUCCEEDS(EnsureDirectory(open, 0700, Code::DIRECTORY));
  ASSERT_EQ(0, ::chmod(open.c_str(), 0777));
  EXPECT_FAILS(Code::DIRECTORY, EnsureDirectory(open, 0700, Code::DIRECTORY));
  ASSERT_EQ(0, ::chmod(open.c_str(), 01777));
  EXPECT_SUCCEEDS(EnsureDirectory(open, 0700, Code::DIRECTORY));
}

TEST(EnsureDirectoryTest, SaysWhatTheSystemDenies) {
  const TempDir root;
  const int end = RunInChild([&] {
    ::chmod(root.path().c_str(), 0555);
    if (!BecomeOrdinaryUser()) return kSkipped;
    const Status status = EnsureDirectory(root.path() + "/new", 0700, Code::DIRECTORY);
    EXPECT_FAILS(Code::PERMISSION, status);
    EXPECT_TRUE(Contains(status.message(), root.path() + "/new")) << status.message();
    return 0;
  });
  if (end == kSkipped) GTEST_SKIP() << "this user cannot become another one";
  EXPECT_EQ(0, end);
}

// ---------------------------------------------------------------- Locks

class LockBytesTest : public ::testing::Test {
 protected:
  [[nodiscard]] UniqueFd Open() const {
    return UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  TempDir directory_;
  std::string path_ = directory_.Write("locks", "");
};

TEST_F(LockBytesTest, TwoDescriptionsOfOneProcessExcludeEachOther) {
  const UniqueFd first = Open();
  const UniqueFd second = Open();
  EXPECT_EQ(0, TryLockBytes(first.get(), LockKind::kExclusive, 10, 1));
  EXPECT_EQ(EAGAIN, TryLockBytes(second.get(), LockKind::kExclusive, 10, 1));
  EXPECT_EQ(EAGAIN, TryLockBytes(second.get(), LockKind::kShared, 10, 1));
  EXPECT_EQ(0, TryLockBytes(second.get(), LockKind::kExclusive, 11, 1));
  EXPECT_EQ(0, TryLockBytes(first.get(), LockKind::kNone, 10, 1));
  EXPECT_EQ(0, TryLockBytes(second.get(), LockKind::kShared, 10, 1));
  EXPECT_EQ(0, TryLockBytes(first.get(), LockKind::kShared, 10, 1));
  EXPECT_NE(0, TryLockBytes(-1, LockKind::kShared, 10, 1));
}

TEST_F(LockBytesTest, TheFirstLockOfOthersInARangeIsFound) {
  const UniqueFd mine = Open();
  const UniqueFd other = Open();
  ASSERT_EQ(0, TryLockBytes(mine.get(), LockKind::kExclusive, 5, 1));
  ASSERT_EQ(0, TryLockBytes(other.get(), LockKind::kShared, 20, 1));
  std::int64_t start = 0;
  EXPECT_TRUE(IsLockedByOther(mine.get(), 0, 100, &start));
  EXPECT_EQ(20, start);
  EXPECT_FALSE(IsLockedByOther(mine.get(), 0, 20, nullptr));
  EXPECT_FALSE(IsLockedByOther(mine.get(), 21, 100, nullptr));
  EXPECT_FALSE(IsLockedByOther(mine.get(), 20, 0, nullptr)) << "an empty range";
  EXPECT_TRUE(IsLockedByOther(other.get(), 5, 1, nullptr));
}

TEST_F(LockBytesTest, ASecondDescriptionOfAFileThatHasNoNameAnyMoreHasItsOwnLocks) {
  const UniqueFd first = Open();
  std::filesystem::remove(path_);
  const UniqueFd second(ReopenFd(first.get(), O_RDWR));
  ASSERT_TRUE(static_cast<bool>(second));
  EXPECT_EQ(0, TryLockBytes(first.get(), LockKind::kExclusive, 0, 1));
  EXPECT_EQ(EAGAIN, TryLockBytes(second.get(), LockKind::kExclusive, 0, 1));
  EXPECT_EQ(-1, ReopenFd(100'000, O_RDWR));
}

}  // namespace
}  // namespace shmflake::test
