// SPDX-License-Identifier: Apache-2.0
// What once broke: each of these gave a repeat, a crash or a stuck host.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "tests/support/drawer.h"
#include "tests/support/kill_point.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

class Regression : public ::testing::Test {
 protected:
  Regression() : options_(box_.Options()) {}
  ~Regression() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    std::filesystem::remove_all(other_state_);
  }
  // The options of a process that was given another state directory.
  shmflake_options Elsewhere() {
    shmflake_options options = options_;
    options.state_directory = other_state_.c_str();
    options.wait_timeout_ms = 300;
    return options;
  }
  // A retired region whose file is still there, since somebody is attached.
  Flake LeaveTombstone() {
    Flake attached = box_.MustOpen(&options_);
    Drawer(attached.get(), log_).Times(10);
    EXPECT_EQ(0, box_.Retire());
    EXPECT_TRUE(std::filesystem::exists(box_.region));
    return attached;
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
  std::string other_state_ = box_.state + "-elsewhere";
};

class AtATombstone : public Regression, public ::testing::WithParamInterface<const char*> {};

TEST_P(AtATombstone, TwoStateDirectoriesThatMeetMakeOneRegion) {
  const Flake attached = LeaveTombstone();
  shmflake_options elsewhere = Elsewhere();
  Process late([&] {
    ArmPoint(GetParam(), 1, StopMyself);
    const Flake flake = box_.Open(nullptr, &elsewhere);
    return flake == nullptr ? kGood : Expect(0, Drawer(flake.get(), log_).Times(20'000));
  });
  ASSERT_TRUE(late.WaitForStop());
  shmflake_options impatient = options_;
  impatient.wait_timeout_ms = 200;
  const Flake flake = box_.Open(nullptr, &impatient);
  if (flake != nullptr) Drawer(flake.get(), log_).Times(20'000);
  late.Signal(SIGCONT);
  EXPECT_EQ(kGood, late.Wait());
  if (flake != nullptr) Drawer(flake.get(), log_).Times(20'000);
}

INSTANTIATE_TEST_SUITE_P(Points, AtATombstone,
                         ::testing::Values("kCreateNobodyAttached", "kCreateLeased",
                                           "kCreateLocked"),
                         [](const auto& point) { return std::string(point.param); });

TEST_F(Regression, ARetirerThatWakesUpLateUnlinksNoLivingRegion) {
  Process retirer([&] {
    {
      const Flake flake = box_.MustOpen(&options_);
      Drawer(flake.get(), log_).Times(10);
    }
    ArmPoint("kRetireReleased", 1, StopMyself);
    return Expect(0, box_.Retire());
  });
  ASSERT_TRUE(retirer.WaitForStop());
  shmflake_options elsewhere = Elsewhere();
  const Flake flake = box_.Open(nullptr, &elsewhere);
  ASSERT_NE(nullptr, flake) << shmflake_last_error();
  retirer.Signal(SIGCONT);
  EXPECT_EQ(kGood, retirer.Wait());
  EXPECT_TRUE(std::filesystem::exists(box_.region));
  EXPECT_EQ(0, Drawer(flake.get(), log_).Times(1000));
}

TEST_F(Regression, BirthsThatFailDoNotClimbAwayFromTheClock) {
  Process failing([&] {
    rlimit limit{100'000, RLIM_INFINITY};  // enough for the store, not for a region
    ::setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 300; ++i) {
      int code = 0;
      if (box_.Open(&code, &options_) != nullptr || code != SHMFLAKE_E_NO_SPACE) {
        return Expect(SHMFLAKE_E_NO_SPACE, code);
      }
    }
    return kGood;
  });
  ASSERT_EQ(kGood, failing.Wait(60'000));
  const Flake flake = box_.MustOpen(&options_);
  Drawer(flake.get(), log_).Times(10);
  EXPECT_LE(StatusOf(flake.get()).ahead_ms, 1000);
}

::shmflake* g_flake = nullptr;

void DrawUuidAtTheEnd() {
  unsigned char uuid[16];
  if (shmflake_uuid7(g_flake, uuid) != 0) ::_exit(kBad);
}

TEST_F(Regression, UuidsCanBeDrawnWhileAThreadAndTheProgramEnd) {
  Process ending([&]() -> int {
    g_flake = box_.MustOpen(&options_).release();
    pthread_key_t key;
    ::pthread_key_create(&key, [](void*) { DrawUuidAtTheEnd(); });
    std::thread([&] {
      DrawUuidAtTheEnd();
      ::pthread_setspecific(key, &key);
    }).join();
    DrawUuidAtTheEnd();
    std::atexit(DrawUuidAtTheEnd);
    std::exit(kGood);
  });
  EXPECT_EQ(kGood, ending.Wait());
}

TEST_F(Regression, FollowingAgainAndAgainKeepsNoDescriptors) {
  Process following([&] {
    rlimit limit{40, 40};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const Flake flake = box_.MustOpen(&options_);
    for (int i = 0; i < 60; ++i) {
      if (box_.Retire() != 0 || Expect(0, Drawer(flake.get(), log_).Next()) != kGood) return kBad;
    }
    return kGood;
  });
  EXPECT_EQ(kGood, following.Wait(60'000));
}

TEST_F(Regression, ClosedDescriptorsCostTheSignalHandlersErrnoNothing) {
  Process closing([&] {
    const Flake flake = box_.MustOpen(&options_);
    Drawer(flake.get(), log_).Times(10);
    ::close_range(3, ~0U, 0);
    SleepMs(20);
    errno = 4711;
    std::uint64_t id = 0;
    if (shmflake_try_next(flake.get(), &id) == 0) return kBad;
    return errno == 4711 ? kGood : kBad;
  });
  EXPECT_EQ(kGood, closing.Wait());
}

TEST_F(Regression, ALockThatTheProgramClosedIsMissed) {
  Process closing([&] {
    const Flake flake = box_.MustOpen(&options_);
    Drawer(flake.get(), log_).Times(10);
    for (int fd = 3; fd < 64; ++fd) {
      std::error_code error;
      const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
      if (path.extension() == ".lock") ::close(fd);
    }
    SleepMs(20);
    std::uint64_t id = 0;
    return Expect(SHMFLAKE_E_REGION_LOST, shmflake_try_next(flake.get(), &id));
  });
  EXPECT_EQ(kGood, closing.Wait());
}

}  // namespace
}  // namespace flake::test
