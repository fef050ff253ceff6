// SPDX-License-Identifier: Apache-2.0
#include "core/lock_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

class LockFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/names.lock"; }
  [[nodiscard]] Status Open(LockFile* file, bool create = true) const {
    return file->Open(directory_.path(), "names", 0600, ~0U, create);
  }
  // An attached process of its own, as far as the kernel can tell: another open file description.
  [[nodiscard]] UniqueFd Attach(const LockScope& scope) const {
    UniqueFd fd(::open(path().c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(0, LockAttached(fd.get(), scope));
    return fd;
  }
  [[nodiscard]] std::string Content() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempDir directory_;
  LockScope scope_{3, 77, 0x1111'2222'3333'4444};
};

// ---------------------------------------------------------------- The file

TEST_F(LockFileTest, IsMadeOnceAndKeepsItsIdentity) {
  LockFile first;
  ASSERT_SUCCEEDS(Open(&first));
  LockFile second;
  ASSERT_SUCCEEDS(Open(&second));
  EXPECT_EQ(0, std::memcmp(first.lock_id(), second.lock_id(), 16));
  EXPECT_EQ("", first.store_id());
  struct stat found {};
  ASSERT_EQ(0, ::stat(path().c_str(), &found));
  EXPECT_EQ(0600U, found.st_mode & 07777U);
  EXPECT_EQ(0U, Content().find("shmflake lock 1\n"));
}

TEST_F(LockFileTest, TwoNamespacesHaveTwoIdentities) {
  LockFile first;
  LockFile second;
  ASSERT_SUCCEEDS(Open(&first));
  ASSERT_SUCCEEDS(second.Open(directory_.path(), "others", 0600, ~0U, true));
  EXPECT_NE(0, std::memcmp(first.lock_id(), second.lock_id(), 16));
}

TEST_F(LockFileTest, AMissingOneIsNotMadeUnlessAskedFor) {
  LockFile file;
  const Status status = Open(&file, false);
  EXPECT_FAILS(Code::STATE_CHANGED, status);
  EXPECT_TRUE(Contains(status.message(), path())) << status.message();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(LockFileTest, TheStoresIdentityIsRemembered) {
  const std::string id(32, 'a');
  {
    LockFile file;
    ASSERT_SUCCEEDS(Open(&file));
    EXPECT_FAILS(Code::STORE_CORRUPT, file.RecordStoreId("short"));
    ASSERT_SUCCEEDS(file.RecordStoreId(id));
  }
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file, false));
  EXPECT_EQ(id, file.store_id());
}

TEST_F(LockFileTest, WhatIsNotALockFileIsRefusedAndLeftAlone) {
  LockFile good;
  ASSERT_SUCCEEDS(Open(&good));
  std::string bad_title = Content();
  bad_title[14] = '2';
  std::string bad_id = Content();
  bad_id[20] = 'G';
  for (const std::string& content :
       {std::string("x"), std::string("shmflake lock 1\n"), std::string(4096, '\0'),
        std::string(82, 'a'), Content().substr(0, 81), bad_title, bad_id}) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << content;
    LockFile file;
    const Status status = Open(&file);
    EXPECT_FAILS(Code::STATE_DIRECTORY, status);
    EXPECT_TRUE(Contains(status.message(), "left alone")) << status.message();
    EXPECT_EQ(content, Content());
  }
}

TEST_F(LockFileTest, ALinkADirectoryOrAFifoIsRefused) {
  const std::string victim = directory_.Write("victim", "");
  LockFile file;
  ASSERT_EQ(0, ::symlink(victim.c_str(), path().c_str()));
  EXPECT_FALSE(Open(&file).ok());
  EXPECT_EQ(0U, std::filesystem::file_size(victim));
  std::filesystem::remove(path());
  ASSERT_EQ(0, ::mkdir(path().c_str(), 0700));
  EXPECT_FALSE(Open(&file).ok());
  std::filesystem::remove(path());
  ASSERT_EQ(0, ::mkfifo(path().c_str(), 0600));
  EXPECT_FAILS(Code::STATE_DIRECTORY, Open(&file));
}

// ---------------------------------------------------------------- Who holds what

TEST_F(LockFileTest, WithNobodyAttachedARegionMayBeMade) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(scope_, "here.region"));
}

TEST_F(LockFileTest, AHolderOfTheNameIsFoundAndNamed) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  const UniqueFd fd = Attach(scope_);
  LockScope mine = scope_;
  mine.instance_id = 99;
  const Status status = file.CheckNobodyAttached(mine, "here.region");
  EXPECT_FAILS(Code::SPLIT_BRAIN, status);
  EXPECT_TRUE(Contains(status.message(), "here.region")) << status.message();
  EXPECT_TRUE(Contains(status.message(), "pid " + std::to_string(::getpid()))) << status.message();
}

TEST_F(LockFileTest, AHolderOfTheWorkerIdAtAnotherPlaceIsFound) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  LockScope elsewhere = scope_;
  elsewhere.place = 78;
  const UniqueFd fd = Attach(elsewhere);
  const Status status = file.CheckNobodyAttached(scope_, "here.region");
  EXPECT_FAILS(Code::WORKER_HELD, status);
  EXPECT_TRUE(Contains(status.message(), "worker_id 3 ")) << status.message();
}

TEST_F(LockFileTest, OthersOfAnotherPlaceAndWorkerIdHinderNobody) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  const UniqueFd below = Attach({2, 76, ~std::uint64_t{0}});
  const UniqueFd above = Attach({4, 78, 0});
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(scope_, "here.region"));
}

TEST_F(LockFileTest, TheEdgesOfARangeAreWithinIt) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  for (const std::uint64_t instance_id : {std::uint64_t{1} << 32, std::uint64_t{0xffff'ffff}}) {
    const UniqueFd fd = Attach({3, 77, instance_id});
    EXPECT_FAILS(Code::SPLIT_BRAIN, file.CheckNobodyAttached(scope_, "here.region"));
  }
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(scope_, "here.region"));
  for (const std::uint32_t place : {0U, (1U << 28) - 1}) {
    for (const std::uint32_t worker_id : {0U, (1U << 22) - 1}) {
      const LockScope far{worker_id, place, ~std::uint64_t{0}};
      const UniqueFd fd = Attach(far);
      EXPECT_FAILS(Code::SPLIT_BRAIN, file.CheckNobodyAttached(far, "here.region"));
    }
  }
}

TEST_F(LockFileTest, AHolderThatDiesIsGone) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  BackgroundProcess holder([&] {
    (void)Attach(scope_).Take();
    return true;
  });
  ASSERT_TRUE(holder.ready());
  const Status status = file.CheckNobodyAttached(scope_, "here.region");
  EXPECT_FAILS(Code::SPLIT_BRAIN, status);
  EXPECT_TRUE(Contains(status.message(), "pid " + std::to_string(holder.pid())))
      << status.message();
  holder.Kill();
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(scope_, "here.region"));
}

TEST_F(LockFileTest, WhoDetachesIsGone) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  const UniqueFd fd = Attach(scope_);
  EXPECT_TRUE(file.IsInstanceInUse(scope_));
  UnlockAttached(fd.get(), scope_);
  EXPECT_FALSE(file.IsInstanceInUse(scope_));
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(scope_, "here.region"));
}

TEST_F(LockFileTest, ClosingAnotherDescriptorOfTheFileReleasesNothing) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  const UniqueFd fd = Attach(scope_);
  ::close(::open(path().c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(file.IsInstanceInUse(scope_));
}

// ---------------------------------------------------------------- Retired instances

TEST_F(LockFileTest, AHolderOfARetiredInstanceHindersNobody) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  const UniqueFd fd = Attach(scope_);
  ASSERT_SUCCEEDS(file.RecordRetired(scope_.instance_id));
  LockScope mine = scope_;
  mine.instance_id = 5;
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(mine, "here.region"));
  LockFile another;
  ASSERT_SUCCEEDS(Open(&another));
  EXPECT_SUCCEEDS(another.CheckNobodyAttached(mine, "here.region"));  // it is in the file
}

TEST_F(LockFileTest, HoldersNextToRetiredOnesAreStillFound) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  for (const std::uint64_t retired : {100U, 102U, 103U, 0U, 0xffff'ffffU}) {
    ASSERT_SUCCEEDS(file.RecordRetired(retired));
  }
  for (const std::uint64_t living : {1U, 99U, 101U, 104U, 0xffff'fffeU}) {
    const UniqueFd fd = Attach({3, 77, living});
    EXPECT_FAILS(Code::SPLIT_BRAIN, file.CheckNobodyAttached(scope_, "here.region"));
  }
  EXPECT_SUCCEEDS(file.CheckNobodyAttached(scope_, "here.region"));
}

TEST_F(LockFileTest, WhatAnotherProcessRetiredIsReadAnew) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  const UniqueFd fd = Attach(scope_);
  LockFile other;
  ASSERT_SUCCEEDS(Open(&other));
  ASSERT_SUCCEEDS(other.RecordRetired(scope_.instance_id));
  EXPECT_SUCCEEDS(file.CheckNobodyAttached({3, 77, 5}, "here.region"));
}

TEST_F(LockFileTest, TheListIsCompactedAndKeepsThoseInUse) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  std::vector<UniqueFd> used;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    if (i % 100 == 0) used.push_back(Attach({3, static_cast<std::uint32_t>(i), i << 32 | i}));
    ASSERT_SUCCEEDS(file.RecordRetired(i << 32 | i));
    ASSERT_SUCCEEDS(file.RecordRetired(i << 32 | i));  // twice is once
  }
  EXPECT_LT(Content().size(), 82 + 17 * 40U);
  LockFile another;
  ASSERT_SUCCEEDS(Open(&another));
  for (std::uint64_t i = 100; i <= 500; i += 100) {
    EXPECT_SUCCEEDS(another.CheckNobodyAttached({3, static_cast<std::uint32_t>(i), 5}, "r"));
  }
  const UniqueFd living = Attach({3, 200, 7});
  EXPECT_FAILS(Code::SPLIT_BRAIN, another.CheckNobodyAttached({3, 200, 5}, "r"));
}

TEST_F(LockFileTest, ATornLineOfTheListIsPassedOver) {
  LockFile file;
  ASSERT_SUCCEEDS(Open(&file));
  std::ofstream(path(), std::ios::app) << "0000zzzz00000001\n"
                                       << "00000000";
  LockFile another;
  ASSERT_SUCCEEDS(Open(&another));
  EXPECT_SUCCEEDS(another.CheckNobodyAttached(scope_, "r"));
}

// ---------------------------------------------------------------- The creation lock

TEST_F(LockFileTest, OneCreatesAtATimeAndTheOtherIsToldWho) {
  LockFile first;
  LockFile second;
  ASSERT_SUCCEEDS(Open(&first));
  ASSERT_SUCCEEDS(Open(&second));
  ASSERT_SUCCEEDS(first.LockCreation(MonotonicNs()));
  const Status status = second.LockCreation(MonotonicNs() + 5'000'000);
  EXPECT_FAILS(Code::TIMEOUT, status);
  EXPECT_TRUE(Contains(status.message(), "pid " + std::to_string(::getpid()))) << status.message();
  first.UnlockCreation();
  EXPECT_SUCCEEDS(second.LockCreation(MonotonicNs()));
}

// Invariant (2), each order of the steps by hand: the attacher locks, then looks at the name; the
// creator looks at the locks, then at the name.
TEST_F(LockFileTest, EitherTheCreatorSeesTheLockOrTheAttacherSeesThatTheFileIsGone) {
  const std::string region = directory_.path() + "/r.region";
  for (int removed_after = 0; removed_after <= 3; ++removed_after) {
    std::ofstream(region) << "region";
    LockFile creator;
    ASSERT_SUCCEEDS(Open(&creator));
    UniqueFd attacher;
    bool attached = false;
    bool created = false;
    const auto remove_at = [&](int step) {
      if (step == removed_after) std::filesystem::remove(region);
      if (step >= removed_after && !created) {
        created = creator.CheckNobodyAttached({3, 77, 5}, region).ok();
      }
    };
    remove_at(0);
    attacher = Attach(scope_);
    remove_at(1);
    attached = std::filesystem::exists(region);
    remove_at(2);
    if (!attached) attacher.Reset(-1);
    remove_at(3);
    EXPECT_FALSE(attached && created) << removed_after;
    EXPECT_TRUE(attached || created) << removed_after;
  }
}

TEST(PlaceTest, DependsOnDeviceInodeAndName) {
  EXPECT_EQ(PlaceOf(1, 2, "a"), PlaceOf(1, 2, "a"));
  EXPECT_NE(PlaceOf(1, 2, "a"), PlaceOf(2, 1, "a"));
  EXPECT_NE(PlaceOf(1, 2, "a"), PlaceOf(1, 3, "a"));
  EXPECT_NE(PlaceOf(1, 2, "ab"), PlaceOf(1, 2, "ba"));
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_LT(PlaceOf(i, i * i, "x"), 1U << 28);
}

}  // namespace
}  // namespace shmflake::test
