// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "core/platform.h"
#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

class LockHoldersTest : public ::testing::Test {
 protected:
  [[nodiscard]] UniqueFd Open() const {
    return UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  [[nodiscard]] std::unique_ptr<BackgroundProcess> Holder(const char* command, LockKind kind,
                                                          std::int64_t start) const {
    auto holder = std::make_unique<BackgroundProcess>([&] {
      ::prctl(PR_SET_NAME, command);
      return TryLockBytes(Open().Take(), kind, start, 1) == 0;
    });
    EXPECT_TRUE(holder->ready());
    return holder;
  }
  TempDir directory_;
  std::string path_ = directory_.Write("locks", "");
  UniqueFd fd_ = Open();
};

TEST_F(LockHoldersTest, NobodyIsNobody) {
  EXPECT_EQ("", DescribeLockHolders(fd_.get(), 0, 100));
  EXPECT_EQ("", DescribeLockHolders(-1, 0, 100));
}

TEST_F(LockHoldersTest, AHolderIsNamedWithPidAndCommand) {
  const auto holder = Holder("snow flake", LockKind::kShared, std::int64_t{1} << 60);
  EXPECT_EQ("pid " + std::to_string(holder->pid()) + " (snow flake)",
            DescribeLockHolders(fd_.get(), std::int64_t{1} << 60, 1));
}

TEST_F(LockHoldersTest, OnlyLocksWithinTheRangeCount) {
  const auto holder = Holder("a", LockKind::kExclusive, 50);
  EXPECT_EQ("", DescribeLockHolders(fd_.get(), 0, 50));
  EXPECT_EQ("", DescribeLockHolders(fd_.get(), 51, 50));
  EXPECT_NE("", DescribeLockHolders(fd_.get(), 50, 1));
  EXPECT_NE("", DescribeLockHolders(fd_.get(), 0, 51));
}

TEST_F(LockHoldersTest, AnotherFileOfTheSameBytesDoesNotCount) {
  const std::string other = directory_.Write("other", "");
  const UniqueFd fd(::open(other.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(0, TryLockBytes(fd.get(), LockKind::kExclusive, 5, 1));
  EXPECT_EQ("", DescribeLockHolders(fd_.get(), 0, 100));
}

TEST_F(LockHoldersTest, ManyHoldersAreCutToEight) {
  std::vector<std::unique_ptr<BackgroundProcess>> holders;
  for (int i = 0; i < 11; ++i) holders.push_back(Holder("many", LockKind::kShared, 7));
  const std::string text = DescribeLockHolders(fd_.get(), 7, 1);
  EXPECT_TRUE(Contains(text, " and 3 more")) << text;
}

}  // namespace
}  // namespace shmflake::test
