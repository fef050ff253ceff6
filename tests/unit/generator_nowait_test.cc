// SPDX-License-Identifier: Apache-2.0
// The draw that never waits: it draws what the waiting one would give at once, and refuses, with
// nothing drawn, wherever that one would sleep, ask the store or follow.
#include <gtest/gtest.h>

#include "core/uuid_format.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

class GeneratorNowaitTest : public GeneratorTest {
 protected:
  // As the C ABI draws.
  DrawError Nowait(Generator* generator, std::uint64_t* id) {
    Attachment& from = generator->current();
    std::uint64_t spare = 0;
    const FastResult fast = from.FastDraw(id, &spare);
    const DrawError error = fast == FastResult::kDrawn
                                ? DrawError{}
                                : generator->NextNowaitAfter(from, fast, spare, id);
    if (error.ok()) Issue(*id);
    EXPECT_EQ(0U, clock_.sleeps());
    return error;
  }
  static DrawError UuidNowait(Generator* generator, std::uint64_t* state) {
    Attachment& from = generator->current();
    const FastResult fast = from.FastUuid(state);
    return fast == FastResult::kDrawn ? DrawError{} : generator->UuidNowaitAfter(from, fast, state);
  }
  // Both kinds.
  void ExpectDraws(Generator* generator) {
    std::uint64_t value = 0;
    EXPECT_SUCCEEDS(Nowait(generator, &value));
    EXPECT_SUCCEEDS(UuidNowait(generator, &value));
  }
  void ExpectRefusesAndDrawsNothing(Generator* generator) {
    const std::uint64_t state = ImageOf(generator).state.LoadRelaxed();
    const std::uint64_t uuid_state = ImageOf(generator).uuid_state.LoadRelaxed();
    std::uint64_t value = 0;
    EXPECT_FAILS(Code::WOULD_WAIT, Nowait(generator, &value));
    EXPECT_FAILS(Code::WOULD_WAIT, UuidNowait(generator, &value));
    EXPECT_EQ(state, ImageOf(generator).state.LoadRelaxed());
    EXPECT_EQ(uuid_state, ImageOf(generator).uuid_state.LoadRelaxed());
  }
  static std::uint64_t Extensions(Generator* generator) {
    return ImageOf(generator).events.lease_extensions.load();
  }
};

TEST_F(GeneratorNowaitTest, DrawsInOneOrderWithTheWaitingDraw) {
  const auto generator = MustOpen();
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t id = 0;
    ASSERT_SUCCEEDS(Nowait(generator.get(), &id));
    ASSERT_GT(id, last);
    last = Next(generator.get());
    ASSERT_GT(last, id);
    if (i % 7 == 0) clock_.Advance(kMs);
  }
}

TEST_F(GeneratorNowaitTest, RefusesFromHalfTheLeaseOnSoThatTheWaitingDrawExtendsItInGoodTime) {
  const auto generator = MustOpen();
  clock_.Advance(4999 * kMs);
  ExpectDraws(generator.get());
  clock_.Advance(kMs);
  ExpectRefusesAndDrawsNothing(generator.get());
  EXPECT_EQ(0U, Extensions(generator.get()));
  Next(generator.get());
  EXPECT_EQ(1U, Extensions(generator.get()));
  ExpectDraws(generator.get());
}

TEST_F(GeneratorNowaitTest, AStoreThatFailsIsNotAskedAgainBeforeItsTurnAndDrawsGoOn) {
  const auto generator = MustOpen();
  std::filesystem::remove(place_.store_path());
  clock_.Advance(6000 * kMs);
  ExpectRefusesAndDrawsNothing(generator.get());
  Next(generator.get());
  EXPECT_EQ(1U, ImageOf(generator.get()).events.lease_failures.load());
  ExpectDraws(generator.get());
}

TEST_F(GeneratorNowaitTest, RefusesWhereTheSequenceIsUsedUp) {
  const auto generator = MustOpen(Small);
  std::uint64_t id = 0;
  DrawError error;
  while ((error = Nowait(generator.get(), &id)).ok()) {
  }
  EXPECT_FAILS(Code::WOULD_WAIT, error);
  EXPECT_FAILS(Code::EXHAUSTED, generator->TryNext(&id));
  clock_.Advance(kMs);
  EXPECT_SUCCEEDS(Nowait(generator.get(), &id));
}

TEST_F(GeneratorNowaitTest, RefusesWhileTheClockIsTooFarBehind) {
  const auto generator = MustOpen();
  ExpectDraws(generator.get());
  clock_.Step(-kDay);
  ExpectRefusesAndDrawsNothing(generator.get());
}

TEST_F(GeneratorNowaitTest, RefusesAtARetiredRegionWhichTheWaitingDrawFollows) {
  const auto generator = MustOpen();
  std::uint64_t id = 0;
  ASSERT_SUCCEEDS(Nowait(generator.get(), &id));
  ASSERT_SUCCEEDS(RetireByName(generator->settings(), clock_, nullptr));
  EXPECT_FAILS(Code::WOULD_WAIT, Nowait(generator.get(), &id));
  EXPECT_GT(Next(generator.get()), id);
  ExpectDraws(generator.get());
}

}  // namespace
}  // namespace shmflake::test
