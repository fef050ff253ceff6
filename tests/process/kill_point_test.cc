// SPDX-License-Identifier: Apache-2.0
// SIGKILL at every named point of create, attach, draw, extend and retire.
#include "tests/support/kill_point.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/point_scenario.h"
#include "tests/support/process.h"

namespace flake::test {
namespace {

class KillAtPoint : public ::testing::TestWithParam<std::string> {
 protected:
  KillAtPoint() : point_(GetParam()), options_(OptionsFor(point_, sandbox_)) {}

  // Runs a process into the point; `others` draw meanwhile, and must still do so afterwards.
  void KillOne(int occurrence, int others) {
    SCOPED_TRACE("occurrence " + std::to_string(occurrence) + ", beside " + std::to_string(others));
    Shared<std::atomic<bool>> stop;
    std::unique_ptr<Process[]> drawing(new Process[static_cast<std::size_t>(others) + 1]);
    Shared<std::atomic<int>> drawn;
    for (int i = 0; i < others; ++i) {
      drawing[static_cast<std::size_t>(i)] = Process([&] {
        const Flake flake = sandbox_.MustOpen(&options_);
        Drawer drawer(flake.get(), log_, OrderFor(point_));
        while (!stop->load()) {
          if (Expect(0, drawer.Next()) != kGood) return kBad;
          drawn->fetch_add(1);
          SleepMs(1);
        }
        return kGood;
      });
    }
    Process victim([&] {
      ArmPoint(point_, occurrence, KillMyself);
      const int code = PassPoint(point_, sandbox_, log_, 10'000);
      std::fprintf(stderr, "%s: reached %d times; %s %s\n", point_.c_str(), TimesReached(),
                   shmflake_error_name(code), code == 0 ? "" : shmflake_last_error());
      return kBad;
    });
    EXPECT_EQ(-SIGKILL, victim.Wait(15'000)) << "the point was not reached";
    // A newcomer needs no repair, and starts above everything.
    Process newcomer([&] {
      int code = 0;
      const Flake flake = sandbox_.Open(&code, &options_);
      if (Expect(0, code) != kGood) return kBad;
      Drawer drawer(flake.get(), log_, OrderFor(point_));
      return Expect(0, drawer.Times(100));
    });
    EXPECT_EQ(kGood, newcomer.Wait());
    if (others > 0) {
      const int before = drawn->load();
      EXPECT_TRUE(Eventually([&] { return drawn->load() >= before + 10 * others; }));
    }
    stop->store(true);
    for (int i = 0; i < others; ++i) EXPECT_EQ(kGood, drawing[static_cast<std::size_t>(i)].Wait());
  }

  const std::string point_;
  Sandbox sandbox_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(KillAtPoint, LeavesNothingThatHindersOthersAndNoRepeat) {
  const int random = 3 + static_cast<int>(Random(static_cast<std::uint64_t>(NowMs())).Below(5));
  KillOne(1, 0);
  KillOne(1, 2);
  KillOne(2, 2);
  KillOne(random, 2);
  EXPECT_EQ(0U, log_.CountRepeats());
  EXPECT_EQ(0U, log_.disorder());
  EXPECT_GT(log_.size(), 400U);
  // A creator that dies leaves no file but, between the two steps of replacing a retired region,
  // the new one under its temporary name, which the next creation removes.
  const std::string left = sandbox_.ListRegions();
  EXPECT_TRUE(left == "default.region" ||
              (point_ == "kCreateAside" && left == ".default.new default.region"))
      << left;
  EXPECT_EQ(0, sandbox_.Retire()) << shmflake_last_error();
  EXPECT_NE(nullptr, sandbox_.MustOpen(&options_));
}

INSTANTIATE_TEST_SUITE_P(Points, KillAtPoint, ::testing::ValuesIn(RegionPoints()),
                         [](const auto& point) { return point.param; });

}  // namespace
}  // namespace flake::test
