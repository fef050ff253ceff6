// SPDX-License-Identifier: Apache-2.0
#include "core/sequence.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "core/failpoint.h"

namespace shmflake {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};

IdFormat FormatWith(std::uint32_t sequence_bits) {
  IdFormat format;
  format.timestamp_bits = 63 - 8 - sequence_bits;
  format.sequence_bits = sequence_bits;
  return format;
}

class DrawBlockTest : public ::testing::Test {
 protected:
  DrawBlockTest() {
    bounds_.now = 1000;
    bounds_.spread = 7;
    bounds_.ahead_end = State(1011);
    bounds_.ceiling = State(5000);
  }
  [[nodiscard]] std::uint64_t State(std::uint64_t tick, std::uint64_t sequence = 0) const {
    return format_.StateOf(tick, sequence);
  }
  DrawResult Draw(std::uint64_t want = 1, bool within_tick = false) {
    return DrawBlock(word_, format_, bounds_, want, within_tick, &block_, &seen_);
  }
  // A draw that fails leaves everything alone.
  void ExpectRefused(DrawResult expected, std::uint64_t want = 1) {
    block_ = {11, 22};
    const std::uint64_t before = word_.LoadRelaxed();
    EXPECT_EQ(expected, Draw(want));
    EXPECT_EQ(before, word_.LoadRelaxed());
    EXPECT_EQ(before, seen_);
    EXPECT_EQ(11U, block_.first);
    EXPECT_EQ(22U, block_.count);
  }

  IdFormat format_ = FormatWith(12);
  StateWord word_{};
  DrawBounds bounds_;
  Block block_;
  std::uint64_t seen_ = kNever;
};

TEST_F(DrawBlockTest, AFreshTickBeginsAtItsSpread) {
  word_.InitRelaxed(State(999, 4095));
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1000, 7), block_.first);
  EXPECT_EQ(1U, block_.count);
  EXPECT_EQ(State(999, 4095), seen_);
  EXPECT_EQ(State(1000, 7), word_.LoadRelaxed());
}

TEST_F(DrawBlockTest, ATickThatWasDrawnFromGoesOnAfterTheLastValue) {
  word_.InitRelaxed(State(1000, 0));
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1000, 1), block_.first) << "below the spread, all the same";
}

TEST_F(DrawBlockTest, AnOverflowCarriesIntoTheNextTick) {
  word_.InitRelaxed(State(1000, 4095));
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1001, 0), block_.first);
}

TEST_F(DrawBlockTest, ABlockMayCrossTicksUnlessItMustNot) {
  word_.InitRelaxed(State(1000, 4090));
  ASSERT_EQ(DrawResult::kDrawn, Draw(10, true));
  EXPECT_EQ(State(1000, 4091), block_.first);
  EXPECT_EQ(5U, block_.count);
  ASSERT_EQ(DrawResult::kDrawn, Draw(5000, true));
  EXPECT_EQ(State(1001, 0), block_.first);
  EXPECT_EQ(4096U, block_.count);
  ASSERT_EQ(DrawResult::kDrawn, Draw(5000, false));
  EXPECT_EQ(State(1002, 0), block_.first);
  EXPECT_EQ(5000U, block_.count);
  EXPECT_EQ(State(1002) + 4999, word_.LoadRelaxed());
}

TEST_F(DrawBlockTest, AClockThatIsBehindDoesNotPullTheStateBack) {
  word_.InitRelaxed(State(1000, 42));
  bounds_.now = 995;
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1000, 43), block_.first);
}

TEST_F(DrawBlockTest, TheFirstValueTooFarAheadOfTheClockIsNotIssued) {
  word_.InitRelaxed(State(1011) - 2);
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1011) - 1, block_.first);
  ExpectRefused(DrawResult::kAhead);
}

TEST_F(DrawBlockTest, TheCeilingItselfIsNotIssued) {
  bounds_.ceiling = State(1000, 9);
  word_.InitRelaxed(State(1000, 7));
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1000, 8), block_.first);
  ExpectRefused(DrawResult::kCeiling);
}

TEST_F(DrawBlockTest, AFreshTickWhoseSpreadIsAboveTheCeilingIsRefused) {
  bounds_.ceiling = State(1000, 7);
  word_.InitRelaxed(State(999));
  ExpectRefused(DrawResult::kCeiling);
}

TEST_F(DrawBlockTest, TheNearerOfTwoLimitsIsNamed) {
  word_.InitRelaxed(State(1010, 4095));
  bounds_.ceiling = State(1011);
  ExpectRefused(DrawResult::kAhead);
  bounds_.ahead_end = State(1012);
  ExpectRefused(DrawResult::kCeiling);
}

TEST_F(DrawBlockTest, TheLastValueOfTheTimeRangeIsIssuedAndNoneAfterIt) {
  bounds_.now = format_.max_timestamp();
  bounds_.ahead_end = format_.state_end();
  bounds_.ceiling = format_.state_end();
  word_.InitRelaxed(format_.state_end() - 3);
  ASSERT_EQ(DrawResult::kDrawn, Draw(10));
  EXPECT_EQ(format_.state_end() - 2, block_.first);
  EXPECT_EQ(2U, block_.count);
  ExpectRefused(DrawResult::kTimeRange);
}

TEST_F(DrawBlockTest, AClockPastTheTimeRangeIsRefusedWhateverTheLimitsSay) {
  bounds_.now = format_.max_timestamp() + 1;
  bounds_.ahead_end = kNever;
  bounds_.ceiling = kNever;
  word_.InitRelaxed(State(5));
  ExpectRefused(DrawResult::kTimeRange);
}

TEST_F(DrawBlockTest, ARetiredWordIssuesNothing) {
  word_.InitRelaxed(State(1000, 1));
  EXPECT_EQ(State(1000, 1), word_.RetireRelaxed());
  ExpectRefused(DrawResult::kRetired);
  bounds_.floor = kNever;
  ExpectRefused(DrawResult::kRetired);
  EXPECT_EQ(State(1000, 1) | kRetiredBit, word_.RetireRelaxed()) << "the second swap sees the bit";
}

TEST_F(DrawBlockTest, AWordBelowTheFloorWasOverwritten) {
  bounds_.floor = State(1000, 5);
  word_.InitRelaxed(State(1000, 4));
  ExpectRefused(DrawResult::kBackwards);
  word_.InitRelaxed(0);
  ExpectRefused(DrawResult::kBackwards);
}

TEST_F(DrawBlockTest, AWordAtTheFloorIsDrawnFrom) {
  bounds_.floor = State(1000, 5);
  word_.InitRelaxed(State(1000, 5));
  ASSERT_EQ(DrawResult::kDrawn, Draw());
  EXPECT_EQ(State(1000, 6), block_.first);
}

TEST_F(DrawBlockTest, ABlockIsCutAtTheLimitItMeets) {
  word_.InitRelaxed(State(1000, 7));
  bounds_.ceiling = State(1000, 10);
  ASSERT_EQ(DrawResult::kDrawn, Draw(kNever));
  EXPECT_EQ(State(1000, 8), block_.first);
  EXPECT_EQ(2U, block_.count);
  ExpectRefused(DrawResult::kCeiling, kNever);
}

TEST_F(DrawBlockTest, AStepThatLosesTheRaceStartsFromTheWordThatWon) {
  static StateWord* word = nullptr;
  static int losses = 0;
  word = &word_;
  losses = 0;
  word_.InitRelaxed(State(1000, 1));
  g_point_hook = [](Point point) {
    if (point == Point::kDrawBeforeCas && losses < 3) {
      ++losses;
      word->FetchAddRelaxed(10);
    }
  };
  const DrawResult result = Draw(2);
  g_point_hook = nullptr;
  ASSERT_EQ(DrawResult::kDrawn, result);
  EXPECT_EQ(3, losses);
  EXPECT_EQ(State(1000, 32), block_.first);
  EXPECT_EQ(State(1000, 33), word_.LoadRelaxed());
}

TEST_F(DrawBlockTest, AWordThatIsRetiredDuringTheStepIssuesNothing) {
  static StateWord* word = nullptr;
  word = &word_;
  word_.InitRelaxed(State(1000, 1));
  g_point_hook = [](Point point) {
    if (point == Point::kDrawBeforeCas) (void)word->RetireRelaxed();
  };
  const DrawResult result = Draw();
  g_point_hook = nullptr;
  EXPECT_EQ(DrawResult::kRetired, result);
  EXPECT_EQ(State(1000, 1) | kRetiredBit, word_.LoadRelaxed());
}

TEST_F(DrawBlockTest, TheEndOfADrawIsTheNearestLimit) {
  EXPECT_EQ(State(1011), EndOfDraw(format_, bounds_));
  bounds_.ceiling = 17;
  EXPECT_EQ(17U, EndOfDraw(format_, bounds_));
  bounds_.ceiling = bounds_.ahead_end = kNever;
  EXPECT_EQ(format_.state_end(), EndOfDraw(format_, bounds_));
}

TEST(LiftTest, RaisesAndNeverLowers) {
  StateWord word{};
  word.InitRelaxed(100);
  EXPECT_EQ(DrawResult::kDrawn, Lift(word, 200));
  EXPECT_EQ(200U, word.LoadRelaxed());
  EXPECT_EQ(DrawResult::kDrawn, Lift(word, 150));
  EXPECT_EQ(200U, word.LoadRelaxed());
  (void)word.RetireRelaxed();
  EXPECT_EQ(DrawResult::kRetired, Lift(word, 300));
  EXPECT_EQ(200U | kRetiredBit, word.LoadRelaxed());
}

}  // namespace
}  // namespace shmflake
