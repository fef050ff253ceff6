// SPDX-License-Identifier: Apache-2.0
#include "core/region_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/uuid_format.h"
#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/test_settings.h"

namespace shmflake::test {
namespace {

class RegionFileTest : public ::testing::Test {
 protected:
  RegionFileTest() {
    place_.MakeDirectories();
    settings_ = place_.MakeSettings();
  }
  [[nodiscard]] static RegionContent Content() {
    RegionContent content;
    Header& header = content.header;
    SetFormat(IdFormat(), &header);
    header.worker_id = 3;
    header.instance_id = 42;
    header.worker_id_source = 1;
    header.store_kind = 2;
    header.ordering = 1;
    header.max_backward_ms = 10;
    header.horizon_ms = 10'000;
    std::strcpy(header.name, "region");
    std::strcpy(header.id_namespace, "region");
    content.state = 4095;
    content.ceiling = 8192;
    content.uuid_state = UuidBirthState(header);
    return content;
  }
  [[nodiscard]] Status Make(bool replace = false) const {
    RegionContent content = Content();
    UniqueFd fd;
    const Status status = MakeRegionFile(settings_, &content, &fd);
    return status.ok() ? PublishRegionFile(settings_, fd, replace) : status;
  }
  [[nodiscard]] Status Open(RegionFile* file = nullptr) const {
    RegionFile unused;
    return OpenRegionFile(settings_, file != nullptr ? file : &unused);
  }
  [[nodiscard]] std::size_t CountFiles() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(place_.directory())) {
      ++count;
    }
    return count;
  }

  TestPlace place_;
  Settings settings_;
  std::string path_ = place_.region_path();
};

// ---------------------------------------------------------------- Made whole

TEST_F(RegionFileTest, ANewOneIsWholeUnderItsNameAndNothingElseIsLeft) {
  ASSERT_SUCCEEDS(Make());
  EXPECT_EQ(1U, CountFiles());
  struct stat found {};
  ASSERT_EQ(0, ::stat(path_.c_str(), &found));
  EXPECT_EQ(0600U, found.st_mode & 07777U);
  EXPECT_EQ(kRegionSize, static_cast<std::uint64_t>(found.st_size));
  EXPECT_GE(static_cast<std::uint64_t>(found.st_blocks) * 512, kRegionSize) << "no holes";
  RegionFile file;
  ASSERT_SUCCEEDS(Open(&file));
  EXPECT_EQ(42U, file.header.instance_id);
  EXPECT_EQ(4095U, file.state);
  EXPECT_FALSE(file.retired());
  EXPECT_TRUE(IsStillNamed(path_, file));
}

TEST_F(RegionFileTest, BeforeItIsPublishedNobodySeesIt) {
  RegionContent content = Content();
  UniqueFd fd;
  ASSERT_SUCCEEDS(MakeRegionFile(settings_, &content, &fd));
  EXPECT_EQ(0U, CountFiles());
  EXPECT_FAILS(Code::NOT_FOUND, Open());
}

TEST_F(RegionFileTest, ANameThatIsTakenIsNotTakenAway) {
  ASSERT_SUCCEEDS(Make());
  RegionFile before;
  ASSERT_SUCCEEDS(Open(&before));
  EXPECT_FALSE(Make().ok());
  EXPECT_TRUE(IsStillNamed(path_, before));
  EXPECT_EQ(1U, CountFiles());
}

TEST_F(RegionFileTest, ARetiredOneIsReplacedInOneStepAlsoOverALeftover) {
  ASSERT_SUCCEEDS(Make());
  RegionFile before;
  ASSERT_SUCCEEDS(Open(&before));
  std::ofstream(place_.directory() + "/.region.new") << "left by a creator that died";
  ASSERT_SUCCEEDS(Make(true));
  EXPECT_FALSE(IsStillNamed(path_, before));
  EXPECT_SUCCEEDS(Open());
  EXPECT_EQ(1U, CountFiles());
}

TEST_F(RegionFileTest, TheUmaskDoesNotDecideTheMode) {
  settings_.mode.value = 0660;
  const mode_t before = ::umask(0777);
  const Status status = Make();
  ::umask(before);
  ASSERT_SUCCEEDS(status);
  struct stat found {};
  ASSERT_EQ(0, ::stat(path_.c_str(), &found));
  EXPECT_EQ(0660U, found.st_mode & 07777U);
}

TEST_F(RegionFileTest, OnAFullTmpfsItIsNoSpaceAndNothingIsLeft) {
  const int end = RunInChild([&] {
    if (!MountPrivateTmpfs(place_.directory(), "size=64k,mode=0700")) return kSkipped;
    const Status status = Make();
    EXPECT_FAILS(Code::NO_SPACE, status);
    EXPECT_TRUE(Contains(status.message(), "No space left")) << status.message();
    EXPECT_EQ(0U, CountFiles());
    return 0;
  });
  if (end == kSkipped) GTEST_SKIP() << "this user may not mount a tmpfs";
  EXPECT_EQ(0, end);
}

TEST_F(RegionFileTest, AReadOnlyOrForbiddenDirectoryIsNamed) {
  int end = RunInChild([&] {
    if (!MountPrivateTmpfs(place_.directory(), "ro")) return kSkipped;
    EXPECT_FAILS(Code::READ_ONLY, Make());
    return 0;
  });
  EXPECT_TRUE(end == 0 || end == kSkipped) << end;
  end = RunInChild([&] {
    ::chmod(place_.directory().c_str(), 0500);
    if (!BecomeOrdinaryUser()) return kSkipped;
    EXPECT_FAILS(Code::PERMISSION, Make());
    return 0;
  });
  if (end == kSkipped) GTEST_SKIP() << "this user cannot become another one";
  EXPECT_EQ(0, end);
}

// ---------------------------------------------------------------- Opened safely

TEST_F(RegionFileTest, WhatIsNotThereIsNotFound) { EXPECT_FAILS(Code::NOT_FOUND, Open()); }

TEST_F(RegionFileTest, ASymbolicLinkIsRefusedWhereverItLeads) {
  ASSERT_SUCCEEDS(Make());
  std::filesystem::rename(path_, path_ + ".real");
  for (const std::string& target : {path_ + ".real", std::string("/nonexistent"), path_}) {
    std::filesystem::remove(path_);
    ASSERT_EQ(0, ::symlink(target.c_str(), path_.c_str()));
    EXPECT_FAILS(Code::SYMLINK, Open());
    EXPECT_FALSE(Make().ok()) << "nor is it written through";
  }
}

TEST_F(RegionFileTest, AFifoIsRefusedAtOnce) {
  ASSERT_EQ(0, ::mkfifo(path_.c_str(), 0600));
  EXPECT_FAILS(Code::NOT_REGULAR, Open());
}

TEST_F(RegionFileTest, ADirectoryIsRefused) {
  ASSERT_EQ(0, ::mkdir(path_.c_str(), 0700));
  EXPECT_FAILS(Code::NOT_REGULAR, Open());
}

TEST_F(RegionFileTest, ASecondNameIsRefused) {
  ASSERT_SUCCEEDS(Make());
  ASSERT_EQ(0, ::link(path_.c_str(), (path_ + "2").c_str()));
  const Status status = Open();
  EXPECT_FAILS(Code::HARD_LINK, status);
  EXPECT_TRUE(Contains(status.message(), "2 links")) << status.message();
}

TEST_F(RegionFileTest, AnotherUsersFileIsRefused) {
  ASSERT_SUCCEEDS(Make());
  if (::chown(path_.c_str(), 12345, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "this user cannot give files away";
  }
  const Status status = Open();
  EXPECT_FAILS(Code::OWNER, status);
  EXPECT_TRUE(Contains(status.message(), "belongs to user 12345")) << status.message();
}

TEST_F(RegionFileTest, AModeThatLetsOthersInIsRefused) {
  ASSERT_SUCCEEDS(Make());
  for (const mode_t mode : {0666U, 0602U, 0604U, 0610U, 04600U, 01600U, 0777U}) {
    ASSERT_EQ(0, ::chmod(path_.c_str(), mode));
    const Status status = Open();
    EXPECT_FAILS(Code::MODE, status);
    char octal[8];
    std::snprintf(octal, sizeof(octal), "%04o", mode);
    EXPECT_TRUE(Contains(status.message(), octal)) << status.message();
  }
  for (const mode_t mode : {0600U, 0640U, 0660U}) {
    ASSERT_EQ(0, ::chmod(path_.c_str(), mode));
    EXPECT_SUCCEEDS(Open());
  }
}

TEST_F(RegionFileTest, AShortFileIsTruncatedAtEverySize) {
  ASSERT_SUCCEEDS(Make());
  std::uint64_t size = kRegionSize;
  while (size > 0) {
    size = size > 8200 ? size / 2 : size > 200 ? size - 61 : size - 1;
    std::filesystem::resize_file(path_, size);
    const Status status = Open();
    ASSERT_EQ(Code::TRUNCATED, status.code()) << size << ": " << status.message();
  }
}

TEST_F(RegionFileTest, AnEmptyOrGarbledFileIsRefusedAndLeftAlone) {
  ASSERT_SUCCEEDS(Make());
  const UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(1, ::pwrite(fd.get(), "x", 1, 200));
  EXPECT_FAILS(Code::CHECKSUM, Open());
  ASSERT_EQ(1, ::pwrite(fd.get(), "x", 1, 0));
  EXPECT_FAILS(Code::MAGIC, Open());
  EXPECT_EQ(kRegionSize, std::filesystem::file_size(path_));
}

TEST_F(RegionFileTest, AFileThatLostItsNameIsKnown) {
  ASSERT_SUCCEEDS(Make());
  RegionFile file;
  ASSERT_SUCCEEDS(Open(&file));
  std::filesystem::remove(path_);
  EXPECT_FALSE(IsStillNamed(path_, file));
  ASSERT_SUCCEEDS(Make());
  EXPECT_FALSE(IsStillNamed(path_, file)) << "another file bears it";
}

// ---------------------------------------------------------------- The directory

TEST_F(RegionFileTest, TheDirectoryMustBeThereAndBeSafe) {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  EXPECT_SUCCEEDS(CheckRegionDirectory(settings_, &device, &inode));
  EXPECT_NE(0U, inode);
  ASSERT_EQ(0, ::chmod(place_.directory().c_str(), 0777));
  EXPECT_FAILS(Code::DIRECTORY, CheckRegionDirectory(settings_, &device, &inode));
  ASSERT_EQ(0, ::chmod(place_.directory().c_str(), 01777));
  EXPECT_SUCCEEDS(CheckRegionDirectory(settings_, &device, &inode));
  std::filesystem::remove(place_.directory());
  EXPECT_FAILS(Code::NOT_FOUND, CheckRegionDirectory(settings_, &device, &inode));
  std::ofstream(place_.directory()) << "a file";
  EXPECT_FAILS(Code::DIRECTORY, CheckRegionDirectory(settings_, &device, &inode));
}

TEST_F(RegionFileTest, AnotherUsersDirectoryIsRefusedUnlessAGroupIsGiven) {
  ASSERT_EQ(0, ::chmod(place_.directory().c_str(), 0770));
  if (::chown(place_.directory().c_str(), 12345, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "this user cannot give directories away";
  }
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  EXPECT_FAILS(Code::DIRECTORY, CheckRegionDirectory(settings_, &device, &inode));
  settings_.group.given = true;
  EXPECT_SUCCEEDS(CheckRegionDirectory(settings_, &device, &inode));
}

}  // namespace
}  // namespace shmflake::test
