// SPDX-License-Identifier: Apache-2.0
#include "core/segment_window.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/support/segment_entry.h"

namespace shmflake::test {
namespace {

// Where SegmentCache keeps its sequence lock, odd while a window is being written, and its floor.
constexpr std::size_t kSequenceAt = 64;
constexpr std::size_t kFloorAt = kSequenceAt + 40;

class SegmentWindowTest : public SegmentEntryTest {
 protected:
  SegmentWindowTest() {
    EXPECT_EQ(PublishResult::kPublished, Publish(101, 1000));
    EXPECT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  }
  // A window from where the cursor is, for so many values.
  void Open(std::uint64_t values) {
    const std::uint64_t now = cursor();
    cache_->Open(entry_.get(), SegmentAt(*entry_, now), now, values);
  }
  SegmentFast Draw() { return cache_->Draw(&id_, &seen_); }
  void ExpectDraws(std::uint64_t id) {
    EXPECT_EQ(SegmentFast::kDrawn, Draw());
    EXPECT_EQ(id, id_);
  }
  // Nothing is added.
  void ExpectLooksFirst() {
    const std::uint64_t before = cursor();
    EXPECT_EQ(SegmentFast::kNone, Draw());
    EXPECT_EQ(before, cursor());
  }
  std::atomic<std::uint64_t>& Sequence() { return WordAt(*cache_, kSequenceAt); }

  std::unique_ptr<SegmentCache> cache_ = std::make_unique<SegmentCache>();
  std::uint64_t id_ = 0;
  SegmentDraw seen_{};
};

TEST_F(SegmentWindowTest, ZerosAreAClosedWindow) {
  ExpectLooksFirst();
  EXPECT_EQ(0U, cache_->FloorOf(entry_.get()));
}

TEST_F(SegmentWindowTest, DrawsOneByOneUpToItsEndAndNoFurther) {
  Open(3);
  for (std::uint64_t id = 101; id <= 103; ++id) ExpectDraws(id);
  EXPECT_EQ(SegmentFast::kAdded, Draw());
  EXPECT_EQ(entry_.get(), seen_.entry);
  EXPECT_EQ(Start(1) + 3, seen_.cursor);
  EXPECT_EQ(Start(1), seen_.floor);
  EXPECT_EQ(104U, Resolve(seen_.cursor)) << "what was added in vain is not lost";
}

TEST_F(SegmentWindowTest, AClosedWindowAddsNothing) {
  Open(10);
  cache_->Close();
  ExpectLooksFirst();
  cache_->Close();
  ExpectLooksFirst();
  Open(10);
  ExpectDraws(101);
}

TEST_F(SegmentWindowTest, IdsThatOthersDrawAreLeftOut) {
  Open(10);
  ExpectDraws(101);
  EXPECT_EQ(102U, TakeOne());
  ExpectDraws(103);
  Take(7);
  EXPECT_EQ(SegmentFast::kAdded, Draw()) << "others used the window up";
}

TEST_F(SegmentWindowTest, ANewerGenerationIsNotDrawnAsTheOldOne) {
  ASSERT_EQ(PublishResult::kPublished, Publish(5001, 1000));
  Open(10);
  Take(1000);
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*entry_));
  EXPECT_EQ(SegmentFast::kAdded, Draw());
  EXPECT_EQ(Start(2), seen_.cursor);
  EXPECT_EQ(5001U, Resolve(seen_.cursor));
}

TEST_F(SegmentWindowTest, ARetiredCursorGivesNoId) {
  Open(10);
  ExpectDraws(101);
  entry_->cursor.RetireRelaxed();
  EXPECT_EQ(SegmentFast::kAdded, Draw());
  EXPECT_EQ(0U, Resolve(seen_.cursor));
  EXPECT_GE(seen_.cursor, seen_.floor) << "it was not set back";
}

TEST_F(SegmentWindowTest, ACursorThatWasSetBackGivesNoId) {
  Take(500);
  Open(400);
  ExpectDraws(601);
  SetCursor(*entry_, Start(1) + 100);
  EXPECT_EQ(SegmentFast::kAdded, Draw());
  EXPECT_LT(seen_.cursor, seen_.floor);
}

TEST_F(SegmentWindowTest, TheCursorIsPutDownEvery64Values) {
  Open(900);
  for (std::uint64_t id = 101; id <= 101 + 640; ++id) ExpectDraws(id);
  EXPECT_EQ(Start(1) + 640, cache_->FloorOf(entry_.get()));
  SetCursor(*entry_, Start(1) + 639);
  EXPECT_EQ(SegmentFast::kAdded, Draw());
  EXPECT_LT(seen_.cursor, seen_.floor);
}

TEST_F(SegmentWindowTest, ItsFloorIsKnownAlsoWhenItIsClosed) {
  Take(500);
  Open(10);
  cache_->Close();
  EXPECT_EQ(Start(1) + 500, cache_->FloorOf(entry_.get()));
  const auto other = std::make_unique<SegmentEntry>();
  EXPECT_EQ(0U, cache_->FloorOf(other.get()));
}

TEST_F(SegmentWindowTest, OneThatIsBeingWrittenIsNotBelieved) {
  Open(10);
  ExpectDraws(101);
  Sequence().fetch_add(1);  // its writer is stopped, or interrupted by a signal
  EXPECT_EQ(0U, cache_->FloorOf(entry_.get()));
  for (std::uint64_t id = 102; id <= 104; ++id) {
    EXPECT_EQ(SegmentFast::kAdded, Draw());
    EXPECT_EQ(0U, seen_.floor) << "of no window that is known";
    EXPECT_EQ(id, Resolve(seen_.cursor)) << "the region knows it";
  }
  const std::uint64_t being_written = Sequence().load();
  Open(500);
  EXPECT_EQ(being_written, Sequence().load()) << "nobody else writes it";
  EXPECT_EQ(SegmentFast::kAdded, Draw());
  cache_->Close();
  ExpectLooksFirst();
}

// The thread reads the fields, and others write the next window before it looks at the sequence.
TEST_F(SegmentWindowTest, AWindowThatChangesInTheMiddleOfADrawIsNotBelieved) {
  Open(10);
  {
    const AtPoint other(Point::kSegmentDrawn, [this] {
      cache_->Close();
      Open(10);
    });
    EXPECT_EQ(SegmentFast::kAdded, Draw());
  }
  EXPECT_EQ(101U, Resolve(seen_.cursor));
  ExpectDraws(102);
}

TEST_F(SegmentWindowTest, EachOpeningIsASequenceOfItsOwn) {
  std::uint64_t last = Sequence().load();
  for (int i = 0; i < 10; ++i) {
    Open(10);
    EXPECT_GT(Sequence().load(), last);
    EXPECT_EQ(0U, Sequence().load() % 2);
    last = Sequence().load();
    cache_->Close();
  }
}

// The thread stands behind its addition while others close the window and open the next one.
TEST_F(SegmentWindowTest, ADrawThatIsLateIsTheIdOfItsOwnGeneration) {
  ASSERT_EQ(PublishResult::kPublished, Publish(5001, 1000));
  Open(10);
  {
    const AtPoint late(Point::kSegmentDrawn, [this] {
      Take(999);
      EXPECT_EQ(5001U, TakeOne());
      Open(10);
    });
    EXPECT_EQ(SegmentFast::kAdded, Draw());
  }
  EXPECT_EQ(101U, Resolve(seen_.cursor));
  ExpectDraws(5002);
}

TEST_F(SegmentWindowTest, ADrawThatIsLateLeavesNoFloorOnTheNextRegionsEntry) {
  Take(640);
  Open(100);
  const auto next = std::make_unique<SegmentEntry>();
  ASSERT_EQ(PublishResult::kPublished, PublishSegment(*next, {9001, 1000}));
  ASSERT_EQ(MoveResult::kMoved, MoveOn(*next));
  {
    const AtPoint late(Point::kSegmentDrawn, [&] {
      cache_->Close();
      cache_->Open(next.get(), SegmentAt(*next, next->cursor.Load()), next->cursor.Load(), 1000);
    });
    EXPECT_EQ(SegmentFast::kAdded, Draw());
  }
  EXPECT_EQ(entry_.get(), seen_.entry);
  EXPECT_EQ(741U, Resolve(seen_.cursor));
  EXPECT_EQ(Start(1), cache_->FloorOf(next.get()));
  ExpectDraws(9001);
}

TEST_F(SegmentWindowTest, AFloorThatIsNotOfTheWindowIsNotBelieved) {
  Open(100);
  ASSERT_EQ(Start(1), WordAt(*cache_, kFloorAt).load());
  WordAt(*cache_, kFloorAt).store(Start(7));
  EXPECT_EQ(0U, cache_->FloorOf(entry_.get()));
}

}  // namespace
}  // namespace shmflake::test
