// SPDX-License-Identifier: Apache-2.0
// Tags whose region is retired, lost or overwritten, or has no room for them.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/segment_entry.h"
#include "tests/support/segment_fixture.h"

namespace shmflake::test {
namespace {

class SegmentFollowTest : public SegmentGeneratorTest {
 protected:
  SegmentEntry& EntryOf(const std::unique_ptr<SegmentGenerator>& segment) {
    return const_cast<SegmentEntry&>(segment->entry());
  }
  void Retire() { ASSERT_SUCCEEDS(RetireByName(one_->settings(), clock_, nullptr)); }
  // One ID, which must be new.
  std::uint64_t Draw(const std::unique_ptr<SegmentGenerator>& segment) {
    std::uint64_t id = 0;
    const Status status = DrawSegment(*segment, &id);
    EXPECT_TRUE(status.ok()) << status.message();
    Issue(id);
    return id;
  }

  std::unique_ptr<Generator> one_ = MustOpen();
  std::unique_ptr<Generator> two_ = MustOpen();
};

// ------------------------------------------------------------------ retired

TEST_F(SegmentFollowTest, TheNextRegionsSegmentsAreAboveAllThatTheLastOneHad) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  ExpectDense(segment, 1, 50);  // with 101..200 fetched ahead
  const SegmentEntry* before = &segment->entry();
  Retire();
  ExpectDense(segment, 201, 250);
  EXPECT_NE(before, &segment->entry());
  EXPECT_EQ("orders", View(segment).tag);
}

TEST_F(SegmentFollowTest, WhatWasGrantedBeforeIsKnownInTheNextRegion) {
  row_.SetMaxId(5000);
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  ExpectDense(segment, 5001, 5005);
  Retire();
  row_.SetMaxId(0);  // a backup was restored at the same time
  std::uint64_t id = 0;
  const Status status = DrawSegment(*segment, &id);
  EXPECT_FAILS(Code::RESERVE, status);
  EXPECT_TRUE(Contains(status.message(), "between 5101 and 2^63 - 1")) << status.message();
  EXPECT_EQ(5100U, segment->entry().fetch.high.load());
}

// Its cursors are retired, its state word is not.
TEST_F(SegmentFollowTest, ARetirementThatWasKilledHalfwayIsEndedByWhoDraws) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  const auto other = MustOpenSegment(two_.get(), OfSize(100));
  ExpectDense(segment, 1, 3);
  EntryOf(segment).cursor.RetireRelaxed();
  EXPECT_GT(Draw(segment), 100U);
  EXPECT_GT(Draw(other), 100U);
  EntryOf(segment).cursor.RetireRelaxed();
  EXPECT_SUCCEEDS(MakeSegment(two_.get(), OfSize(100))->Open());
}

TEST_F(SegmentFollowTest, EveryProcessAndEveryHandleFollows) {
  const auto a = MustOpenSegment(one_.get(), OfSize(100));
  const auto b = MustOpenSegment(one_.get(), OfSize(100));
  const auto c = MustOpenSegment(two_.get(), OfSize(100));
  for (int round = 0; round < 5; ++round) {
    std::uint64_t last = 0;
    for (int i = 0; i < 40; ++i) {
      for (const auto* segment : {&a, &b, &c}) {
        const std::uint64_t id = Draw(*segment);
        EXPECT_GT(id, last);
        last = id;
      }
    }
    Retire();
  }
}

TEST_F(SegmentFollowTest, OpeningFollowsTooWhereTheRegionIsRetired) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  Retire();
  const auto other = MustOpenSegment(one_.get(), OfSize(100));
  ExpectDense(other, 101, 150);
  ExpectDense(segment, 151, 160);
}

// A draw that stands behind its addition while the region is retired: its ID is its own.
TEST_F(SegmentFollowTest, AValueThatWasAddedBeforeTheRetirementIsIssued) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  ExpectDense(segment, 1, 5);
  std::uint64_t id = 0;
  {
    const AtPoint late(Point::kSegmentDrawn, [this] { Retire(); });
    ASSERT_SUCCEEDS(DrawSegment(*segment, &id));
  }
  EXPECT_EQ(6U, id);
  EXPECT_GT(Draw(segment), 100U);
}

TEST_F(SegmentFollowTest, AfterTheLastGenerationTheRegionIsReplaced) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  EntryOf(segment).fetch.claimed.store(kLastGeneration);
  const std::uint64_t instance = InstanceOf(one_.get());
  std::uint64_t last = 0;
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t id = Draw(segment);
    ASSERT_GT(id, last);
    last = id;
  }
  EXPECT_NE(instance, InstanceOf(one_.get()));
  EXPECT_GE(last, 400U) << "the segment that had no generation is a gap";
}

TEST_F(SegmentFollowTest, ARegionThatWasRemovedIsLeft) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(100));
  ExpectDense(segment, 1, 5);
  std::filesystem::remove(place_.region_path());
  clock_.Advance(kSecond);
  std::size_t filled = 0;
  std::vector<std::uint64_t> ids(100);
  ASSERT_SUCCEEDS(segment->NextN(ids.data(), ids.size(), &filled));
  for (const std::uint64_t id : ids) Issue(id);
  EXPECT_GT(ids.back(), 100U);
}

// ------------------------------------------------------------------ set back

TEST_F(SegmentFollowTest, ACursorThatWasSetBackIsNeverDrawnFromAgain) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(10'000));
  for (int i = 0; i < 900; ++i) Draw(segment);
  SetCursor(EntryOf(segment), segment->entry().cursor.Load() - 500);
  const std::uint64_t id = Draw(segment);
  EXPECT_GT(id, 10'000U) << "of the next region";
  EXPECT_EQ(1, CountEvents("region_lost"));
}

TEST_F(SegmentFollowTest, SoSeeDrawsOfManyAtOnce) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(10'000));
  std::vector<std::uint64_t> ids(900);
  std::size_t filled = 0;
  ASSERT_SUCCEEDS(segment->NextN(ids.data(), ids.size(), &filled));
  SetCursor(EntryOf(segment), segment->entry().cursor.Load() - 500);
  ASSERT_SUCCEEDS(segment->NextN(ids.data(), 1, &filled));
  EXPECT_GT(ids[0], 10'000U);
}

TEST_F(SegmentFollowTest, SoSeeDrawsThatNeverWait) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(10'000));
  for (int i = 0; i < 900; ++i) Draw(segment);
  SetCursor(EntryOf(segment), segment->entry().cursor.Load() - 500);
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::WOULD_WAIT, DrawSegmentNowait(*segment, &id));
  EXPECT_FAILS(Code::WOULD_WAIT, DrawSegmentNowait(*segment, &id));
  EXPECT_GT(Draw(segment), 10'000U);
}

// The other process last drew before the value that the cursor was set back to: only the first can
// tell.
TEST_F(SegmentFollowTest, WhoSeesThatACursorWasSetBackStopsTheOthers) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(10'000));
  const auto theirs = MustOpenSegment(two_.get(), OfSize(10'000));
  for (int i = 0; i < 10; ++i) Draw(theirs);
  for (int i = 0; i < 900; ++i) Draw(segment);
  SetCursor(EntryOf(segment), segment->entry().cursor.Load() - 500);
  Draw(segment);
  for (int i = 0; i < 600; ++i) Draw(theirs);
}

// ------------------------------------------------------------------ no room, another store

TEST_F(SegmentFollowTest, ARegionHas256Tags) {
  for (std::uint32_t i = 0; i < kTagCount; ++i) {
    (void)MustOpenSegment(one_.get(), OfSize(1), "tag" + std::to_string(i));
  }
  const auto one_more = MakeSegment(one_.get(), OfSize(1), "one more");
  const Status status = one_more->Open();
  EXPECT_FAILS(Code::TAGS_FULL, status);
  EXPECT_EQ("a region holds 256 tags: there is no room for \"one more\"", status.message());
  EXPECT_SUCCEEDS(MakeSegment(one_.get(), OfSize(1), "tag255")->Open());
}

TEST_F(SegmentFollowTest, ATagIsDrawnFromOneStoreAsLongAsItsRegionLives) {
  const auto segment = MustOpenSegment(one_.get(), OfSize(10));
  SegmentOptions options = OfSize(10);
  options.store = "sqlite:";
  const auto other = MakeSegment(two_.get(), options);
  const Status status = other->Open();
  EXPECT_FAILS(Code::TAG_STORE, status);
  EXPECT_EQ(
      "the region draws tag \"orders\" from another store, of kind callback: not from sqlite:; "
      "retire the region to change that",
      status.message());
  ExpectNext(segment, 1);
  Retire();
  const auto afresh = MakeSegment(two_.get(), options);
  EXPECT_SUCCEEDS(afresh->Open());
}

}  // namespace
}  // namespace shmflake::test
