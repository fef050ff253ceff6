// SPDX-License-Identifier: Apache-2.0
// What a draw, and a birth or a lease behind it, is refused with: by the clock, the time range, the
// sequence, the lease. Each with the rule and the values.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/file_image.h"
#include "tests/support/refused.h"

namespace {
std::atomic<std::int64_t> g_clock_shift_ms{0};  // this program's wall clock minus the system's
}  // namespace

// In place of libc's.
extern "C" int clock_gettime(clockid_t id, timespec* out) {
  const long result = ::syscall(SYS_clock_gettime, id, out);
  if (result != 0 || id != CLOCK_REALTIME) return static_cast<int>(result);
  const std::int64_t ns = out->tv_sec * 1'000'000'000LL + out->tv_nsec +
                          g_clock_shift_ms.load(std::memory_order_relaxed) * 1'000'000;
  out->tv_sec = ns / 1'000'000'000;
  out->tv_nsec = ns % 1'000'000'000;
  return 0;
}

namespace flake::test {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 1440 * kMinute;

class DrawRefusal : public ::testing::Test {
 protected:
  DrawRefusal() : options_(box_.Options()) {
    g_clock_shift_ms = 0;
    options_.wait_timeout_ms = 5000;
  }
  ~DrawRefusal() override {
    g_clock_shift_ms = 0;
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
  }
  // Born with patience; a draw from it is refused soon.
  Flake OpenWithShortWait() {
    const Flake born = box_.MustOpen(&options_);
    options_.wait_timeout_ms = 100;
    return box_.MustOpen(&options_);
  }
  // Both kinds of draw, the one of try_next first.
  int DrawsAreRefused(int expected, ::shmflake* flake, const std::vector<std::string>& parts) {
    Drawer drawer(flake, log_);
    return Refused(expected, drawer.TryNext(), parts) | Refused(expected, drawer.Next(), parts) |
           Refused(expected, drawer.NextN(10), parts) |
           Refused(expected, drawer.NextBlock(10), parts);
  }
  int Draws(::shmflake* flake, int n = 10) {
    Drawer drawer(flake, log_);
    return Expect(0, drawer.Times(n));
  }

  const Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_F(DrawRefusal, ASequenceThatIsUsedUpSaysHowFarAheadItIsAndHowFarItMayBe) {
  options_.sequence_bits = 1;
  options_.tick_us = 1'000'000;
  options_.max_backward_ms = 2000;
  const Flake flake = OpenWithShortWait();
  Drawer drawer(flake.get(), log_);
  int code = 0;
  for (int i = 0; i < 20 && code == 0; ++i) code = drawer.TryNext();
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_EXHAUSTED, code, {"used up", " ms ahead", "allows 2000"}));
  // More than the next tick brings, should it begin meanwhile.
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_EXHAUSTED, drawer.NextN(20), {"used up", "allows 2000"}));
}

TEST_F(DrawRefusal, AClockThatWasSetBackSaysByHowMuchAndHowMuchIsAllowed) {
  const Flake flake = OpenWithShortWait();
  EXPECT_EQ(kGood, Draws(flake.get()));
  g_clock_shift_ms = -10 * kMinute;
  SleepMs(15);
  EXPECT_EQ(kGood, DrawsAreRefused(SHMFLAKE_E_CLOCK_BEHIND, flake.get(),
                                   {" 59", " ms behind", "set back", "allows 10"}));
  g_clock_shift_ms = 0;
  EXPECT_EQ(kGood, Draws(flake.get()));
}

TEST_F(DrawRefusal, AClockThatJumpedForwardSaysByHowMuchAndHowMuchIsAllowed) {
  options_.max_forward_ms = 5000;
  const Flake flake = box_.MustOpen(&options_);
  EXPECT_EQ(kGood, Draws(flake.get()));
  g_clock_shift_ms = 10 * kMinute;
  SleepMs(15);
  EXPECT_EQ(kGood, DrawsAreRefused(SHMFLAKE_E_CLOCK_JUMP, flake.get(),
                                   {"jumped forward", " 60", "allows 5000"}));
  g_clock_shift_ms = 0;
  EXPECT_EQ(kGood, Draws(flake.get()));
}

TEST_F(DrawRefusal, ATimestampThatDoesNotFitSaysTheRangeAtBirthAndInADraw) {
  options_.worker_id_bits = 22;
  options_.sequence_bits = 21;
  options_.tick_us = 1'000'000;  // 20 bits of seconds: 12 days
  options_.epoch_ms = NowMs() - 13 * kDay;
  EXPECT_EQ(kGood,
            OpenRefused(SHMFLAKE_E_TIME_RANGE, box_, {"0..1048575", ": 1048576"}, &options_));
  EXPECT_EQ("", box_.ListRegions());
  options_.epoch_ms = NowMs() - 12 * kDay;
  const Flake flake = box_.MustOpen(&options_);
  EXPECT_EQ(kGood, Draws(flake.get()));
  g_clock_shift_ms = kDay;
  SleepMs(15);
  EXPECT_EQ(kGood, DrawsAreRefused(SHMFLAKE_E_TIME_RANGE, flake.get(), {"0..1048575", ": 1"}));
}

TEST_F(DrawRefusal, AClockBeforeTheEpochSaysBoth) {
  g_clock_shift_ms = 1609459200000 - kDay - NowMs();
  EXPECT_EQ(kGood,
            OpenRefused(SHMFLAKE_E_BEFORE_EPOCH, box_, {"1609459200000", "16093728"}, &options_));
  EXPECT_EQ("", box_.ListRegions());
}

TEST_F(DrawRefusal, AHorizonTooFarAheadSaysHowFarAndWhatToDo) {
  { EXPECT_EQ(kGood, Draws(box_.MustOpen(&options_).get())); }
  box_.RemoveRegion();
  g_clock_shift_ms = -kDay;
  EXPECT_EQ(kGood,
            OpenRefused(SHMFLAKE_E_RECOVERY, box_, {"864", "60000", "worker_id"}, &options_));
  EXPECT_EQ("", box_.ListRegions());
}

TEST_F(DrawRefusal, AnObservedIdIsHeldAgainstTheClockAndTheSignBit) {
  const Flake flake = box_.MustOpen(&options_);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  ASSERT_EQ(0, shmflake_bounds(flake.get(), NowMs() + kMinute, &low, &high));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_TOO_FAR_AHEAD, shmflake_observe(flake.get(), low),
                           {" ms ahead", "allows 10"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_observe(flake.get(), 1ULL << 63), {"sign bit"}));
  shmflake_parts parts{};
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_decode(flake.get(), ~0ULL, &parts),
                           {"63", "sign bit"}));
  EXPECT_EQ(kGood, Draws(flake.get()));
}

TEST_F(DrawRefusal, AnInstantOutsideTheTimeRangeIsRefusedWithTheEpochAndTheInstant) {
  const Flake flake = box_.MustOpen(&options_);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_INSTANT, shmflake_bounds(flake.get(), 1609459199999, &low, &high),
                    {"1609459200000", "1609459199999"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_INSTANT, shmflake_bounds(flake.get(), INT64_MAX, &low, &high),
                           {"time range"}));
}

TEST_F(DrawRefusal, WhoNeverCallsNextMeetsTheCeilingAndIsToldWhatExtendsTheLease) {
  options_.horizon_ms = 100;
  const Flake flake = box_.MustOpen(&options_);
  SleepMs(150);
  Drawer drawer(flake.get(), log_);
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_CEILING, drawer.TryNext(),
                           {"ceiling is reached", " ms behind", "shmflake_next()"}));
  EXPECT_EQ(0, drawer.Next());
  EXPECT_EQ(0, drawer.TryNext());
}

TEST_F(DrawRefusal, ARetiredOrALostRegionIsToldToWhoDoesNotFollow) {
  const Flake flake = box_.MustOpen(&options_);
  EXPECT_EQ(kGood, Draws(flake.get()));
  ASSERT_EQ(0, box_.Retire());
  Drawer drawer(flake.get(), log_);
  std::uint64_t id = 0;
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_RETIRED, drawer.TryNext(), {"retired", "shmflake_next()"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_RETIRED, shmflake_watermark(flake.get(), &id), {"retired"}));
  EXPECT_EQ(0, drawer.Next());
  box_.RemoveRegion();
  SleepMs(15);
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_REGION_LOST, drawer.TryNext(), {"removed or replaced"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_REGION_LOST, shmflake_watermark(flake.get(), &id),
                           {"removed or replaced"}));
  EXPECT_EQ(0, drawer.Next());
}

// The one event that tells of it: next() itself follows to a new region.
TEST_F(DrawRefusal, ALostLeaseIsLoggedWithWhoHoldsItAndTheNextRegionIsAboveAll) {
  options_.horizon_ms = 100;
  EXPECT_EQ(kGood, Draws(box_.MustOpen(&options_).get()));
  ASSERT_EQ(0, shmflake_retire(nullptr, &options_));
  const std::string older = ImageOf(box_.state + "/leases.db").bytes;
  struct Seen {
    int code = 0;
    std::string message;
  } seen;
  options_.log_context = &seen;
  options_.log = [](void* context, int, const char* event, const shmflake_log_field* fields,
                    std::size_t count) {
    if (std::strcmp(event, "lease_not_extended") != 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      auto* out = static_cast<Seen*>(context);
      if (std::strcmp(fields[i].value, "LEASE_LOST") == 0) out->code = SHMFLAKE_E_LEASE_LOST;
      if (std::strcmp(fields[i].key, "message") == 0) out->message = fields[i].value;
    }
  };
  const Flake flake = box_.MustOpen(&options_);
  EXPECT_EQ(kGood, Draws(flake.get()));
  const std::uint64_t region = InstanceOf(flake.get());
  ASSERT_TRUE(PutInPlace(box_.state + "/leases.db", older));
  EXPECT_TRUE(Eventually([&] {
    SleepMs(5);
    return Draws(flake.get()) != kGood || InstanceOf(flake.get()) != region;
  }));
  EXPECT_EQ(kGood, Said(SHMFLAKE_E_LEASE_LOST, seen.code, seen.message,
                        {"worker ID 1", "\"default\"", "released"}));
  EXPECT_EQ(kGood, Draws(flake.get()));
}

}  // namespace
}  // namespace flake::test
