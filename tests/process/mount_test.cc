// SPDX-License-Identifier: Apache-2.0
// File systems that are read-only or full, in a mount namespace of the test's own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/refused.h"

namespace flake::test {
namespace {

class Mount : public ::testing::Test {
 protected:
  Mount() {
    options_ = box_.Options();
    options_.directory = regions_.c_str();
    options_.state_directory = state_.c_str();
    options_.wait_timeout_ms = 1500;
    ::mkdir(regions_.c_str(), 0700);
    ::mkdir(state_.c_str(), 0700);
  }
  ~Mount() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
  }
  static constexpr int kNoMounts = 77;

  // Runs the body where mounts are nobody else's, and go with the process.
  void InNamespace(const std::function<int()>& body) {
    Process process([&] {
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return kNoMounts;
      }
      return body();
    });
    const int result = process.Wait();
    if (result == kNoMounts) GTEST_SKIP() << "mount namespaces are for root";
    EXPECT_EQ(kGood, result);
  }
  static int MountTmpfs(const std::string& path, const char* data) {
    if (::mount("shmflake-test", path.c_str(), "tmpfs", 0, data) == 0) return kGood;
    std::perror(path.c_str());
    return kBad;
  }
  static int SetReadOnly(const std::string& path, bool read_only) {
    const unsigned long flags = MS_BIND | MS_REMOUNT | (read_only ? MS_RDONLY : 0);
    if (::mount(nullptr, path.c_str(), nullptr, flags, nullptr) == 0) return kGood;
    std::perror(path.c_str());
    return kBad;
  }
  static int MountOnItself(const std::string& path) {
    return ::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0 ? kGood : kBad;
  }
  // Takes all the space that is left.
  static int Fill(const std::string& directory) {
    const int fd = ::open((directory + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    while (::write(fd, page.data(), page.size()) > 0) {
    }
    const bool full = errno == ENOSPC;
    ::close(fd);
    return full ? kGood : kBad;
  }
  static int Empty(const std::string& directory) {
    return ::unlink((directory + "/filler").c_str()) == 0 ? kGood : kBad;
  }
  // Names of what lies there.
  static std::string List(const std::string& directory) {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      names += entry.path().filename().string() + " ";
    }
    return names;
  }
  static int Is(const std::string& expected, const std::string& found) {
    if (expected == found) return kGood;
    std::fprintf(stderr, "expected '%s', found '%s'\n", expected.c_str(), found.c_str());
    return kBad;
  }
  int OpenAndDraw() {
    int code = 0;
    const Flake flake = box_.Open(&code, &options_);
    if (flake == nullptr) return Expect(0, code);
    Drawer drawer(flake.get(), log_);
    return Expect(0, drawer.Times(100));
  }
  int OpenIsRefused(int expected, const std::vector<std::string>& parts) {
    return OpenRefused(expected, box_, parts, &options_);
  }
  // Draws until the lease cannot be extended any more.
  int DrawToTheEnd(::shmflake* flake, int expected, std::vector<std::string> parts) {
    Drawer drawer(flake, log_);
    int code = 0;
    for (int i = 0; i < 1000 && code == 0; ++i) {
      code = drawer.Next();
      SleepMs(2);
    }
    parts.push_back("ceiling is reached");
    return Refused(expected, code, parts);
  }

  const Sandbox box_;
  const std::string regions_ = box_.regions + "/mounted";
  const std::string state_ = box_.state + "/mounted";
  const std::string region_ = regions_ + "/default.region";
  IdLog log_;
  shmflake_options options_{};
};

TEST_F(Mount, AReadOnlyRegionDirectoryIsReadOnlyWhetherThereIsARegionOrNot) {
  InNamespace([&] {
    int result = MountOnItself(regions_) | SetReadOnly(regions_, true);
    result |= OpenIsRefused(SHMFLAKE_E_READ_ONLY, {regions_, "Read-only"});
    result |= SetReadOnly(regions_, false) | OpenAndDraw() | SetReadOnly(regions_, true);
    result |= OpenIsRefused(SHMFLAKE_E_READ_ONLY, {region_, "Read-only"});
    result |= Is("default.region ", List(regions_));
    return result | SetReadOnly(regions_, false) | OpenAndDraw();
  });
}

TEST_F(Mount, WhoIsAttachedDrawsOnWhenTheRegionDirectoryBecomesReadOnly) {
  options_.horizon_ms = 200;
  InNamespace([&] {
    if ((MountOnItself(regions_)) != kGood) return kBad;
    const Flake flake = box_.MustOpen(&options_);
    Drawer drawer(flake.get(), log_);
    int result = Expect(0, drawer.Times(10));
    // A file that is open for writing keeps its own mount writable: another one goes on top.
    result |= MountOnItself(regions_) | SetReadOnly(regions_, true);
    for (int i = 0; i < 100; ++i) {
      result |= Expect(0, drawer.Times(5));
      SleepMs(5);
    }
    return result;
  });
}

TEST_F(Mount, AReadOnlyStateDirectoryIsReadOnlyForANewRegionAndAtTheCeilingForAnOldOne) {
  options_.horizon_ms = 200;
  InNamespace([&] {
    int result = MountOnItself(state_) | SetReadOnly(state_, true);
    result |= OpenIsRefused(SHMFLAKE_E_READ_ONLY, {state_, "Read-only"});
    result |= Is("", List(regions_)) | SetReadOnly(state_, false);
    const Flake flake = box_.MustOpen(&options_);
    result |= MountOnItself(state_) | SetReadOnly(state_, true);
    result |= DrawToTheEnd(flake.get(), SHMFLAKE_E_READ_ONLY, {state_, "Read-only"});
    result |= SetReadOnly(state_, false);
    Drawer drawer(flake.get(), log_);
    return result | Expect(0, drawer.Times(100));
  });
}

TEST_F(Mount, AFullTmpfsIsNoSpaceAndNothingIsLeftBehind) {
  InNamespace([&] {
    // With room for a page or two, for most of a region, and for none.
    int result = kGood;
    for (const char* data : {"size=8k,mode=0700", "size=256k,mode=0700"}) {
      result |= MountTmpfs(regions_, data);
      result |= OpenIsRefused(SHMFLAKE_E_NO_SPACE, {regions_, "No space"});
      result |= Is("", List(regions_)) | Fill(regions_);
      result |= OpenIsRefused(SHMFLAKE_E_NO_SPACE, {regions_, "No space"});
      result |= Is("filler ", List(regions_));
      ::umount(regions_.c_str());
    }
    result |= MountTmpfs(regions_, "size=512k,mode=0700") | Fill(regions_);
    result |= OpenIsRefused(SHMFLAKE_E_NO_SPACE, {regions_, "No space"});
    return result | Empty(regions_) | OpenAndDraw() | Is("default.region ", List(regions_));
  });
}

// Its space was taken when it was born: no write to it can fail, nor raise SIGBUS.
TEST_F(Mount, ARegionThatWasBornBeforeTheTmpfsWasFullServesOn) {
  options_.horizon_ms = 200;
  options_.sigbus_guard = SHMFLAKE_OFF;
  InNamespace([&] {
    int result = MountTmpfs(regions_, "size=512k,mode=0700");
    const Flake flake = box_.MustOpen(&options_);
    result |= Fill(regions_);
    Drawer drawer(flake.get(), log_);
    for (int i = 0; i < 60; ++i) {
      result |= Expect(0, drawer.Times(5)) | OpenAndDraw();
      SleepMs(5);
    }
    // So many that every slot is written to.
    std::vector<Flake> many;
    for (int i = 0; i < 300 && result == kGood; ++i) {
      many.push_back(box_.MustOpen(&options_));
      Drawer each(many.back().get(), log_);
      result |= Expect(0, each.Times(3));
    }
    return result;
  });
}

TEST_F(Mount, ATmpfsWithoutInodesIsNoSpace) {
  InNamespace([&] {
    int result = MountTmpfs(regions_, "size=4m,nr_inodes=2,mode=0700");
    const int fd = ::open((regions_ + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ::close(fd);
    result |= OpenIsRefused(SHMFLAKE_E_NO_SPACE, {regions_, "No space"});
    return result | Is("filler ", List(regions_)) | Empty(regions_) | OpenAndDraw();
  });
}

TEST_F(Mount, AFullStateDirectoryIsNoSpaceAtBirthAndAtTheCeilingAndServesOnWhenThereIsRoom) {
  options_.horizon_ms = 200;
  InNamespace([&] {
    int result = MountTmpfs(state_, "size=256k,mode=0700") | Fill(state_);
    result |= OpenIsRefused(SHMFLAKE_E_NO_SPACE, {state_, "No space"}) | Is("", List(regions_));
    result |= Empty(state_);
    const Flake flake = box_.MustOpen(&options_);
    result |= Fill(state_);
    result |= DrawToTheEnd(flake.get(), SHMFLAKE_E_NO_SPACE, {state_});
    result |= Empty(state_);
    Drawer drawer(flake.get(), log_);
    return result | Expect(0, drawer.Times(100));
  });
}

}  // namespace
}  // namespace flake::test
