// SPDX-License-Identifier: Apache-2.0
// The store's file and directory: which are opened, how they are made, what the system may refuse.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "core/store/store.h"
#include "tests/support/child_process.h"
#include "tests/support/store_fixture.h"

namespace shmflake {
namespace {

namespace fs = std::filesystem;
using SqliteFileTest = StoreTest;

mode_t ModeOf(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(0, ::stat(path.c_str(), &found)) << path;
  return found.st_mode & 07777;
}

// Runs the body in a child, for what binds a whole process; skips when it says so.
#define RUN_IN_CHILD_OR_SKIP(reason, body)                \
  do {                                                    \
    const int code = test::RunInChild(body);              \
    if (code == test::kSkipped) GTEST_SKIP() << (reason); \
    EXPECT_EQ(0, code);                                   \
  } while (false)

// ------------------------------------------------------------------ Making

TEST_F(SqliteFileTest, DirectoryAndFileAreMadeForTheOwnerAlone) {
  directory_ += "/new";
  ASSERT_NE(nullptr, MustOpen());
  EXPECT_EQ(0700U, ModeOf(directory_));
  EXPECT_EQ(0600U, ModeOf(path()));
}

TEST_F(SqliteFileTest, AGroupsModeIsGivenWhateverTheUmask) {
  for (const mode_t mask : {0077U, 0000U, 0777U}) {
    directory_ = temporary_.path() + "/" + std::to_string(mask);
    const mode_t before = ::umask(mask);
    std::unique_ptr<Store> store;
    const Status status = Open(&store, kTestTimeoutMs, 0660);
    ::umask(before);
    ASSERT_SUCCEEDS(status);
    EXPECT_EQ(02770U, ModeOf(directory_)) << "new files get the group";
    EXPECT_EQ(0660U, ModeOf(path()));
  }
}

TEST_F(SqliteFileTest, AFileThatIsThereKeepsItsMode) {
  WriteAll(path(), "");
  ASSERT_EQ(0, ::chmod(path().c_str(), 0640));
  ASSERT_NE(nullptr, MustOpen());
  EXPECT_EQ(0640U, ModeOf(path()));
}

TEST_F(SqliteFileTest, AStateDirectoryBehindASymbolicLinkIsFine) {
  fs::create_directory(directory_ + "/real");
  fs::create_directory_symlink("real", directory_ + "/link");
  const std::string real = directory_ + "/real/leases.db";
  directory_ += "/link/../link/.";
  ASSERT_SUCCEEDS(MustOpen()->Acquire(MakeKey(1), Take(500)));
  EXPECT_TRUE(fs::is_regular_file(real));
}

TEST_F(SqliteFileTest, AStateDirectoryThatIsNoneIsRefused) {
  std::unique_ptr<Store> store;
  const std::string base = directory_;
  directory_ = base + "/missing/below";
  Status status = Open(&store);
  EXPECT_FAILS(Code::STATE_DIRECTORY, status);
  EXPECT_EQ("cannot make the state directory " + directory_ + ": No such file or directory",
            status.message());
  WriteAll(base + "/file", "x");
  directory_ = base + "/file";
  status = Open(&store);
  EXPECT_FAILS(Code::STATE_DIRECTORY, status);
  EXPECT_EQ("the state directory must be a directory: " + directory_, status.message());
  fs::create_symlink("nowhere", base + "/dangling");
  directory_ = base + "/dangling";
  EXPECT_FAILS(Code::STATE_DIRECTORY, Open(&store));
}

// ------------------------------------------------------------------ Which files are opened

TEST_F(SqliteFileTest, ASymbolicLinkIsRefused) {
  for (const char* target : {"elsewhere.db", "missing.db"}) {
    WriteAll(directory_ + "/elsewhere.db", "");
    fs::create_symlink(target, path());
    std::unique_ptr<Store> store;
    EXPECT_FAILS(Code::SYMLINK, Open(&store));
    EXPECT_EQ(0U, fs::file_size(directory_ + "/elsewhere.db"));
    EXPECT_FALSE(fs::exists(directory_ + "/missing.db"));
    fs::remove(path());
  }
}

TEST_F(SqliteFileTest, ADirectoryOrAFifoIsRefusedAtOnce) {
  std::unique_ptr<Store> store;
  fs::create_directory(path());
  EXPECT_FAILS(Code::NOT_REGULAR, Open(&store));
  fs::remove(path());
  ASSERT_EQ(0, ::mkfifo(path().c_str(), 0600));
  EXPECT_FAILS(Code::NOT_REGULAR, Open(&store));
}

TEST_F(SqliteFileTest, AFileWithTwoNamesIsRefused) {
  ASSERT_NE(nullptr, MustOpen());
  fs::create_hard_link(path(), directory_ + "/second");
  std::unique_ptr<Store> store;
  const Status status = Open(&store);
  EXPECT_FAILS(Code::HARD_LINK, status);
  EXPECT_EQ(fs::canonical(path()).string() + " must have one name: it has 2", status.message());
  fs::remove(directory_ + "/second");
  EXPECT_SUCCEEDS(Open(&store));
}

TEST_F(SqliteFileTest, AFileThatEverybodyMayWriteToIsRefused) {
  ASSERT_NE(nullptr, MustOpen());
  ASSERT_EQ(0, ::chmod(path().c_str(), 0602));
  std::unique_ptr<Store> store;
  const Status status = Open(&store);
  EXPECT_FAILS(Code::MODE, status);
  EXPECT_NE(std::string::npos, status.message().find("0602")) << status.message();
}

TEST_F(SqliteFileTest, AFileOfAnotherUserIsRefusedUnlessAGroupSharesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_NE(nullptr, MustOpen());
  ASSERT_EQ(0, ::chown(path().c_str(), 65534, 65534));
  std::unique_ptr<Store> store;
  const Status status = Open(&store);
  EXPECT_FAILS(Code::OWNER, status);
  EXPECT_NE(std::string::npos, status.message().find("65534")) << status.message();
  EXPECT_SUCCEEDS(Open(&store, kTestTimeoutMs, 0660));
}

// ------------------------------------------------------------------ What the system refuses

TEST_F(SqliteFileTest, WithoutPermissionItSaysSo) {
  ASSERT_SUCCEEDS(MustOpen()->Acquire(MakeKey(1), Take(500)));
  RUN_IN_CHILD_OR_SKIP("cannot become another user", [&] {
    if (::chmod(path().c_str(), 0400) != 0 || ::chmod(directory_.c_str(), 0755) != 0 ||
        !test::BecomeOrdinaryUser()) {
      return test::kSkipped;
    }
    std::unique_ptr<Store> store;
    const Status status = Open(&store);
    EXPECT_FAILS(Code::PERMISSION, status);
    EXPECT_NE(std::string::npos, status.message().find(path())) << status.message();
    directory_ += "/below";
    if (::getuid() == 65534) EXPECT_FAILS(Code::PERMISSION, Open(&store));
    return 0;
  });
}

TEST_F(SqliteFileTest, ADirectoryThatCannotBeWrittenIsSaidSo) {
  ASSERT_SUCCEEDS(MustOpen()->Acquire(MakeKey(1), Take(500)));
  RUN_IN_CHILD_OR_SKIP("cannot become another user", [&] {
    if (::chmod(path().c_str(), 0660) != 0 || ::chmod(directory_.c_str(), 0555) != 0 ||
        (::geteuid() == 0 && ::chown(path().c_str(), 65534, 65534) != 0) ||
        !test::BecomeOrdinaryUser()) {
      return test::kSkipped;
    }
    std::unique_ptr<Store> store;
    EXPECT_SUCCEEDS(Open(&store));
    if (store == nullptr) return 1;
    const Status status = store->Acquire(MakeKey(2), Take(500));  // needs a journal
    EXPECT_FAILS(Code::PERMISSION, status);
    EXPECT_NE(std::string::npos, status.message().find(directory_)) << status.message();
    return 0;
  });
  ::chmod(directory_.c_str(), 0700);
}

TEST_F(SqliteFileTest, AReadOnlyFileSystemIsSaidSo) {
  RUN_IN_CHILD_OR_SKIP("cannot mount a tmpfs", [&] {
    if (!test::MountPrivateTmpfs(directory_, "size=1m")) return test::kSkipped;
    const auto store = MustOpen();
    EXPECT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
    const auto remount = [&](unsigned long flags) {
      return ::mount("tmpfs", directory_.c_str(), "tmpfs", MS_REMOUNT | flags, "size=1m");
    };
    EXPECT_EQ(0, remount(MS_RDONLY));
    std::uint64_t granted = 0;
    std::unique_ptr<Store> another;
    EXPECT_FAILS(Code::READ_ONLY, store->Extend(MakeKey(1), 600, &granted));
    EXPECT_FAILS(Code::READ_ONLY, Open(&another));
    EXPECT_EQ(0, remount(0));
    EXPECT_SUCCEEDS(store->Extend(MakeKey(1), 600, &granted));
    fs::remove(path());
    EXPECT_EQ(0, remount(MS_RDONLY));
    EXPECT_FAILS(Code::READ_ONLY, Open(&another));
    return 0;
  });
}

TEST_F(SqliteFileTest, AFullDiskIsSaidSoAndLosesNothing) {
  RUN_IN_CHILD_OR_SKIP("cannot mount a tmpfs", [&] {
    if (!test::MountPrivateTmpfs(directory_, "size=64k")) return test::kSkipped;
    std::unique_ptr<Store> store;
    WriteAll(directory_ + "/filler", std::string(1 << 17, 'x'));
    EXPECT_FAILS(Code::NO_SPACE, Open(&store));
    fs::remove(directory_ + "/filler");
    store = MustOpen();
    EXPECT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
    WriteAll(directory_ + "/filler", std::string(1 << 17, 'x'));
    std::uint64_t granted = 0;
    const Status status = store->Extend(MakeKey(1), 600, &granted);
    EXPECT_FAILS(Code::NO_SPACE, status);
    EXPECT_NE(std::string::npos, status.message().find("leases.db")) << status.message();
    fs::remove(directory_ + "/filler");
    LeaseRecord seen;
    EXPECT_SUCCEEDS(Look(store.get(), MakeKey(1), &seen));
    EXPECT_EQ(500U, seen.horizon);
    EXPECT_SUCCEEDS(store->Extend(MakeKey(1), 600, &granted));
    return 0;
  });
}

TEST_F(SqliteFileTest, TooManyOpenFilesAreSaidSo) {
  ASSERT_NE(nullptr, MustOpen());
  EXPECT_EQ(0, test::RunInChild([&] {
              const rlimit none{3, 3};
              EXPECT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
              std::unique_ptr<Store> store;
              EXPECT_FAILS(Code::TOO_MANY_FILES, Open(&store));
              return 0;
            }));
}

}  // namespace
}  // namespace shmflake
