// SPDX-License-Identifier: Apache-2.0
// Blocks, runs of IDs, observed IDs, the watermark, odd layouts, counters.
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

std::uint64_t TickOf(Generator* generator, std::uint64_t id) {
  IdParts parts;
  EXPECT_TRUE(SplitId(generator->current().format(), id, &parts));
  return parts.timestamp;
}

// ---------------------------------------------------------------- next_n

TEST_F(GeneratorTest, ARunOfIdsAscendsOverTicks) {
  const auto generator = MustOpen(Small);
  std::vector<std::uint64_t> ids(30);
  std::size_t filled = 99;
  ASSERT_SUCCEEDS(generator->NextN(ids.data(), ids.size(), &filled));
  EXPECT_EQ(30U, filled);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  for (const std::uint64_t id : ids) Issue(id);
}

TEST_F(GeneratorTest, ARunLongerThanTheAllowanceWaitsBetweenItsParts) {
  const auto generator = MustOpen(Small);
  std::vector<std::uint64_t> ids(1000);
  std::size_t filled = 0;
  ASSERT_SUCCEEDS(generator->NextN(ids.data(), ids.size(), &filled));
  EXPECT_EQ(1000U, filled);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_GT(clock_.sleeps(), 100U);
  for (const std::uint64_t id : ids) Issue(id);
}

TEST_F(GeneratorTest, ARunThatStopsEarlyTellsHowManyIdsAreValid) {
  const auto generator = MustOpen([](Options* options) {
    Small(options);
    options->wait_timeout_ms = 20;
  });
  std::vector<std::uint64_t> ids(1000, 42);
  std::size_t filled = 0;
  const std::int64_t before = clock_.MonotonicNs();
  EXPECT_FAILS(Code::EXHAUSTED, generator->NextN(ids.data(), ids.size(), &filled));
  EXPECT_EQ(20 * kMs, clock_.MonotonicNs() - before) << "one deadline for the whole call";
  EXPECT_GE(filled, 4U * 30);
  EXPECT_LE(filled, 4U * 32);
  for (std::size_t i = 0; i < filled; ++i) Issue(ids[i]);
  for (std::size_t i = filled; i < ids.size(); ++i) ASSERT_EQ(42U, ids[i]);
  clock_.Advance(kMs);
  Next(generator.get());  // what was given out does not come again
}

// ---------------------------------------------------------------- next_block

TEST_F(GeneratorTest, ABlockStaysWithinItsTick) {
  const auto generator = MustOpen(Small);
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_SUCCEEDS(generator->NextBlock(1 + static_cast<std::uint64_t>(i) % 9, &first, &count));
    ASSERT_GE(count, 1U);
    ASSERT_LE(count, 1 + static_cast<std::uint64_t>(i) % 9);
    ASSERT_EQ(TickOf(generator.get(), first), TickOf(generator.get(), first + count - 1));
    for (std::uint64_t id = first; id < first + count; ++id) Issue(id);
  }
}

// ---------------------------------------------------------------- observe

TEST_F(GeneratorTest, EveryIdAfterAnObservedOneHasALaterTimestamp) {
  const auto generator = MustOpen();
  const IdFormat& format = generator->current().format();
  const std::uint64_t now = generator->current().NowTick();
  for (const std::uint64_t worker : {0ULL, 200ULL}) {
    const std::uint64_t cause = format.IdOf(format.StateOf(now + 10, 4095), worker);
    ASSERT_SUCCEEDS(generator->Observe(cause));
    clock_.Advance(kMs);
    const std::uint64_t effect = Next(generator.get());
    EXPECT_GT(TickOf(generator.get(), effect), now + 10);
    EXPECT_GT(effect, cause);
  }
}

TEST_F(GeneratorTest, AnOldObservedIdChangesNothing) {
  const auto generator = MustOpen();
  Next(generator.get());
  const std::uint64_t state = ImageOf(generator.get()).state.LoadRelaxed();
  EXPECT_SUCCEEDS(generator->Observe(5));
  EXPECT_SUCCEEDS(generator->Observe(0));
  EXPECT_EQ(state, ImageOf(generator.get()).state.LoadRelaxed());
}

TEST_F(GeneratorTest, AnObservedIdTooFarAheadIsRefusedAndChangesNothing) {
  const auto generator = MustOpen();
  Next(generator.get());
  const IdFormat& format = generator->current().format();
  const std::uint64_t state = ImageOf(generator.get()).state.LoadRelaxed();
  const std::uint64_t now = generator->current().NowTick();
  const DrawError error = generator->Observe(format.IdOf(format.StateOf(now + 11, 0), 9));
  EXPECT_FAILS(Code::TOO_FAR_AHEAD, error);
  EXPECT_EQ(11, error.value);
  EXPECT_EQ(10, error.limit);
  EXPECT_FAILS(Code::ID, generator->Observe(std::uint64_t{1} << 63));
  EXPECT_FAILS(Code::TOO_FAR_AHEAD, generator->Observe((std::uint64_t{1} << 63) - 1));
  EXPECT_EQ(state, ImageOf(generator.get()).state.LoadRelaxed());
}

TEST_F(GeneratorTest, AnObservedIdAboveTheCeilingIsObeyedOnceTheLeaseReachesIt) {
  const auto generator = MustOpen([](Options* options) { options->horizon_ms = 100; });
  const IdFormat& format = generator->current().format();
  clock_.Advance(95 * kMs);
  const std::uint64_t now = generator->current().NowTick();
  const std::uint64_t cause = format.IdOf(format.StateOf(now + 9, 0), 0);
  const DrawError error = generator->Observe(cause);
  if (error.ok()) {
    EXPECT_GT(Next(generator.get()), cause);
  }
  EXPECT_LE(StateTick(generator.get()), now + 10);
}

TEST_F(GeneratorTest, InRelaxedOrderingAnObservedIdEmptiesTheProcesssBlock) {
  const auto generator = MustOpen([](Options* options) { options->ordering = "relaxed"; });
  Next(generator.get());
  const IdFormat& format = generator->current().format();
  const std::uint64_t now = generator->current().NowTick();
  const std::uint64_t cause = format.IdOf(format.StateOf(now, 0), 255);
  ASSERT_SUCCEEDS(generator->Observe(cause));
  EXPECT_GT(Next(generator.get()), cause);
}

// ---------------------------------------------------------------- watermark

TEST_F(GeneratorTest, EveryLaterIdIsAboveTheWatermark) {
  const auto generator = MustOpen();
  std::uint64_t mark = 0;
  ASSERT_SUCCEEDS(generator->Watermark(&mark));
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t id = Next(generator.get());
    EXPECT_GT(id, mark);
    ASSERT_SUCCEEDS(generator->Watermark(&mark));
    EXPECT_EQ(id, mark);
  }
}

TEST_F(GeneratorTest, ARetiredRegionHasNoWatermark) {
  const auto generator = MustOpen();
  Next(generator.get());
  (void)ImageOf(generator.get()).state.RetireRelaxed();
  std::uint64_t mark = 5;
  EXPECT_FAILS(Code::RETIRED, generator->Watermark(&mark));
  EXPECT_EQ(5U, mark);
}

TEST_F(GeneratorTest, InRelaxedOrderingThereIsNoWatermarkSinceBlocksOfLowerIdsAreOut) {
  const auto generator = MustOpen([](Options* options) { options->ordering = "relaxed"; });
  Next(generator.get());
  std::uint64_t mark = 5;
  const DrawError error = generator->Watermark(&mark);
  EXPECT_FAILS(Code::OPTION, error);
  EXPECT_TRUE(Contains(DescribeDrawError(error), "strict ordering"));
  EXPECT_EQ(5U, mark);
}

// ---------------------------------------------------------------- Relaxed ordering

TEST_F(GeneratorTest, RelaxedIdsOfTwoHandlesAreOrderedToOneTickAndNeverRepeat) {
  const auto relaxed = [](Options* options) { options->ordering = "relaxed"; };
  const auto first = MustOpen(relaxed);
  const auto second = MustOpen(relaxed);
  std::uint64_t last_tick = 0;
  for (int i = 0; i < 3000; ++i) {
    Generator* generator = i % 3 == 0 ? first.get() : second.get();
    const std::uint64_t tick = TickOf(generator, Next(generator));
    EXPECT_GE(tick, last_tick);
    last_tick = tick;
    if (i % 50 == 0) clock_.Advance(kMs);
  }
}

TEST_F(GeneratorTest, ARetiredRegionsBlockIsNotDrawnFromAnyMore) {
  const auto generator = MustOpen([](Options* options) { options->ordering = "relaxed"; });
  Next(generator.get());
  (void)ImageOf(generator.get()).state.RetireRelaxed();
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::RETIRED, generator->TryNext(&id));
}

// ---------------------------------------------------------------- Layouts

struct Layout {
  std::uint32_t sequence_bits;
  std::uint32_t tick_us;
  std::uint32_t max_backward_ms;
  std::uint32_t horizon_ms;
};

class LayoutTest : public GeneratorTest, public ::testing::WithParamInterface<Layout> {};

TEST_P(LayoutTest, IdsAreNewAndAscendThroughBurstsAndPauses) {
  const auto generator = MustOpen([](Options* options) {
    options->sequence_bits = GetParam().sequence_bits;
    options->tick_us = GetParam().tick_us;
    options->max_backward_ms = GetParam().max_backward_ms;
    options->horizon_ms = GetParam().horizon_ms;
    options->epoch_ms = FakeClock::kStartNs / kMs;
    options->wait_timeout_ms = 3'000;
  });
  std::uint64_t last = 0;
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t id = Next(generator.get());
    ASSERT_GT(id, last);
    last = id;
    if (i % 40 == 0) clock_.Advance(GetParam().tick_us * std::int64_t{1777});
  }
  EXPECT_EQ(300U, SumSlots(ImageOf(generator.get()).slots).ids);
}

INSTANTIATE_TEST_SUITE_P(Extremes, LayoutTest,
                         ::testing::Values(Layout{1, 1000, 10, 10'000}, Layout{1, 100, 0, 100},
                                           Layout{1, 1'000'000, 0, 100},
                                           Layout{1, 1'000'000, 0, 3'000}, Layout{12, 100, 10, 100},
                                           Layout{12, 1'000'000, 10, 200}, Layout{31, 100, 49, 100},
                                           Layout{4, 700, 3, 150},
                                           Layout{2, 1'000'000, 60'000, 120'001}));

// ---------------------------------------------------------------- Counters

TEST_F(GeneratorTest, CountsIdsWaitsAndRefusals) {
  const auto generator = MustOpen([](Options* options) {
    Small(options);
    options->wait_timeout_ms = 3;
  });
  for (int i = 0; i < 10; ++i) Next(generator.get());
  std::uint64_t ids[6];
  std::size_t filled = 0;
  ASSERT_SUCCEEDS(generator->NextN(ids, 6, &filled));
  SlotTotals totals = SumSlots(ImageOf(generator.get()).slots);
  EXPECT_EQ(16U, totals.ids);
  EXPECT_EQ(0U, totals.waits);
  EXPECT_EQ(0U, totals.refusals);
  EXPECT_FAILS(Code::EXHAUSTED, DrawUntilRefused(generator.get()));
  totals = SumSlots(ImageOf(generator.get()).slots);
  EXPECT_EQ(1U, totals.refusals);
  clock_.Step(-kDay);
  EXPECT_FAILS(Code::CLOCK_BEHIND, generator->Next(ids));
  totals = SumSlots(ImageOf(generator.get()).slots);
  EXPECT_EQ(2U, totals.refusals);
  EXPECT_EQ(1U, totals.waits) << "one sleep, cut at the deadline";
}

TEST_F(GeneratorTest, AHandlesOwnShareAddsUpToTheTotal) {
  const auto first = MustOpen();
  const auto second = MustOpen();
  for (int i = 0; i < 7; ++i) Next(first.get());
  for (int i = 0; i < 5; ++i) Next(second.get());
  const auto slots = first->current().ListSlots();
  ASSERT_EQ(2U, slots.size());
  EXPECT_EQ(12U, slots[0].ids + slots[1].ids);
  EXPECT_EQ(7U, std::max(slots[0].ids, slots[1].ids));
  EXPECT_TRUE(slots[0].alive);
  EXPECT_TRUE(slots[1].alive);
  EXPECT_EQ(12U, SumSlots(ImageOf(first.get()).slots).ids);
}

}  // namespace
}  // namespace shmflake::test
