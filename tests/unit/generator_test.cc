// SPDX-License-Identifier: Apache-2.0
// Draws that wait: clocks that jump, sequences that are used up, deadlines.
#include "core/generator.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

TEST_F(GeneratorTest, TheFirstIdBearsTheClocksTickAndTheWorkerId) {
  const auto generator = MustOpen();
  IdParts parts;
  ASSERT_TRUE(SplitId(generator->current().format(), Next(generator.get()), &parts));
  EXPECT_EQ(kTestWorkerId, parts.worker_id);
  EXPECT_EQ(static_cast<std::uint64_t>(FakeClock::kStartNs / kMs - kDefaultEpochMs),
            parts.timestamp);
}

TEST_F(GeneratorTest, IdsAscendOverTicksAndHandles) {
  const auto first = MustOpen();
  const auto second = MustOpen();
  std::uint64_t last = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t id = Next(i % 2 == 0 ? first.get() : second.get());
    ASSERT_GT(id, last);
    last = id;
    if (i % 3 == 0) clock_.Advance(kMs / 3);
  }
}

// ---------------------------------------------------------------- Ahead of the clock

TEST_F(GeneratorTest, TryNextIsRefusedAtOnceWhenTheSequenceIsUsedUp) {
  const auto generator = MustOpen(Small);
  std::size_t drawn = 0;
  const DrawError error = DrawUntilRefused(generator.get(), &drawn);
  EXPECT_FAILS(Code::EXHAUSTED, error);
  EXPECT_EQ("the sequence is used up 10 ms ahead of the clock, max_backward_ms allows 10",
            DescribeDrawError(error));
  EXPECT_GE(drawn, 41U);
  EXPECT_LE(drawn, 44U) << "11 ticks of 4, less the first one's spread";
  EXPECT_EQ(0U, clock_.sleeps());
}

TEST_F(GeneratorTest, WithoutAllowanceABurstStaysInItsTick) {
  const auto generator = MustOpen([](Options* options) {
    Small(options);
    options->max_backward_ms = 0;
  });
  std::size_t drawn = 0;
  EXPECT_FAILS(Code::EXHAUSTED, DrawUntilRefused(generator.get(), &drawn));
  EXPECT_LE(drawn, 4U);
  EXPECT_GE(drawn, 3U);
  clock_.Advance(kMs);
  EXPECT_FAILS(Code::EXHAUSTED, DrawUntilRefused(generator.get(), &drawn));
  EXPECT_GE(drawn, 3U);
}

TEST_F(GeneratorTest, NextSleepsUntilTheNextTickHasRoom) {
  const auto generator = MustOpen(Small);
  EXPECT_FAILS(Code::EXHAUSTED, DrawUntilRefused(generator.get()));
  const std::int64_t before = clock_.MonotonicNs();
  Next(generator.get());
  EXPECT_EQ(1U, clock_.sleeps());
  EXPECT_EQ(kMs, clock_.MonotonicNs() - before) << "to the next tick's beginning, no further";
}

TEST_F(GeneratorTest, ABurstOfManyTicksSleepsOnceATickAndRepeatsNothing) {
  const auto generator = MustOpen(Small);
  for (int i = 0; i < 4000; ++i) Next(generator.get());
  EXPECT_LE(clock_.sleeps(), 4000U / 4);
  EXPECT_LE(clock_.MonotonicNs(), FakeClock().MonotonicNs() + 1000 * kMs);
}

// ---------------------------------------------------------------- Clock rollbacks

TEST_F(GeneratorTest, AClockOneMillisecondBackIsRiddenOut) {
  const auto generator = MustOpen();
  std::uint64_t last = Next(generator.get());
  clock_.Advance(20 * kMs);
  last = Next(generator.get());
  clock_.Step(-kMs);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t id = Next(generator.get());
    EXPECT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(0U, clock_.sleeps());
  clock_.Advance(20 * kMs);
  Next(generator.get());
  EXPECT_EQ(1U, ImageOf(generator.get()).events.clock_rollbacks.load());
  EXPECT_EQ(1, CountEvents("clock_rollback"));
}

TEST_F(GeneratorTest, AClockHalfASecondBackIsWaitedFor) {
  const auto generator = MustOpen();
  const std::uint64_t last = Next(generator.get());
  clock_.Step(-500 * kMs);
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::CLOCK_BEHIND, generator->TryNext(&id));
  EXPECT_EQ(0U, clock_.sleeps());
  EXPECT_GT(Next(generator.get()), last);
  EXPECT_GT(clock_.sleeps(), 0U);
}

TEST_F(GeneratorTest, AClockADayBackIsRefusedExactlyAtTheDeadline) {
  const auto generator = MustOpen([](Options* options) { options->wait_timeout_ms = 777; });
  Next(generator.get());
  clock_.Step(-kDay);
  const std::int64_t before = clock_.MonotonicNs();
  std::uint64_t id = 0;
  const Status status = generator->Next(&id);
  EXPECT_FAILS(Code::CLOCK_BEHIND, status);
  EXPECT_EQ(777 * kMs, clock_.MonotonicNs() - before);
  EXPECT_TRUE(Contains(status.message(), "86399")) << status.message();
  EXPECT_TRUE(Contains(status.message(), "max_backward_ms allows 10")) << status.message();
  EXPECT_EQ(0U, id);
  clock_.Step(kDay);
  Next(generator.get());
}

TEST_F(GeneratorTest, AUsedUpSequenceIsRefusedExactlyAtTheDeadline) {
  // A tick of a second: no new one begins within the wait.
  const auto generator = MustOpen([](Options* options) {
    Small(options);
    options->tick_us = 1'000'000;
    options->wait_timeout_ms = 300;
  });
  EXPECT_FAILS(Code::EXHAUSTED, DrawUntilRefused(generator.get()));
  const std::int64_t before = clock_.MonotonicNs();
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::EXHAUSTED, generator->Next(&id));
  EXPECT_EQ(300 * kMs, clock_.MonotonicNs() - before);
}

TEST_F(GeneratorTest, AClockThatIsSetRightDuringTheWaitEndsIt) {
  class SetRightLater : public FakeClock {
   public:
    void Sleep(std::int64_t ns) noexcept override {
      FakeClock::Sleep(ns);
      if (sleeps() == 5) Step(kDay);
    }
  } clock;
  Generator generator(place_.MakeSettings(), nullptr, clock);
  ASSERT_SUCCEEDS(generator.Open(false));
  Next(&generator);
  clock.Step(-kDay);
  Next(&generator);
  EXPECT_EQ(5U, clock.sleeps());
}

TEST_F(GeneratorTest, ADrawBeforeTheEpochIsRefused) {
  const auto generator = MustOpen([](Options* options) { options->wait_timeout_ms = 50; });
  Next(generator.get());
  clock_.SetRealtime(0);
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::CLOCK_BEHIND, generator->Next(&id));
}

TEST_F(GeneratorTest, ARegionIsNotBornBeforeTheEpoch) {
  clock_.SetRealtime(kDefaultEpochMs * kMs - 1);
  EXPECT_FAILS(Code::BEFORE_EPOCH, Make()->Open(false));
  clock_.SetRealtime(kDefaultEpochMs * kMs);
  const auto generator = MustOpen();
  EXPECT_NE(0U, Next(generator.get()));
}

// ---------------------------------------------------------------- Clock jumps forward

TEST_F(GeneratorTest, AJumpOfAYearIsFollowedCountedAndLogged) {
  const auto generator = MustOpen();
  Next(generator.get());
  clock_.Step(365 * kDay);
  IdParts parts;
  ASSERT_TRUE(SplitId(generator->current().format(), Next(generator.get()), &parts));
  EXPECT_EQ(clock_.RealtimeNs() / kMs - kDefaultEpochMs,
            static_cast<std::int64_t>(parts.timestamp));
  EXPECT_EQ(1U, ImageOf(generator.get()).events.clock_forward_jumps.load());
  EXPECT_EQ(1, CountEvents("clock_forward_jump"));
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(20 * kMs);
    Next(generator.get());
  }
  EXPECT_EQ(1U, ImageOf(generator.get()).events.clock_forward_jumps.load()) << "counted once";
}

TEST_F(GeneratorTest, AJumpBeyondMaxForwardIsRefusedAndChangesNothing) {
  const auto generator = MustOpen([](Options* options) { options->max_forward_ms = 5000; });
  Next(generator.get());
  const std::uint64_t state = ImageOf(generator.get()).state.LoadRelaxed();
  const std::uint64_t ceiling = ImageOf(generator.get()).ceiling.LoadRelaxed();
  clock_.Step(365 * kDay);
  std::uint64_t id = 0;
  for (int i = 0; i < 3; ++i) {
    const DrawError error = generator->TryNext(&id);
    EXPECT_FAILS(Code::CLOCK_JUMP, error);
    EXPECT_EQ(5000, error.limit);
    EXPECT_FAILS(Code::CLOCK_JUMP, generator->Next(&id));
    EXPECT_FAILS(Code::CLOCK_JUMP, generator->Observe(1));
    clock_.Advance(30 * kMs);
  }
  EXPECT_EQ(state, ImageOf(generator.get()).state.LoadRelaxed());
  EXPECT_EQ(ceiling, ImageOf(generator.get()).ceiling.LoadRelaxed()) << "nothing was persisted";
  clock_.Step(-365 * kDay);
  Next(generator.get());
}

TEST_F(GeneratorTest, AJumpWithinMaxForwardIsFollowed) {
  const auto generator = MustOpen([](Options* options) { options->max_forward_ms = 5000; });
  Next(generator.get());
  clock_.Step(5000 * kMs);
  Next(generator.get());
}

TEST_F(GeneratorTest, AHostThatSleptForAYearHasNotJumped) {
  const auto generator = MustOpen([](Options* options) { options->max_forward_ms = 1; });
  Next(generator.get());
  clock_.Suspend(365 * kDay);
  Next(generator.get());
  EXPECT_EQ(0U, ImageOf(generator.get()).events.clock_forward_jumps.load());
}

TEST_F(GeneratorTest, SlewingIsNoStep) {
  const auto generator = MustOpen([](Options* options) { options->max_forward_ms = 1; });
  for (int i = 0; i < 500; ++i) {
    clock_.Advance(20 * kMs);
    clock_.Step(kMs / 20);
    Next(generator.get());
  }
  EXPECT_EQ(0U, ImageOf(generator.get()).events.clock_forward_jumps.load());
  EXPECT_EQ(0U, ImageOf(generator.get()).events.clock_rollbacks.load());
}

// ---------------------------------------------------------------- Time range

TEST_F(GeneratorTest, TheEndOfTheTimeRangeIsRefused) {
  // 20 timestamp bits of 1 s: 12 days.
  const auto change = [](Options* options) {
    options->worker_id_bits = 14;
    options->sequence_bits = 29;
    options->tick_us = 1'000'000;
    options->epoch_ms = FakeClock::kStartNs / kMs - ((1 << 20) - 3) * std::int64_t{1000};
  };
  const auto generator = MustOpen(change);
  Next(generator.get());
  clock_.Advance(2 * kSecond);
  Next(generator.get());
  clock_.Advance(kSecond);
  std::uint64_t id = 0;
  const DrawError error = generator->TryNext(&id);
  EXPECT_FAILS(Code::TIME_RANGE, error);
  EXPECT_EQ("the timestamp must be 0..1048575: 1048576", DescribeDrawError(error));
  EXPECT_FAILS(Code::TIME_RANGE, generator->Next(&id));
}

}  // namespace
}  // namespace shmflake::test
