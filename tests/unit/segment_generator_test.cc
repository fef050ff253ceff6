// SPDX-License-Identifier: Apache-2.0
// Tags on an injected clock, with a callback for a store that answers. What happens when it does not
// is in segment_outage_test.cc.
#include "core/segment_generator.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/segment_entry.h"
#include "tests/support/segment_fixture.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kMinute = 60 * kSecond;

// ------------------------------------------------------------------ drawing

TEST_F(SegmentGeneratorTest, OpeningATagFetchesItsFirstSegment) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(100));
  EXPECT_EQ(1U, row_.calls());
  EXPECT_EQ(100U, View(segment).remaining + View(segment).remaining_next);
  EXPECT_EQ("orders", View(segment).tag);
}

TEST_F(SegmentGeneratorTest, IdsAreDenseOverManySegments) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(100));
  ExpectDense(segment, 1, 2500);
  EXPECT_EQ(0U, View(segment).lost);
  EXPECT_EQ(row_.max_id(), View(segment).granted);
}

TEST_F(SegmentGeneratorTest, ASegmentOfOneIdIsFetchedAnewForEach) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1));
  ExpectDense(segment, 1, 50);
  EXPECT_GE(row_.calls(), 50U);
}

TEST_F(SegmentGeneratorTest, IdsGoUpToTheLastOneThereIs) {
  const std::uint64_t last = LowMask(63);
  row_.SetMaxId(last - 20);
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(10));
  ExpectDense(segment, last - 19, last);
  const Status status = Draw(segment);
  EXPECT_FAILS(Code::RESERVE, status);
  EXPECT_TRUE(Contains(status.message(), "no ID of tag \"orders\" is left: ")) << status.message();
}

TEST_F(SegmentGeneratorTest, ManyAtOnceAreTakenFromAsManySegmentsAsItTakes) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(100));
  std::vector<std::uint64_t> ids(777);
  std::size_t filled = 0;
  ASSERT_SUCCEEDS(segment->NextN(ids.data(), ids.size(), &filled));
  EXPECT_EQ(ids.size(), filled);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(i + 1, ids[i]);
  ExpectNext(segment, 778);
  ASSERT_SUCCEEDS(segment->NextN(ids.data(), 0, &filled));
  EXPECT_EQ(0U, filled);
  ExpectNext(segment, 779);
}

TEST_F(SegmentGeneratorTest, ASecondHandleDrawsFromTheSameSegments) {
  const auto generator = MustOpen();
  const auto one = MustOpenSegment(generator.get(), OfSize(100));
  const auto two = MustOpenSegment(generator.get(), OfSize(100));
  EXPECT_EQ(1U, row_.calls()) << "the second needs no segment of its own";
  for (std::uint64_t id = 1; id < 1000; id += 2) {
    ExpectNext(one, id);
    ExpectNext(two, id + 1);
  }
}

TEST_F(SegmentGeneratorTest, AnotherProcessDrawsFromTheSameSegments) {
  const auto first = MustOpen();
  const auto second = MustOpen();
  const auto one = MustOpenSegment(first.get(), OfSize(100));
  const auto two = MustOpenSegment(second.get(), OfSize(100));
  EXPECT_EQ(1U, row_.calls());
  for (std::uint64_t id = 1; id < 1000; id += 2) {
    ExpectNext(one, id);
    ExpectNext(two, id + 1);
  }
}

TEST_F(SegmentGeneratorTest, TagsAreDrawnApart) {
  const auto generator = MustOpen();
  const auto orders = MustOpenSegment(generator.get(), OfSize(100), "orders");
  const auto users = MustOpenSegment(generator.get(), OfSize(100), "users");
  ExpectNext(orders, 1);
  ExpectNext(users, 101);
  ExpectNext(orders, 2);
  ExpectNext(users, 102);
}

TEST_F(SegmentGeneratorTest, AForkedChildDrawsItsOwn) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000));
  ExpectDense(segment, 1, 20);  // with an open window
  EXPECT_EQ(0, RunInChild([&] {
              ExpectDense(segment, 21, 30);
              return 0;
            }));
  ExpectDense(segment, 31, 40);
}

TEST_F(SegmentGeneratorTest, AHandlesAddressLeadsBackToIt) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(100));
  EXPECT_EQ(segment.get(), &SegmentGenerator::Of(&segment->cache()));
}

// ------------------------------------------------------------------ ahead of time

class PrefetchTest : public SegmentGeneratorTest,
                     public ::testing::WithParamInterface<std::uint32_t> {
 protected:
  std::vector<std::uint64_t> ids_ = std::vector<std::uint64_t>(2000);
  void Take(const std::unique_ptr<SegmentGenerator>& segment, std::uint64_t n) {
    std::size_t filled = 0;
    ASSERT_SUCCEEDS(segment->NextN(ids_.data(), n, &filled));
  }
};

TEST_P(PrefetchTest, TheNextSegmentIsFetchedAtTheMarkAndNotBefore) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000, GetParam()));
  const std::uint64_t mark = 10 * GetParam();
  Take(segment, mark - 1);
  EXPECT_EQ(1U, row_.calls());
  Take(segment, 1);
  EXPECT_EQ(2U, row_.calls());
  Take(segment, 1000 - mark);
  EXPECT_EQ(2U, row_.calls()) << "one ahead is enough";
  Take(segment, mark - 1);
  EXPECT_EQ(2U, row_.calls());
  Take(segment, 1);
  EXPECT_EQ(3U, row_.calls());
}

TEST_P(PrefetchTest, FastDrawsStopAtTheMarkToo) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000, GetParam()));
  const std::uint64_t mark = 10 * GetParam();
  ExpectDense(segment, 1, mark - 1);
  EXPECT_EQ(1U, row_.calls());
  ExpectDense(segment, mark, mark + 1);
  EXPECT_EQ(2U, row_.calls()) << "by one draw";
  ExpectDense(segment, mark + 2, 1000 + mark - 1);
  EXPECT_EQ(2U, row_.calls());
}

TEST_P(PrefetchTest, WhatOthersDrawCounts) {
  const auto generator = MustOpen();
  const auto other = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000, GetParam()));
  const auto theirs = MustOpenSegment(other.get(), OfSize(1000, GetParam()));
  const std::uint64_t mark = 10 * GetParam();
  ExpectDense(segment, 1, 2);
  Take(theirs, mark - 3);
  EXPECT_EQ(1U, row_.calls());
  ExpectDense(segment, mark, mark + 1);
  EXPECT_EQ(2U, row_.calls());
}

INSTANTIATE_TEST_SUITE_P(Percents, PrefetchTest, ::testing::Values(1, 10, 90));

TEST_F(SegmentGeneratorTest, OfAFewIdsTheNextSegmentIsFetchedWithTheFirst) {
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(9));
  ExpectNext(segment, 1);
  EXPECT_EQ(2U, row_.calls());
  ExpectDense(segment, 2, 9);
  EXPECT_EQ(2U, row_.calls());
}

TEST_F(SegmentGeneratorTest, TheStepFollowsHowLongSegmentsLast) {
  const auto generator = MustOpen();
  SegmentOptions options;
  options.step = 100;
  options.min_step = 50;
  options.max_step = 350;
  const auto segment = MustOpenSegment(generator.get(), options);
  std::vector<std::uint64_t> ids(1000);
  // The segment that was fetched last lasts for so long, until the next one is fetched.
  const auto last_for = [&](std::int64_t ns) {
    clock_.Advance(ns);
    const std::size_t before = row_.calls();
    std::size_t filled = 0;
    while (row_.calls() == before) ASSERT_SUCCEEDS(segment->NextN(ids.data(), 1, &filled));
  };
  for (const std::int64_t minutes : {1, 1, 20, 31, 31, 31, 31, 15, 14}) {
    last_for(minutes * kMinute);
  }
  EXPECT_EQ((std::vector<std::uint64_t>{100, 200, 350, 350, 175, 87, 50, 50, 50, 100}),
            row_.steps());
}

// ------------------------------------------------------------------ a background thread

TEST_F(SegmentGeneratorTest, ABackgroundThreadTakesThePrefetchOver) {
  const auto generator = MustOpen([](Options* options) { options->background_thread = true; });
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000));
  EXPECT_EQ(std::this_thread::get_id(), row_.thread()) << "the first one is the caller's";
  ExpectDense(segment, 1, 200);
  EXPECT_TRUE(Eventually([&] { return row_.calls() == 2; }));
  EXPECT_NE(std::this_thread::get_id(), row_.thread());
  ExpectDense(segment, 201, 1099);
  EXPECT_EQ(2U, row_.calls());
}

TEST_F(SegmentGeneratorTest, OthersLeaveThePrefetchToAProcessThatHasAThread) {
  const auto keeper = MustOpen([](Options* options) { options->background_thread = true; });
  const auto kept = MustOpenSegment(keeper.get(), OfSize(1000));
  const auto generator = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000));
  // It holds its lock from its first round on.
  ASSERT_TRUE(Eventually([&] {
    const std::int64_t index = &kept->entry() - keeper->current().image().tags;
    return IsLockedByOther(generator->current().region().fd(), kKeeperLockBase + index, 1, nullptr);
  }));
  ExpectDense(segment, 1, 200);
  EXPECT_TRUE(Eventually([&] { return row_.calls() == 2; })) << "within its 100 ms, unasked";
  EXPECT_NE(std::this_thread::get_id(), row_.thread());
}

TEST_F(SegmentGeneratorTest, FromHalfTheSegmentOnDrawsDoNotWaitForAThreadThatDoesNothing) {
  const auto generator = MustOpen();
  const auto other = MustOpen();
  const auto segment = MustOpenSegment(generator.get(), OfSize(1000));
  const std::int64_t index = &segment->entry() - generator->current().image().tags;
  ASSERT_EQ(0, TryLockBytes(other->current().region().fd(), LockKind::kExclusive,
                            kKeeperLockBase + index, 1));
  ExpectDense(segment, 1, 499);
  EXPECT_EQ(1U, row_.calls());
  ExpectDense(segment, 500, 520);
  EXPECT_EQ(2U, row_.calls());
}

// A child has a copy of the thread's mutex, which may be locked for ever.
TEST_F(SegmentGeneratorTest, AChildThatIsForkedWhileTheThreadFetchesClosesAtOnce) {
  std::atomic<bool> inside{false};
  std::atomic<bool> leave{false};
  const auto generator = MustOpen([](Options* options) { options->background_thread = true; });
  auto segment = MustOpenSegment(generator.get(), OfSize(1000));
  row_.During([&] {
    inside.store(true);
    (void)Eventually([&] { return leave.load(); });
  });
  ExpectDense(segment, 1, 200);
  ASSERT_TRUE(Eventually([&] { return inside.load(); }));
  const int code = RunInChild([&] {
    ::alarm(10);
    ExpectDense(segment, 201, 220);
    segment.reset();
    return 0;
  });
  leave.store(true);
  EXPECT_EQ(0, code);
  ExpectDense(segment, 221, 300);
}

}  // namespace
}  // namespace shmflake::test
