// SPDX-License-Identifier: Apache-2.0
#include "core/clock.h"

#include <gtest/gtest.h>
#include <time.h>

#include <limits>
#include <thread>
#include <vector>

#include "core/platform.h"
#include "core/tsc.h"

namespace shmflake {
namespace {

TEST(ClockTest, TheSystemsClocksAreThoseOfTheKernel) {
  Clock& clock = SystemClock();
  const auto read = [](clockid_t id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
  };
  const std::int64_t boottime = read(CLOCK_BOOTTIME);
  EXPECT_GE(clock.BoottimeNs(), boottime);
  const std::int64_t monotonic = read(CLOCK_MONOTONIC);
  EXPECT_GE(clock.MonotonicNs(), monotonic);
  const std::int64_t later = clock.MonotonicNs();
  EXPECT_LE(later, read(CLOCK_MONOTONIC));
  EXPECT_GT(clock.RealtimeNs(), 1'600'000'000'000'000'000);
}

TEST(ClockTest, ASleepLastsAtLeastAsLongAsAsked) {
  const std::int64_t before = SystemClock().MonotonicNs();
  SystemClock().Sleep(2'000'000);
  EXPECT_GE(SystemClock().MonotonicNs() - before, 2'000'000);
}

TEST(ClockTest, ASleepOfNothingReturns) {
  SystemClock().Sleep(0);
  SystemClock().Sleep(-5);
}

// The rate is known after two readings that lie far enough apart.
std::uint64_t MeasuredCycles(TscRate* rate, std::int64_t ns) {
  std::uint64_t cycles = 0;
  for (int i = 0; i < 2000 && cycles == 0; ++i) {
    cycles = rate->CyclesWithin(ns);
    SleepNs(1'000'000);
  }
  return cycles;
}

TEST(TscRateTest, IsNotKnownAtFirst) {
  TscRate rate;
  EXPECT_EQ(0U, rate.CyclesWithin(1'000'000));
}

TEST(TscRateTest, NoTimeHasNoCycles) {
  TscRate rate;
  if (MeasuredCycles(&rate, 1'000'000) == 0) GTEST_SKIP() << "never two undisturbed readings";
  EXPECT_EQ(0U, rate.CyclesWithin(0));
  EXPECT_EQ(0U, rate.CyclesWithin(-1'000'000));
  EXPECT_EQ(0U, rate.CyclesWithin(std::numeric_limits<std::int64_t>::min()));
}

TEST(TscRateTest, TheCyclesFitIntoTheTime) {
  if (!TscIsReliable()) GTEST_SKIP() << "no counter of a constant rate";
  TscRate rate;
  const std::uint64_t cycles = MeasuredCycles(&rate, 20'000'000);
  if (cycles == 0) GTEST_SKIP() << "never two undisturbed readings";
  // So many cycles later no more than the time has passed, unless this thread was kept waiting.
  for (int tries = 0; tries < 50; ++tries) {
    const std::uint64_t begin = ReadTsc();
    const std::int64_t before = MonotonicNs();
    while (ReadTsc() - begin < cycles) {
    }
    if (MonotonicNs() - before <= 20'000'000) return;
  }
  ADD_FAILURE() << cycles << " cycles always last longer than 20 ms";
}

TEST(TscRateTest, ManyThreadsMayMeasureAtOnce) {
  TscRate rate;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { (void)MeasuredCycles(&rate, 1'000'000); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t one = rate.CyclesWithin(1'000'000);
  const std::uint64_t ten = rate.CyclesWithin(10'000'000);
  EXPECT_LE(one, ten / 9);
}

}  // namespace
}  // namespace shmflake
