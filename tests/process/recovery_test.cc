// SPDX-License-Identifier: Apache-2.0
// Everything killed, the region file gone, the clock anywhere: the next region starts above all
// that was issued, or says why it does not.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace {
// How far the wall clock of this program is from the system's, for all its processes.
std::atomic<std::int64_t>& ClockShiftMs() {
  static flake::test::Shared<std::atomic<std::int64_t>> shift;
  return *shift;
}
}  // namespace

// In place of libc's.
extern "C" int clock_gettime(clockid_t id, timespec* out) {
  const long result = ::syscall(SYS_clock_gettime, id, out);
  if (result != 0 || id != CLOCK_REALTIME) return static_cast<int>(result);
  const std::int64_t ns = out->tv_sec * 1'000'000'000LL + out->tv_nsec +
                          ClockShiftMs().load(std::memory_order_relaxed) * 1'000'000;
  out->tv_sec = ns / 1'000'000'000;
  out->tv_nsec = ns % 1'000'000'000;
  return 0;
}

namespace flake::test {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kDay = 86'400 * kSecond;

class Recovery : public ::testing::Test {
 protected:
  Recovery() : options_(box_.Options()) {
    ClockShiftMs() = 0;
    options_.wait_timeout_ms = 150;
  }
  ~Recovery() override {
    ClockShiftMs() = 0;
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
    EXPECT_GT(log_.size(), 0U);
  }
  // Processes that draw, and are killed while they do.
  void DrawAndKillAll(int processes, long ms) {
    std::vector<Process> drawing;
    Shared<std::atomic<int>> ready;
    for (int i = 0; i < processes; ++i) {
      drawing.emplace_back([&] {
        int code = 0;
        const Flake flake = box_.Open(&code, &options_);
        if (Expect(0, code) != kGood) return kBad;
        Drawer drawer(flake.get(), log_);
        ready->fetch_add(1);
        Random random(static_cast<std::uint64_t>(::getpid()));
        for (;;) (void)drawer.Any(random());
      });
    }
    EXPECT_TRUE(Eventually([&] { return ready->load() == processes; }, 5'000));
    SleepMs(ms);
  }
  // What opening, and then drawing, gives in a new process.
  int OpenGives(int expected, Order order = Order::kStrict) {
    Process process([&] {
      int code = 0;
      const Flake flake = box_.Open(&code, &options_);
      if (Expect(expected, code) != kGood) return kBad;
      if (flake == nullptr) return kGood;
      Drawer drawer(flake.get(), log_, order);
      return Expect(0, drawer.Times(100));
    });
    return process.Wait();
  }

  Sandbox box_;
  IdLog log_{std::size_t{1} << 26};
  shmflake_options options_;
};

TEST_F(Recovery, FiftyCrashesInARowStartAboveAllAndDoNotClimbAway) {
  std::int64_t ahead_ms = 0;
  for (int round = 0; round < 50; ++round) {
    DrawAndKillAll(2, 3);
    const Flake flake = box_.Open(nullptr, &options_);
    ASSERT_NE(nullptr, flake) << round << ": " << shmflake_last_error();
    ahead_ms = std::max(ahead_ms, StatusOf(flake.get()).birth_unix_ms - NowMs());
    box_.RemoveRegion();
  }
  // The span, and for each crash at most a step of 100 ms and what was issued ahead.
  EXPECT_LT(ahead_ms, 10'000 + 50 * 300);
}

TEST_F(Recovery, CrashesWithAShortLeaseStartAboveAll) {
  options_.horizon_ms = 100;
  for (int round = 0; round < 50; ++round) {
    DrawAndKillAll(2, round % 10 * 8);
    box_.RemoveRegion();
  }
  EXPECT_EQ(kGood, OpenGives(0));
}

TEST_F(Recovery, AClockSetBackByAMillisecondOrASecondBeforeTheRebirthCostsNothing) {
  for (const std::int64_t back : {1, 5, 50, 1000, 1, 1000, 1000}) {
    DrawAndKillAll(2, 20);
    box_.RemoveRegion();
    ClockShiftMs() -= back;
    EXPECT_EQ(kGood, OpenGives(0)) << back << " ms back";
  }
}

TEST_F(Recovery, ADayBackWithTheRegionGoneIsRefusedUntilMaxRecoveryAllowsIt) {
  DrawAndKillAll(2, 20);
  box_.RemoveRegion();
  ClockShiftMs() = -kDay;
  EXPECT_EQ(kGood, OpenGives(SHMFLAKE_E_RECOVERY));
  EXPECT_EQ("", box_.ListRegions());
  options_.max_recovery_ms = static_cast<std::uint32_t>(2 * kDay);
  EXPECT_EQ(kGood, OpenGives(0));
  ClockShiftMs() = 0;
  // Attached again with the right time.
  EXPECT_EQ(kGood, OpenGives(0));
}

TEST_F(Recovery, ADayBackWithTheRegionKeptIsClockBehindAfterTheWaitAndAtOnceFromTryNext) {
  DrawAndKillAll(2, 20);
  ClockShiftMs() = -kDay;
  Process process([&] {
    const Flake flake = box_.MustOpen(&options_);
    Drawer drawer(flake.get(), log_);
    if (Expect(SHMFLAKE_E_CLOCK_BEHIND, drawer.TryNext()) != kGood) return kBad;
    if (Expect(SHMFLAKE_E_CLOCK_BEHIND, drawer.Next()) != kGood) return kBad;
    ClockShiftMs() = 0;
    return Expect(0, drawer.Times(100));
  });
  EXPECT_EQ(kGood, process.Wait());
}

TEST_F(Recovery, AYearForwardAndBackAgainIsClockBehindAndWithTheRegionGoneRecovery) {
  DrawAndKillAll(2, 20);
  ClockShiftMs() = 365 * kDay;
  EXPECT_EQ(kGood, OpenGives(0));  // followed
  ClockShiftMs() = 0;
  Process process([&] {
    const Flake flake = box_.MustOpen(&options_);
    Drawer drawer(flake.get(), log_);
    return Expect(SHMFLAKE_E_CLOCK_BEHIND, drawer.Next());
  });
  EXPECT_EQ(kGood, process.Wait());
  box_.RemoveRegion();
  EXPECT_EQ(kGood, OpenGives(SHMFLAKE_E_RECOVERY));
  options_.worker_id = 2;                           // the way out that the message names
  EXPECT_EQ(kGood, OpenGives(0, Order::kRelaxed));  // another worker: another order
}

TEST_F(Recovery, AYearForwardRetiredAndBackAgainStillStartsAboveAll) {
  ClockShiftMs() = 365 * kDay;
  EXPECT_EQ(kGood, OpenGives(0));
  EXPECT_EQ(0, box_.Retire());
  ClockShiftMs() = 0;
  EXPECT_EQ(kGood, OpenGives(SHMFLAKE_E_RECOVERY));
}

// Processes that draw while the clock jumps about under them.
TEST_F(Recovery, AClockThatJumpsAboutUnderDrawingProcessesGivesNoRepeat) {
  Shared<std::atomic<bool>> stop;
  std::vector<Process> drawing;
  for (int i = 0; i < 3; ++i) {
    drawing.emplace_back([&, i] {
      shmflake_options options = options_;
      options.wait_timeout_ms = 1000;
      options.horizon_ms = 100;
      const Flake flake = box_.MustOpen(&options);
      Drawer drawer(flake.get(), log_);
      Random random(static_cast<std::uint64_t>(i));
      while (!stop->load()) {
        const int code = drawer.Any(random());
        if (code != 0 && code != SHMFLAKE_E_CLOCK_BEHIND && code != SHMFLAKE_E_EXHAUSTED &&
            code != SHMFLAKE_E_CEILING && code != SHMFLAKE_E_STORE_LOCKED) {
          return Expect(0, code);
        }
      }
      return kGood;
    });
  }
  Random random(7);
  for (int jump = 0; jump < 400; ++jump) {
    SleepMs(5);
    const auto by = static_cast<std::int64_t>(random.Below(jump % 20 == 0 ? 2000 : 40));
    ClockShiftMs() += random.Below(2) == 0 ? by : -by;
  }
  stop->store(true);
  for (Process& process : drawing) EXPECT_EQ(kGood, process.Wait());
}

}  // namespace
}  // namespace flake::test
