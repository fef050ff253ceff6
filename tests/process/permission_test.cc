// SPDX-License-Identifier: Apache-2.0
// Other users and other groups: who is meant to share a region does so without a repeat, who is not
// is told why not.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/file_image.h"
#include "tests/support/refused.h"

namespace flake::test {
namespace {

// Nobody's, on any host.
constexpr uid_t kAnna = 54321;
constexpr uid_t kBert = 54322;
constexpr uid_t kStranger = 54323;
constexpr gid_t kTeam = 54330;
const char* const kTeamText = "54330";

class Permission : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as several users";
    // Anna's, and open to be looked at.
    for (const std::string& path : {box_.regions, box_.state}) {
      ASSERT_EQ(0, ::chown(path.c_str(), kAnna, kAnna));
      ASSERT_EQ(0, ::chmod(path.c_str(), 0755));
    }
    options_ = box_.Options();
    options_.directory = regions_.c_str();
    options_.state_directory = state_.c_str();
    options_.horizon_ms = 200;
    options_.wait_timeout_ms = 3000;
  }
  ~Permission() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
  }
  // Runs the body in a process of that user, who is in the groups besides one of its own.
  static Process As(uid_t user, const std::vector<gid_t>& groups,
                    const std::function<int()>& body) {
    return Process([&, user] {
      if (::setgroups(groups.size(), groups.data()) != 0 || ::setresgid(user, user, user) != 0 ||
          ::setresuid(user, user, user) != 0) {
        std::perror("change the user");
        return kBad;
      }
      ::umask(0077);  // which decides nothing
      return body();
    });
  }
  int OpenAndDraw(int n) {
    int code = 0;
    const Flake flake = box_.Open(&code, &options_);
    if (flake == nullptr) return Expect(0, code);
    Drawer drawer(flake.get(), log_);
    return Expect(0, drawer.Times(n));
  }
  // Draws for longer than the lease lasts.
  int OpenAndDrawOn() {
    int code = 0;
    const Flake flake = box_.Open(&code, &options_);
    if (flake == nullptr) return Expect(0, code);
    Drawer drawer(flake.get(), log_);
    for (int i = 0; i < 60; ++i) {
      if (Expect(0, drawer.Times(20)) != kGood) return kBad;
      SleepMs(5);
    }
    return kGood;
  }
  int OpenIsRefused(int expected, const std::vector<std::string>& parts) {
    return OpenRefused(expected, box_, parts, &options_);
  }
  void MakeDirectory(const std::string& path, uid_t user, gid_t group, mode_t mode) {
    ASSERT_EQ(0, ::mkdir(path.c_str(), 0700));
    ASSERT_EQ(0, ::chown(path.c_str(), user, group));
    ASSERT_EQ(0, ::chmod(path.c_str(), mode));
  }

  const Sandbox box_;
  const std::string regions_ = box_.regions + "/shared";
  const std::string state_ = box_.state + "/shared";
  const std::string region_ = regions_ + "/default.region";
  IdLog log_;
  shmflake_options options_{};
};

TEST_F(Permission, ADirectoryThatAUserMadeShutsOthersOutWithBothUsers) {
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
  EXPECT_EQ(kGood, As(kBert, {kTeam}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_DIRECTORY, {regions_, "54321", "54322"});
                   }).Wait());
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
}

// As /dev/shm itself, where a file's mode is all that guards it.
TEST_F(Permission, AModeOf0600ShutsOthersOutOfARegionInADirectoryOfAll) {
  MakeDirectory(regions_, 0, 0, 01777);
  MakeDirectory(state_, 0, 0, 01777);
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
  EXPECT_EQ(kGood, As(kBert, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_PERMISSION, {region_, "denied"});
                   }).Wait());
  // Root could, and does not.
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_OWNER, {region_, "user 0", "54321"}));
  // With the group's option nothing is won.
  options_.group = kTeamText;
  EXPECT_EQ(kGood, As(kBert, {kTeam}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_PERMISSION, {region_, "denied"});
                   }).Wait());
}

TEST_F(Permission, TheStateDirectoryOfAnotherUserIsRefusedWithBothUsers) {
  MakeDirectory(regions_, kBert, kBert, 0700);
  MakeDirectory(state_, kAnna, kAnna, 0755);
  EXPECT_EQ(kGood, As(kBert, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_STATE_DIRECTORY, {state_, "54321", "54322"});
                   }).Wait());
}

TEST_F(Permission, ADirectoryThatAllMayWriteToMustBeStickyAndTheModeIsSaid) {
  MakeDirectory(regions_, kAnna, kAnna, 0777);
  EXPECT_EQ(kGood, As(kAnna, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_DIRECTORY, {regions_, "sticky", "0777"});
                   }).Wait());
  ASSERT_EQ(0, ::chmod(regions_.c_str(), 0700));
  MakeDirectory(state_, kAnna, kAnna, 0777);
  EXPECT_EQ(kGood, As(kAnna, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_STATE_DIRECTORY, {state_, "sticky", "0777"});
                   }).Wait());
  ASSERT_EQ(0, ::chmod(state_.c_str(), 0700));
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
}

TEST_F(Permission, ADirectoryThatMayNotBeWrittenIsPermissionAndAnExistingRegionServesOn) {
  MakeDirectory(regions_, kAnna, kAnna, 0500);
  EXPECT_EQ(kGood, As(kAnna, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_PERMISSION, {regions_, "denied"});
                   }).Wait());
  ASSERT_EQ(0, ::chmod(regions_.c_str(), 0700));
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
  ASSERT_EQ(0, ::chmod(regions_.c_str(), 0500));
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDrawOn(); }).Wait());
}

TEST_F(Permission, AStateDirectoryThatMayNotBeWrittenIsPermissionAtTheCeiling) {
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
  ASSERT_EQ(0, ::chmod(state_.c_str(), 0500));
  options_.wait_timeout_ms = 300;
  Process process = As(kAnna, {}, [&] {
    const Flake flake = box_.MustOpen(&options_);
    Drawer drawer(flake.get(), log_);
    int code = 0;
    for (int i = 0; i < 500 && code == 0; ++i) {
      code = drawer.Next();
      SleepMs(5);
    }
    return Refused(SHMFLAKE_E_PERMISSION, code, {"ceiling is reached", state_, "denied"});
  });
  EXPECT_EQ(kGood, process.Wait());
  // A new one is not born.
  ASSERT_EQ(0, ::unlink(region_.c_str()));
  EXPECT_EQ(kGood, As(kAnna, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_PERMISSION, {state_, "denied"});
                   }).Wait());
  ASSERT_EQ(0, ::chmod(state_.c_str(), 0700));
  EXPECT_EQ(kGood, As(kAnna, {}, [&] { return OpenAndDraw(10); }).Wait());
}

// ---------------------------------------------------------------- a group that shares a region

class PermissionOfGroup : public Permission {
 protected:
  // All of it, whoever made the directories: both draw at once, past the end of the lease; each can
  // retire, create and attach; who is no member cannot.
  void ExpectShared() {
    options_.group = kTeamText;
    Process anna = As(kAnna, {kTeam}, [&] { return OpenAndDrawOn(); });
    ASSERT_TRUE(Eventually([&] { return log_.highest() > 0 || !anna.running(); }));
    Process bert = As(kBert, {kTeam}, [&] { return OpenAndDrawOn(); });
    EXPECT_EQ(kGood, anna.Wait());
    EXPECT_EQ(kGood, bert.Wait());
    struct stat found {};
    ASSERT_EQ(0, ::stat(region_.c_str(), &found));
    EXPECT_EQ(0660U, found.st_mode & 07777U);
    EXPECT_EQ(kTeam, found.st_gid);
    EXPECT_EQ(kGood, As(kStranger, {}, [&] {
                       return OpenIsRefused(SHMFLAKE_E_PERMISSION, {region_, "denied"});
                     }).Wait());
    for (const uid_t user : {kBert, kAnna, kBert}) {
      SCOPED_TRACE(user);
      EXPECT_EQ(kGood, As(user, {kTeam}, [&] {
                         return Expect(0, shmflake_retire(nullptr, &options_));
                       }).Wait());
      EXPECT_EQ(kGood, As(user, {kTeam}, [&] { return OpenAndDraw(10); }).Wait());
      EXPECT_EQ(kGood,
                As(user == kAnna ? kBert : kAnna, {kTeam}, [&] { return OpenAndDrawOn(); }).Wait());
    }
  }
};

TEST_F(PermissionOfGroup, MembersShareARegionInDirectoriesThatWereMadeForThem) {
  MakeDirectory(regions_, 0, kTeam, 02770);
  MakeDirectory(state_, 0, kTeam, 02770);
  ExpectShared();
}

TEST_F(PermissionOfGroup, MembersShareARegionInDirectoriesThatTheFirstOfThemMade) {
  ExpectShared();
}

TEST_F(PermissionOfGroup, AMemberWhoDoesNotNameTheGroupIsToldSo) {
  MakeDirectory(regions_, 0, kTeam, 02770);
  MakeDirectory(state_, 0, kTeam, 02770);
  options_.group = kTeamText;
  EXPECT_EQ(kGood, As(kAnna, {kTeam}, [&] { return OpenAndDraw(10); }).Wait());
  options_.group = nullptr;
  EXPECT_EQ(kGood, As(kBert, {kTeam}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_OWNER, {region_, "group", "54321", "54330"});
                   }).Wait());
}

TEST_F(PermissionOfGroup, WhoIsNoMemberCannotGiveARegionToTheGroup) {
  options_.group = kTeamText;
  EXPECT_EQ(kGood, As(kAnna, {}, [&] {
                     return OpenIsRefused(SHMFLAKE_E_PERMISSION, {"54330", "not permitted"});
                   }).Wait());
  EXPECT_FALSE(ImageOf(region_).exists);
}

}  // namespace
}  // namespace flake::test
