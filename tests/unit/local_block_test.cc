// SPDX-License-Identifier: Apache-2.0
// A process's own block in relaxed ordering, with half-finished states set by hand.
#include <gtest/gtest.h>

#include <cstdint>

#include "core/failpoint.h"
#include "core/sequence.h"

namespace shmflake {
namespace {

TEST(LocalBlockTest, AnEmptyOneGivesNothing) {
  LocalBlock block{};
  std::uint64_t value = 5;
  EXPECT_FALSE(block.Take(0, &value));
  EXPECT_EQ(5U, value);
  EXPECT_EQ(0U, block.cursor.LoadRelaxed()) << "it looked before it added";
}

TEST(LocalBlockTest, GivesAllButTheFirstWhichTheRefillerKept) {
  LocalBlock block{};
  block.Raise({100, 4});
  std::uint64_t value = 0;
  for (const std::uint64_t expected : {101U, 102U, 103U}) {
    ASSERT_TRUE(block.Take(0, &value));
    EXPECT_EQ(expected, value);
  }
  EXPECT_FALSE(block.Take(0, &value));
  EXPECT_EQ(103U, block.cursor.LoadRelaxed());
}

TEST(LocalBlockTest, ABlockOfOneHasNothingLeft) {
  LocalBlock block{};
  block.Raise({100, 1});
  std::uint64_t value = 0;
  EXPECT_FALSE(block.Take(0, &value));
}

TEST(LocalBlockTest, DropsAValueThatIsTooOld) {
  LocalBlock block{};
  block.Raise({100, 4});
  std::uint64_t value = 9;
  EXPECT_FALSE(block.Take(102, &value));
  EXPECT_EQ(9U, value);
  ASSERT_TRUE(block.Take(102, &value));
  EXPECT_EQ(102U, value);
}

TEST(LocalBlockTest, WhileABlockIsHalfRaisedNothingIsTaken) {
  static LocalBlock* block = nullptr;
  static int taken = 0;
  static int reached = 0;
  LocalBlock mine{};
  block = &mine;
  taken = reached = 0;
  mine.Raise({100, 8});  // seven values of the old block are left
  g_point_hook = [](Point point) {
    if (point != Point::kBlockCursorRaised) return;
    ++reached;
    for (int i = 0; i < 20; ++i) {
      std::uint64_t value = 0;
      if (block->Take(0, &value)) ++taken;
    }
  };
  mine.Raise({200, 8});
  g_point_hook = nullptr;
  EXPECT_EQ(1, reached);
  EXPECT_EQ(0, taken) << "108..199 are somebody else's";
  EXPECT_EQ(200U, mine.cursor.LoadRelaxed());
  std::uint64_t value = 0;
  ASSERT_TRUE(mine.Take(0, &value));
  EXPECT_EQ(201U, value);
}

TEST(LocalBlockTest, ARaiserThatDiedBetweenItsStepsCostsAGap) {
  LocalBlock block{};
  block.Raise({100, 8});
  block.cursor.InitRelaxed(200);  // and the end was never raised to 208
  std::uint64_t value = 0;
  EXPECT_FALSE(block.Take(0, &value));
  EXPECT_EQ(200U, block.cursor.LoadRelaxed());
  block.Raise({300, 2});
  ASSERT_TRUE(block.Take(0, &value));
  EXPECT_EQ(301U, value);
}

TEST(LocalBlockTest, ACursorThatOvershotCostsAGap) {
  LocalBlock block{};
  block.Raise({100, 4});
  block.cursor.InitRelaxed(170);  // many takers added at the end of the block
  std::uint64_t value = 0;
  EXPECT_FALSE(block.Take(0, &value));
  block.Raise({160, 20});  // begins below the cursor: 161..170 may be taken no more
  ASSERT_TRUE(block.Take(0, &value));
  EXPECT_EQ(171U, value);
}

TEST(LocalBlockTest, ALowerBlockThatIsRaisedLateChangesNothing) {
  LocalBlock block{};
  block.Raise({200, 4});
  block.Raise({100, 4});
  EXPECT_EQ(200U, block.cursor.LoadRelaxed());
  EXPECT_EQ(204U, block.end.value.load());
  std::uint64_t value = 0;
  ASSERT_TRUE(block.Take(0, &value));
  EXPECT_EQ(201U, value);
}

TEST(LocalBlockTest, AnOldEndThatIsStoredLateDoesNotLowerIt) {
  static LocalBlock* block = nullptr;
  static bool nested = false;
  LocalBlock mine{};
  block = &mine;
  nested = false;
  g_point_hook = [](Point point) {
    if (point != Point::kBlockCursorRaised || nested) return;
    nested = true;
    block->Raise({200, 4});  // another thread, faster
  };
  mine.Raise({100, 4});
  g_point_hook = nullptr;
  EXPECT_EQ(204U, mine.end.value.load());
  std::uint64_t value = 0;
  ASSERT_TRUE(mine.Take(0, &value));
  EXPECT_EQ(201U, value);
}

TEST(LocalBlockTest, ATakerThatReadAnOldEndTakesNothingOfTheNewBlock) {
  // Its add comes after the cursor was raised: above the end that it knows, hence a gap.
  LocalBlock block{};
  block.Raise({100, 2});
  std::uint64_t value = 0;
  ASSERT_TRUE(block.Take(0, &value));
  block.cursor.InitRelaxed(200);
  EXPECT_FALSE(block.Take(0, &value));
}

TEST(LocalBlockTest, AWipedOneIsEmptyAndCanBeRaisedAgain) {
  LocalBlock block{};
  block.Raise({100, 50});
  block.cursor.InitRelaxed(0);  // what a child finds in place of its parent's
  block.end.value.store(0);
  std::uint64_t value = 0;
  EXPECT_FALSE(block.Take(0, &value));
  block.Raise({300, 3});
  ASSERT_TRUE(block.Take(0, &value));
  EXPECT_EQ(301U, value);
}

}  // namespace
}  // namespace shmflake
