// SPDX-License-Identifier: Apache-2.0
// The second word: UUIDs' state values ascend over bursts, clocks, handles and regions.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/uuid_format.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

class GeneratorUuidTest : public GeneratorTest {
 protected:
  // Draws one as the C ABI does; it must be larger than every one before.
  std::uint64_t Uuid(Generator* generator) {
    std::uint64_t state = 0;
    const Status status = TryUuid(generator, &state);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_GT(state, last_);
    last_ = state;
    return state;
  }
  static Status TryUuid(Generator* generator, std::uint64_t* state) {
    Attachment& from = generator->current();
    const FastResult fast = from.FastUuid(state);
    return fast == FastResult::kDrawn ? Status::Ok() : generator->UuidAfter(from, fast, state);
  }
  static std::int64_t MsOf(std::uint64_t state) {
    return static_cast<std::int64_t>(kUuidFormat.TickOf(state));
  }
  std::int64_t NowMs() { return clock_.RealtimeNs() / kMs; }

  std::uint64_t last_ = 0;
};

TEST_F(GeneratorUuidTest, BearTheClocksMillisecondAndASeedInTheLowerHalfOfTheCounter) {
  const auto generator = MustOpen();
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t state = Uuid(generator.get());
    EXPECT_EQ(NowMs(), MsOf(state));
    seeds.insert(state & kUuidFormat.max_sequence());
    EXPECT_LT(state & kUuidFormat.max_sequence(), 32'768U);
    clock_.Advance(kMs);
  }
  EXPECT_GT(seeds.size(), 90U) << "seeded anew in each millisecond";
}

TEST_F(GeneratorUuidTest, WithinAMillisecondTheyCountUpByOne) {
  const auto generator = MustOpen();
  const std::uint64_t first = Uuid(generator.get());
  for (std::uint64_t i = 1; i < 1000; ++i) ASSERT_EQ(first + i, Uuid(generator.get()));
}

TEST_F(GeneratorUuidTest, ACounterThatRollsOverIsCarriedIntoTheNextMillisecond) {
  const auto generator = MustOpen();
  const std::uint64_t first = Uuid(generator.get());
  for (int i = 0; i < 70'000; ++i) Uuid(generator.get());
  EXPECT_EQ(first + 70'000, last_);
  EXPECT_EQ(NowMs() + 1, MsOf(last_));
}

TEST_F(GeneratorUuidTest, ABurstWaitsWhereItIsTooFarAheadOfTheClock) {
  const auto generator = MustOpen([](Options* options) { options->max_backward_ms = 1; });
  for (int i = 0; i < 200'000; ++i) Uuid(generator.get());
  EXPECT_GT(clock_.sleeps(), 0U);
  EXPECT_LE(MsOf(last_), NowMs() + 1);
}

TEST_F(GeneratorUuidTest, AClockSetBackIsSurvivedInOrder) {
  const auto generator = MustOpen();
  Uuid(generator.get());
  clock_.Step(-5 * kMs);
  const std::uint64_t before = last_;
  EXPECT_EQ(before + 1, Uuid(generator.get()));
  clock_.Step(-kDay);
  std::uint64_t state = 0;
  EXPECT_FAILS(Code::CLOCK_BEHIND, TryUuid(generator.get(), &state));
}

TEST_F(GeneratorUuidTest, AreIndependentOfTheOrderingAndOfTheIds) {
  const auto generator = MustOpen([](Options* options) { options->ordering = "relaxed"; });
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t before = last_;
    Next(generator.get());
    Uuid(generator.get());
    if (i % 10 != 0) {
      EXPECT_EQ(before + 1, last_);
    }
    if (i % 10 == 9) clock_.Advance(kMs);
  }
}

TEST_F(GeneratorUuidTest, AloneTheyExtendTheLeaseThatBoundsThem) {
  const auto generator = MustOpen();
  const RegionImage& image = ImageOf(generator.get());
  for (int i = 0; i < 60; ++i) {
    Uuid(generator.get());
    EXPECT_LT(last_, UuidCeiling(generator->current().format(), CeilingTick(generator.get())));
    clock_.Advance(kSecond);
  }
  EXPECT_GT(image.events.lease_extensions.load(), 5U);
}

TEST_F(GeneratorUuidTest, StopAtTheCeilingWhenTheStoreIsGone) {
  const auto generator = MustOpen();
  Uuid(generator.get());
  std::filesystem::rename(place_.store_path(), place_.store_path() + ".away");
  clock_.Advance(10 * kSecond);
  std::uint64_t state = 0;
  const Status status = TryUuid(generator.get(), &state);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string::npos, status.message().find("ceiling")) << status.message();
}

TEST_F(GeneratorUuidTest, ALostRegionsSuccessorStartsAboveThem) {
  auto generator = MustOpen();
  for (int loss = 0; loss < 20; ++loss) {
    for (int i = 0; i < 10; ++i) Uuid(generator.get());
    generator.reset();
    std::filesystem::remove(place_.region_path());
    clock_.Step(loss % 2 == 0 ? 0 : -kSecond);
    generator = MustOpen([](Options* options) { options->max_recovery_ms = 1'000'000; });
  }
  Uuid(generator.get());
}

// IDs are few and UUIDs many: the part of the lease that is given back ends above both.
TEST_F(GeneratorUuidTest, ARetiredRegionsSuccessorStartsAboveThem) {
  auto generator = MustOpen();
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 150'000; ++i) Uuid(generator.get());  // two milliseconds ahead
    ASSERT_SUCCEEDS(RetireByName(place_.MakeSettings(), clock_, nullptr));
    std::uint64_t state = 0;
    EXPECT_FAILS(Code::RETIRED, [&] {
      Block block;
      std::uint64_t now = 0;
      return generator->current().Draw(StreamKind::kUuids, 1, false, &block, &now);
    }());
    ASSERT_SUCCEEDS(TryUuid(generator.get(), &state));  // it follows
    EXPECT_GT(state, last_);
    last_ = state;
  }
}

TEST_F(GeneratorUuidTest, WithoutAStoreARetiredRegionsSuccessorStartsAboveThem) {
  auto generator = MustOpen([](Options* options) { options->store = "none"; });
  Settings settings = place_.MakeSettings();
  for (int i = 0; i < 500'000; ++i) Uuid(generator.get());
  ASSERT_SUCCEEDS(RetireByName(settings, clock_, nullptr));
  Uuid(generator.get());
}

TEST_F(GeneratorUuidTest, AWordThatWasOverwrittenIsSeenByWhoHasDrawnAndByANewcomer) {
  const auto generator = MustOpen();
  Uuid(generator.get());
  const std::uint64_t state = ImageOf(generator.get()).uuid_state.LoadRelaxed();
  ImageOf(generator.get()).uuid_state.InitRelaxed(0);
  EXPECT_FAILS(Code::HEADER, Make()->Open(true));
  clock_.Advance(kMs);
  Block block;
  std::uint64_t now = 0;
  EXPECT_FAILS(Code::REGION_LOST,
               generator->current().Draw(StreamKind::kUuids, 1, false, &block, &now));
  EXPECT_TRUE(generator->current().retired()) << "so that IDs are not drawn from it either";
  (void)state;
}

}  // namespace
}  // namespace shmflake::test
