// SPDX-License-Identifier: Apache-2.0
// The ring and the cursor, in one thread: what others do in between is done at a point, or built by
// hand.
#include "core/segment_ring.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/bits.h"
#include "tests/support/segment_entry.h"

namespace shmflake::test {
namespace {

using SegmentRingTest = SegmentEntryTest;
using Ids = std::vector<std::uint64_t>;

constexpr std::uint64_t kHighestId = LowMask(63);

// ------------------------------------------------------------------ in turn

TEST_F(SegmentRingTest, AnEmptyRingGivesNothing) {
  EXPECT_EQ(MoveResult::kNone, MoveOn(*entry_));
  EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(TakeResult::kNone, result_);
  EXPECT_EQ(0U, NextSegment(*entry_, 0).generation);
  EXPECT_EQ(0U, SegmentAt(*entry_, 0).generation);
  EXPECT_EQ(0U, CountPublishedAhead(*entry_, 0));
  EXPECT_EQ(0U, cursor());
}

TEST_F(SegmentRingTest, SegmentsAreDrawnOneAfterTheOtherToTheLastId) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 3));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 2));
  for (const std::uint64_t id : Ids{101, 102, 103, 201, 202, 0, 0}) EXPECT_EQ(id, TakeOne());
  ASSERT_EQ(PublishResult::kPublished, Publish(203, 1));
  EXPECT_EQ(203U, TakeOne());
  EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(0U, Lost(*entry_));
  EXPECT_EQ(6U, entry_->fetch.granted.load());
}

TEST_F(SegmentRingTest, DrawsThatFindNoneDoNotMoveTheCursor) {
  ASSERT_EQ(PublishResult::kPublished, Publish(1, 1));
  EXPECT_EQ(1U, TakeOne());
  const std::uint64_t before = cursor();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(before, cursor());
}

TEST_F(SegmentRingTest, ABlockEndsWithItsSegment) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 5));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 5));
  EXPECT_EQ((Ids{101, 102, 103}), Take(3));
  EXPECT_EQ(1U, from_.generation);
  EXPECT_EQ(Start(1) + 3, cursor_);
  EXPECT_EQ((Ids{104, 105}), Take(3));
  EXPECT_EQ((Ids{201, 202, 203, 204, 205}), Take(~std::uint64_t{0}));
  EXPECT_EQ(2U, from_.generation);
  EXPECT_EQ(Start(2) + 5, cursor_);
}

TEST_F(SegmentRingTest, TheRingGoesRoundManyTimes) {
  std::uint64_t next = 1;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(PublishResult::kPublished, Publish(next, 2));
    EXPECT_EQ(next++, TakeOne());
    EXPECT_EQ(next++, TakeOne());
  }
  EXPECT_EQ(0U, Lost(*entry_));
}

TEST_F(SegmentRingTest, CountsWhatIsPublishedAhead) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 5));
  EXPECT_EQ(5U, CountPublishedAhead(*entry_, cursor()));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(0U, CountPublishedAhead(*entry_, cursor()));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 7));
  ASSERT_EQ(PublishResult::kPublished, Publish(301, 9));
  EXPECT_EQ(16U, CountPublishedAhead(*entry_, cursor()));
  EXPECT_EQ(2U, NextSegment(*entry_, cursor()).generation);
}

// Four publishers were stopped between the store's grant and their generations, while a fifth with a
// higher segment was not.
TEST_F(SegmentRingTest, ARingFullOfSegmentsThatComeTooLateMakesRoom) {
  const auto publish_late = [this](std::uint64_t first) {  // as if `high` had been raised before
    const std::uint64_t high = entry_->fetch.high.exchange(0);
    EXPECT_EQ(PublishResult::kPublished, Publish(first, 10));
    entry_->fetch.high.store(high);
  };
  ASSERT_EQ(PublishResult::kPublished, Publish(1001, 10));
  Segment taken;
  PublishedSegment from;
  std::uint64_t cursor = 0;
  ASSERT_EQ(TakeResult::kTaken, TakeIds(*entry_, 10, &taken, &from, &cursor));
  for (std::uint64_t i = 0; i < 4; ++i) publish_late(1 + 10 * i);
  EXPECT_EQ(TakeResult::kNone, TakeIds(*entry_, 1, &taken, &from, &cursor));
  for (std::uint64_t i = 0; i < 3; ++i) (void)Publish(2001 + 10 * i, 10);
  ASSERT_EQ(TakeResult::kTaken, TakeIds(*entry_, 1, &taken, &from, &cursor));
  EXPECT_LE(2001U, taken.first);
}

TEST_F(SegmentRingTest, MovingOnDoesNothingWhileThereIsSomethingLeft) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 2));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 2));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(Start(1), cursor());
  EXPECT_EQ(101U, TakeOne());
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(Start(1) + 1, cursor());
}

// ------------------------------------------------------------------ edges of numbers

TEST_F(SegmentRingTest, EveryBitOfTheFirstIdAndOfTheCountIsKept) {
  for (unsigned bit = 0; bit < 63; ++bit) {
    entry_ = std::make_unique<SegmentEntry>();
    ASSERT_EQ(PublishResult::kPublished, Publish(std::uint64_t{1} << bit, 1)) << bit;
    EXPECT_EQ(std::uint64_t{1} << bit, TakeOne()) << bit;
    EXPECT_EQ(0U, TakeOne());
  }
  for (unsigned bit = 0; bit < 30; ++bit) {
    entry_ = std::make_unique<SegmentEntry>();
    const std::uint64_t count = std::min(std::uint64_t{1} << bit, kLongestSegment);
    ASSERT_EQ(PublishResult::kPublished, Publish(1, count)) << bit;
    EXPECT_EQ(count, CountPublishedAhead(*entry_, 0)) << bit;
  }
}

TEST_F(SegmentRingTest, TheLongestSegmentIsDrawnToItsEnd) {
  ASSERT_EQ(PublishResult::kPublished, Publish(5, kLongestSegment));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  SetCursor(*entry_, Start(1) + kLongestSegment - 2);
  EXPECT_EQ((Ids{kLongestSegment + 3, kLongestSegment + 4}), Take(3));
  EXPECT_EQ(0U, TakeOne());
}

TEST_F(SegmentRingTest, TheLastIdThereIsIsDrawn) {
  ASSERT_EQ(PublishResult::kPublished, Publish(kHighestId - 1, 2));
  EXPECT_EQ(kHighestId - 1, TakeOne());
  EXPECT_EQ(kHighestId, TakeOne());
  EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(kHighestId, entry_->fetch.high.load());
}

TEST_F(SegmentRingTest, TheLongestSegmentMayEndAtTheLastId) {
  ASSERT_EQ(PublishResult::kPublished, Publish(kHighestId - kLongestSegment + 1, kLongestSegment));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  SetCursor(*entry_, Start(1) + kLongestSegment - 1);
  EXPECT_EQ((Ids{kHighestId}), Take(2));
}

TEST_F(SegmentRingTest, TheLastGenerationIsDrawnAndNoneComesAfterIt) {
  entry_->fetch.claimed.store(kLastGeneration - 1);
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 2));
  EXPECT_EQ(101U, TakeOne());
  EXPECT_EQ(Start(kLastGeneration) + 1, cursor());
  EXPECT_EQ(0U, cursor() & kSegmentRetiredBit);
  EXPECT_EQ(PublishResult::kUsedUp, Publish(201, 3));
  EXPECT_EQ(3U, Lost(*entry_));
  EXPECT_EQ(102U, TakeOne());
  EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(PublishResult::kUsedUp, Publish(301, 3)) << "and does not wrap";
}

TEST_F(SegmentRingTest, AFarOffsetDoesNotReachTheNextGeneration) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 2));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 2));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  SetCursor(*entry_, Start(2) - 1);  // 8.6 * 10^9 draws that found none
  EXPECT_EQ(0U, Resolve(cursor()));
  EXPECT_EQ(201U, TakeOne());
}

// ------------------------------------------------------------------ holes and late publishers

TEST_F(SegmentRingTest, AGenerationWhosePublisherDiedIsAHole) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 1));
  entry_->fetch.claimed.fetch_add(1);  // killed between claim and publication
  ASSERT_EQ(PublishResult::kPublished, Publish(301, 1));
  entry_->fetch.claimed.fetch_add(3);
  ASSERT_EQ(PublishResult::kPublished, Publish(401, 1));
  for (const std::uint64_t id : Ids{101, 301, 401, 0}) EXPECT_EQ(id, TakeOne());
  EXPECT_EQ(7U, cursor() >> kOffsetBits);
}

TEST_F(SegmentRingTest, AHolesLatePublisherIsToldThatItsIdsAreLost) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 1));
  EXPECT_EQ(101U, TakeOne());
  {
    const AtPoint late(Point::kSegmentClaimed, [this] {
      EXPECT_EQ(PublishResult::kPublished, Publish(301, 2));
      EXPECT_EQ(301U, TakeOne());
    });
    EXPECT_EQ(PublishResult::kTooLate, Publish(201, 10));
  }
  EXPECT_EQ(302U, TakeOne());
  EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(10U, Lost(*entry_));
}

TEST_F(SegmentRingTest, AHolesPublisherThatIsInTimeIsDrawnInItsTurn) {
  {
    const AtPoint late(Point::kSegmentClaimed,
                       [this] { EXPECT_EQ(PublishResult::kPublished, Publish(301, 1)); });
    EXPECT_EQ(PublishResult::kPublished, Publish(201, 1));
  }
  EXPECT_EQ(201U, TakeOne());
  EXPECT_EQ(301U, TakeOne());
  EXPECT_EQ(0U, Lost(*entry_));
}

TEST_F(SegmentRingTest, APublisherAfterWhomTheRingHasGoneRoundSpoilsNothing) {
  {
    const AtPoint late(Point::kSegmentClaimed, [this] {  // it has generation 1
      for (std::uint64_t first = 201; first <= 701; first += 100) {
        EXPECT_EQ(PublishResult::kPublished, Publish(first, 1));
        EXPECT_EQ(first, TakeOne());
      }
    });
    EXPECT_EQ(PublishResult::kTooLate, Publish(101, 10));
  }
  EXPECT_EQ(10U, Lost(*entry_));
  EXPECT_EQ(7U, SegmentAt(*entry_, cursor()).generation);
  EXPECT_EQ(0U, TakeOne());
}

// Each half that a stopped publisher may have written, with the ring gone round once before it goes on.
TEST_F(SegmentRingTest, AStalePublisherThatGoesOnAfterFiveGenerationsSpoilsNothing) {
  for (const std::size_t written : {1U, 2U}) {
    entry_ = std::make_unique<SegmentEntry>();
    entry_->fetch.claimed.fetch_add(1);
    entry_->fetch.high.store(110);
    for (std::size_t i = 0; i < written; ++i) RingWord(1, i).store(Start(1) << 1 | 101);
    for (std::uint64_t first = 201; first <= 601; first += 100) {
      ASSERT_EQ(PublishResult::kPublished, Publish(first, first == 601 ? 2 : 1));
      EXPECT_EQ(first, TakeOne());
    }
    EXPECT_EQ(6U, cursor() >> kOffsetBits);
    EXPECT_FALSE(entry_->ring[1].Publish(1, {101, 0, 0}));
    EXPECT_EQ(602U, TakeOne()) << "in the same slot";
    EXPECT_EQ(0U, TakeOne());
  }
}

TEST_F(SegmentRingTest, ASegmentBelowOneThatWasGrantedBeforeIsLost) {
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 100));
  EXPECT_EQ(PublishResult::kTooLate, Publish(101, 100));
  EXPECT_EQ(PublishResult::kTooLate, Publish(300, 5)) << "it has the last one's last ID";
  EXPECT_EQ(105U, Lost(*entry_));
  EXPECT_EQ(205U, entry_->fetch.granted.load());
  EXPECT_EQ(1U, entry_->fetch.claimed.load());
  EXPECT_EQ(PublishResult::kPublished, Publish(301, 5));
}

TEST_F(SegmentRingTest, WhatIsPublishedOutOfOrderIsPassedOverAndCounted) {
  {
    // Two that were fetched at once: the lower one gets the later generation.
    const AtPoint late(Point::kSegmentGranted,
                       [this] { EXPECT_EQ(PublishResult::kPublished, Publish(201, 2)); });
    EXPECT_EQ(PublishResult::kPublished, Publish(101, 30));
  }
  ASSERT_EQ(PublishResult::kPublished, Publish(301, 2));
  EXPECT_EQ(4U, CountPublishedAhead(*entry_, cursor()) - 30) << "nothing was drawn yet";
  EXPECT_EQ(201U, TakeOne());
  EXPECT_EQ(2U, CountPublishedAhead(*entry_, cursor()));
  for (const std::uint64_t id : Ids{202, 301, 302, 0}) EXPECT_EQ(id, TakeOne());
  EXPECT_EQ(30U, Lost(*entry_));
}

TEST_F(SegmentRingTest, AFullRingKeepsWhatComesFirst) {
  for (std::uint64_t first = 101; first <= 501; first += 100) {
    ASSERT_EQ(PublishResult::kPublished, Publish(first, 1));
  }
  EXPECT_EQ(5U, CountPublishedAhead(*entry_, cursor()));
  EXPECT_EQ(PublishResult::kTooLate, Publish(601, 7));
  EXPECT_EQ(7U, Lost(*entry_));
  for (const std::uint64_t id : Ids{101, 201, 301, 401, 501, 0}) EXPECT_EQ(id, TakeOne());
  ASSERT_EQ(PublishResult::kPublished, Publish(701, 1));
  EXPECT_EQ(701U, TakeOne());
}

TEST_F(SegmentRingTest, TheSegmentThatIsBeingDrawnIsNotReplaced) {
  for (std::uint64_t first = 101; first <= 501; first += 100) {
    ASSERT_EQ(PublishResult::kPublished, Publish(first, 2));
  }
  EXPECT_EQ(101U, TakeOne());
  EXPECT_EQ(PublishResult::kTooLate, Publish(601, 7));
  for (const std::uint64_t id : Ids{102, 201, 202, 301}) EXPECT_EQ(id, TakeOne());
  EXPECT_EQ(PublishResult::kPublished, Publish(701, 1)) << "where the used-up one was";
  for (const std::uint64_t id : Ids{302, 401, 402, 501, 502, 701, 0}) EXPECT_EQ(id, TakeOne());
}

// ------------------------------------------------------------------ garbage

TEST_F(SegmentRingTest, AnImpossibleSegmentIsNotIssued) {
  struct Bad {
    std::uint64_t first, count;
  };
  for (const Bad& bad : {Bad{0, 5}, Bad{5, 0}, Bad{5, kLongestSegment + 1}, Bad{kHighestId, 2},
                         Bad{kHighestId - kLongestSegment + 2, kLongestSegment}}) {
    entry_ = std::make_unique<SegmentEntry>();
    RingSlot::Payload payload = {bad.first & LowMask(34),
                                 bad.first >> 34 | (bad.count & LowMask(5)) << 29, bad.count >> 5};
    ASSERT_TRUE(entry_->ring[1].Publish(1, payload));
    EXPECT_EQ(0U, TakeOne()) << bad.first << ", " << bad.count;
    EXPECT_EQ(0U, SegmentAt(*entry_, Start(1)).generation);
  }
}

TEST_F(SegmentRingTest, AWordOfTheCurrentSegmentThatIsGarbageCostsTheRestOfIt) {
  for (std::size_t word = 0; word < 3; ++word) {
    entry_ = std::make_unique<SegmentEntry>();
    ASSERT_EQ(PublishResult::kPublished, Publish(101, 10));
    ASSERT_EQ(PublishResult::kPublished, Publish(201, 1));
    EXPECT_EQ(101U, TakeOne());
    RingWord(1, word).store(0xdeadbeefdeadbeefULL);
    EXPECT_EQ(201U, TakeOne());
    EXPECT_EQ(0U, TakeOne());
  }
}

TEST_F(SegmentRingTest, ACursorInAGenerationThatNeverWasGoesOnFromTheNext) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 1));
  SetCursor(*entry_, Start(9) + 5);
  EXPECT_EQ(0U, TakeOne()) << "nothing is newer than that";
  EXPECT_EQ(Start(9) + 5, cursor());
}

// ------------------------------------------------------------------ others, in between

TEST_F(SegmentRingTest, AnAdditionBeforeTheMoveIsNotUndone) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 1));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 3));
  EXPECT_EQ(101U, TakeOne());
  const AtPoint other(Point::kSegmentBeforeMove, [this] { entry_->cursor.FetchAdd(1); });
  EXPECT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(Start(2), cursor()) << "it tries again";
}

TEST_F(SegmentRingTest, AMoveOfAnotherIsNotRepeated) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 1));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 3));
  EXPECT_EQ(101U, TakeOne());
  const AtPoint other(Point::kSegmentBeforeMove, [this] { EXPECT_EQ(201U, TakeOne()); });
  EXPECT_EQ(202U, TakeOne());
}

TEST_F(SegmentRingTest, WhatAnotherTakesInBetweenIsNotTakenAgain) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 5));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 5));
  {
    const AtPoint other(Point::kSegmentBeforeTake, [this] {
      EXPECT_EQ((Ids{101, 102, 103}), Take(3));
    });
    EXPECT_EQ((Ids{104, 105}), Take(3));
  }
  {
    const AtPoint other(Point::kSegmentBeforeTake, [this] { EXPECT_EQ(5U, Take(5).size()); });
    EXPECT_TRUE(Take(3).empty());
  }
}

TEST_F(SegmentRingTest, ARetiredCursorGivesNothing) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 5));
  EXPECT_EQ(101U, TakeOne());
  entry_->cursor.RetireRelaxed();
  EXPECT_EQ(0U, TakeOne());
  EXPECT_EQ(TakeResult::kRetired, result_);
  EXPECT_EQ(MoveResult::kRetired, MoveOn(*entry_));
  EXPECT_EQ(0U, Resolve(entry_->cursor.FetchAdd(1)));
  EXPECT_EQ(0U, Lost(*entry_)) << "nothing was drawn";
}

TEST_F(SegmentRingTest, RetiringBeforeTheStepIsSeenByIt) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 5));
  {
    const AtPoint other(Point::kSegmentBeforeTake, [this] { entry_->cursor.RetireRelaxed(); });
    EXPECT_EQ(0U, TakeOne());
    EXPECT_EQ(TakeResult::kRetired, result_);
  }
  entry_ = std::make_unique<SegmentEntry>();
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 5));
  const AtPoint other(Point::kSegmentBeforeMove, [this] { entry_->cursor.RetireRelaxed(); });
  EXPECT_EQ(MoveResult::kRetired, MoveOn(*entry_));
}

// ------------------------------------------------------------------ values that were added

TEST_F(SegmentRingTest, AnAddedValueIsTheIdOfItsOwnGeneration) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 2));
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 2));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(101U, Resolve(entry_->cursor.FetchAdd(1)));
  EXPECT_EQ(102U, Resolve(entry_->cursor.FetchAdd(1)));
  EXPECT_EQ(0U, Resolve(entry_->cursor.FetchAdd(1))) << "used up";
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(201U, Resolve(entry_->cursor.FetchAdd(1)));
  EXPECT_EQ(2U, from_.generation);
  EXPECT_EQ(102U, Resolve(Start(1) + 1)) << "a late one, as long as its segment is in the ring";
  EXPECT_EQ(0U, Lost(*entry_));
}

TEST_F(SegmentRingTest, AValueWhoseGenerationIsGoneIsAGapThatIsCounted) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 2));
  EXPECT_EQ(101U, TakeOne());
  const std::uint64_t late = entry_->cursor.FetchAdd(1);
  for (std::uint64_t first = 201; first <= 601; first += 100) {
    ASSERT_EQ(PublishResult::kPublished, Publish(first, 1));
    EXPECT_EQ(first, TakeOne());
  }
  EXPECT_EQ(0U, Resolve(late));
  EXPECT_EQ(1U, Lost(*entry_));
}

}  // namespace
}  // namespace shmflake::test
