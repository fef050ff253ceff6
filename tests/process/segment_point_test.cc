// SPDX-License-Identifier: Apache-2.0
// SIGKILL, and SIGSTOP past every timeout, at every named point of segment mode.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/kill_point.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"
#include "tests/support/segment_drawer.h"

namespace flake::test {
namespace {

constexpr char kTag[] = "orders";
constexpr std::uint64_t kStep = 20;

class SegmentPoint : public ::testing::TestWithParam<std::string> {
 protected:
  // Opens and draws, again and again, until `ms` have passed: passes every point of segment mode.
  // Several tags, so that names are written.
  int DrawFor(long ms) {
    const Flake flake = sandbox_.MustOpen();
    const std::int64_t end = NowMs() + ms;
    for (int round = 0; NowMs() < end; ++round) {
      int code = 0;
      const std::string other = "tag " + std::to_string(::getpid()) + std::to_string(round % 20);
      if (OpenSegment(flake.get(), other.c_str(), SegmentsOf(kStep), &code) == nullptr) return code;
      const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(kStep), &code);
      if (segment == nullptr) return code;
      SegmentDrawer drawer(segment.get(), log_);
      for (int i = 0; i < 50; ++i) {
        if (code = drawer.Next(); code != 0) return code;
      }
      if (code = drawer.NextN(25); code != 0) return code;
    }
    return 0;
  }

  std::vector<Process> StartOthers(int count) {
    std::vector<Process> others;
    for (int i = 0; i < count; ++i) {
      others.emplace_back([this] {
        const Flake flake = sandbox_.MustOpen();
        const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(kStep));
        if (segment == nullptr) return Expect(0, -1);
        SegmentDrawer drawer(segment.get(), log_);
        while (!stop_->load()) {
          if (Expect(0, drawer.Next()) != kGood) return kBad;
          drawn_->fetch_add(1);
          SleepMs(1);
        }
        return kGood;
      });
    }
    return others;
  }

  void ExpectThatOthersDrawOn(const char* when) {
    const int before = drawn_->load();
    EXPECT_TRUE(Eventually([&] { return drawn_->load() >= before + 50; }, 20'000)) << when;
  }

  void EndOthers(std::vector<Process>& others) {
    stop_->store(true);
    for (Process& other : others) EXPECT_EQ(kGood, other.Wait());
    EXPECT_EQ("", CheckIds(log_, MaxIdOf(sandbox_.state + "/segments.db", kTag)));
    EXPECT_EQ(0U, log_.disorder());
  }

  Sandbox sandbox_;
  IdLog log_;
  Shared<std::atomic<bool>> stop_;
  Shared<std::atomic<int>> drawn_;
};

TEST_P(SegmentPoint, AKillThereHindersNobodyAndRepeatsNothing) {
  std::vector<Process> others = StartOthers(2);
  for (const int occurrence : {1, 2, 5}) {
    Process victim([&] {
      ArmPoint(GetParam(), occurrence, KillMyself);
      return Expect(1, DrawFor(10'000));
    });
    EXPECT_EQ(-SIGKILL, victim.Wait(15'000)) << "the point was not reached";
    ExpectThatOthersDrawOn("after a kill");
  }
  Process newcomer([&] { return Expect(0, DrawFor(100)); });
  EXPECT_EQ(kGood, newcomer.Wait());
  EndOthers(others);
}

TEST_P(SegmentPoint, AStopThereHindersNobodyAndRepeatsNothingWhenItGoesOn) {
  std::vector<Process> others = StartOthers(2);
  Process stopped([&] {
    ArmPoint(GetParam(), 2, StopMyself);
    return Expect(0, DrawFor(1'000));
  });
  ASSERT_TRUE(stopped.WaitForStop()) << "the point was not reached";
  ExpectThatOthersDrawOn("while it is stopped");
  // Long enough for the ring to go round several times: what it was about to write is out of date.
  ExpectThatOthersDrawOn("while it is still stopped");
  ExpectThatOthersDrawOn("while it is still stopped");
  stopped.Signal(SIGCONT);
  EXPECT_EQ(kGood, stopped.Wait());
  EndOthers(others);
}

INSTANTIATE_TEST_SUITE_P(Points, SegmentPoint, ::testing::ValuesIn(SegmentPoints()),
                         [](const auto& point) { return point.param; });

}  // namespace
}  // namespace flake::test
