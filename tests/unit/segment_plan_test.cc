// SPDX-License-Identifier: Apache-2.0
#include "core/segment_plan.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/segment_layout.h"
#include "tests/support/expect_status.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kMaxId = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kLastId = static_cast<std::uint64_t>(kMaxId);
constexpr std::int64_t kMinuteNs = 60'000'000'000;

class SegmentPlanTest : public ::testing::Test {
 protected:
  SegmentPlanTest() {
    request_.tag = "orders";
    request_.max_step = 1'000'000;
  }
  Status Plan(std::int64_t max_id, std::int64_t step) {
    const SegmentRow row{max_id, step};
    return PlanSegment(request_, &row, &write_, &grant_);
  }
  Status PlanWithoutRow() { return PlanSegment(request_, nullptr, &write_, &grant_); }
  void ExpectGrants(std::uint64_t first, std::uint64_t count) const {
    EXPECT_EQ(first, grant_.first);
    EXPECT_EQ(count, grant_.count);
  }
  // The message is the text, and nothing is to be written.
  void ExpectRefuses(Code code, const std::string& text, const Status& status) const {
    EXPECT_FAILS(code, status);
    EXPECT_EQ(text, status.message());
    EXPECT_EQ(-1, write_.max_id);
    EXPECT_EQ(0U, grant_.count);
  }

  SegmentRequest request_;
  SegmentRow write_{-1, -1};
  SegmentGrant grant_;
};

TEST_F(SegmentPlanTest, TakesTheRowsStepAboveItsMaxId) {
  ASSERT_SUCCEEDS(Plan(2000, 500));
  ExpectGrants(2001, 500);
  EXPECT_EQ(500U, grant_.row_step);
  EXPECT_EQ(2500, write_.max_id);
  EXPECT_EQ(500, write_.step);
}

TEST_F(SegmentPlanTest, TakesAsManyAsAreWantedAndLeavesTheRowsStep) {
  request_.step = 3;
  ASSERT_SUCCEEDS(Plan(2000, 500));
  ExpectGrants(2001, 3);
  EXPECT_EQ(500U, grant_.row_step);
  EXPECT_EQ(2003, write_.max_id);
  EXPECT_EQ(500, write_.step);
}

TEST_F(SegmentPlanTest, TakesNoMoreThanTheCap) {
  request_.step = 5'000'000;
  ASSERT_SUCCEEDS(Plan(0, 1));
  ExpectGrants(1, 1'000'000);
}

TEST_F(SegmentPlanTest, LeafsConventionGrantsFromMaxIdItself) {
  request_.convention = SegmentConvention::kLeaf;
  ASSERT_SUCCEEDS(Plan(1, 2000));
  ExpectGrants(1, 2000);
  EXPECT_EQ(2001, write_.max_id);
  ASSERT_SUCCEEDS(Plan(2001, 2000));
  ExpectGrants(2001, 2000);
}

TEST_F(SegmentPlanTest, SegmentsOfOneRowFollowEachOtherWithoutAGapOrAnOverlap) {
  for (const auto convention : {SegmentConvention::kShmflake, SegmentConvention::kLeaf}) {
    request_.convention = convention;
    request_.high = 0;
    SegmentRow row{1, 7};
    std::uint64_t next = 0;
    for (const std::uint64_t step : {0U, 1U, 20U, 0U, 3U}) {
      request_.step = step;
      SegmentGrant grant;
      ASSERT_SUCCEEDS(PlanSegment(request_, &row, &row, &grant));
      if (next != 0) {
        EXPECT_EQ(next, grant.first);
      }
      next = grant.first + grant.count;
      request_.high = next - 1;
    }
  }
}

// ------------------------------------------------------------------ a row that is missing

TEST_F(SegmentPlanTest, AMissingRowIsRefusedUnlessItMayBeCreated) {
  ExpectRefuses(Code::TAG_UNKNOWN,
                "the store has no row for the tag \"orders\"; insert one, or open the tag with "
                "create on",
                PlanWithoutRow());
}

TEST_F(SegmentPlanTest, ANewRowBeginsAtOneWithTheDefaultStep) {
  request_.create = true;
  ASSERT_SUCCEEDS(PlanWithoutRow());
  ExpectGrants(1, kDefaultStep);
  EXPECT_EQ(1000, write_.max_id);
  EXPECT_EQ(1000, write_.step);
}

TEST_F(SegmentPlanTest, ANewRowOfLeafBeginsAtOneToo) {
  request_.create = true;
  request_.convention = SegmentConvention::kLeaf;
  ASSERT_SUCCEEDS(PlanWithoutRow());
  ExpectGrants(1, kDefaultStep);
  EXPECT_EQ(1001, write_.max_id);
}

TEST_F(SegmentPlanTest, ANewRowsStepIsWhatWasAskedFor) {
  request_.create = true;
  request_.new_step = 77;
  request_.step = 5;
  ASSERT_SUCCEEDS(PlanWithoutRow());
  ExpectGrants(1, 5);
  EXPECT_EQ(77, write_.step);
}

TEST_F(SegmentPlanTest, ANewRowsDefaultStepIsCutToTheCap) {
  request_.create = true;
  request_.max_step = 100;
  ASSERT_SUCCEEDS(PlanWithoutRow());
  ExpectGrants(1, 100);
  EXPECT_EQ(100, write_.step);
}

TEST_F(SegmentPlanTest, ANewRowOfATagThatThisHostDrewBeforeIsRefused) {
  request_.create = true;
  request_.high = 5000;  // the table was emptied
  ExpectRefuses(Code::SEGMENT_BACKWARDS,
                "the row of the tag \"orders\" went backwards: its max_id is 0, but this host was "
                "granted IDs up to 5000; if a backup was restored, raise max_id above all IDs that "
                "were ever issued",
                PlanWithoutRow());
}

// ------------------------------------------------------------------ rows that are wrong

TEST_F(SegmentPlanTest, AStepBelowOneOrBeyondTheCapIsRefused) {
  const std::string rule = "the row's step must be 1..1000000 (max_step) for the tag \"orders\": ";
  for (const std::int64_t step : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'000'001},
                                  kMaxId, std::numeric_limits<std::int64_t>::min()}) {
    ExpectRefuses(Code::STEP, rule + std::to_string(step), Plan(10, step));
  }
  EXPECT_SUCCEEDS(Plan(10, 1'000'000));
  EXPECT_SUCCEEDS(Plan(10, 1));
}

TEST_F(SegmentPlanTest, AWrongStepOfTheRowIsRefusedAlsoWhenAnotherIsWanted) {
  request_.step = 10;
  EXPECT_FAILS(Code::STEP, Plan(10, 0));
}

TEST_F(SegmentPlanTest, TheLastSegmentEndsAtTheLastIdThereIs) {
  ASSERT_SUCCEEDS(Plan(kMaxId - 100, 100));
  ExpectGrants(kLastId - 99, 100);
  EXPECT_EQ(kMaxId, write_.max_id);
  request_.convention = SegmentConvention::kLeaf;
  ASSERT_SUCCEEDS(Plan(kMaxId - 100, 100));
  ExpectGrants(kLastId - 100, 100);
  EXPECT_EQ(kMaxId, write_.max_id);
}

TEST_F(SegmentPlanTest, AMaxIdOutsideItsRangeIsRefused) {
  const std::string rule =
      "the row's max_id must be 0..9223372036854775707 for a segment of 100 of the tag "
      "\"orders\": ";
  for (const std::int64_t max_id :
       {kMaxId - 99, kMaxId, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    ExpectRefuses(Code::SEGMENT_RANGE, rule + std::to_string(max_id), Plan(max_id, 100));
  }
  request_.convention = SegmentConvention::kLeaf;
  ExpectRefuses(Code::SEGMENT_RANGE,
                "the row's max_id must be 1..9223372036854775707 for a segment of 100 of the tag "
                "\"orders\": 0",
                Plan(0, 100));
  EXPECT_SUCCEEDS(Plan(1, 100));
}

TEST_F(SegmentPlanTest, TheRangeIsThatOfTheStepThatIsTaken) {
  request_.step = 1;
  ASSERT_SUCCEEDS(Plan(kMaxId - 1, 1000));
  ExpectGrants(kLastId, 1);
}

TEST_F(SegmentPlanTest, ARowThatGrantsWhatThisHostHadBeforeIsRefused) {
  request_.high = 2001;
  ExpectRefuses(Code::SEGMENT_BACKWARDS,
                "the row of the tag \"orders\" went backwards: its max_id is 2000, but this host "
                "was granted IDs up to 2001; if a backup was restored, raise max_id above all IDs "
                "that were ever issued",
                Plan(2000, 500));
  request_.high = 2000;
  EXPECT_SUCCEEDS(Plan(2000, 500));
  request_.convention = SegmentConvention::kLeaf;
  EXPECT_FAILS(Code::SEGMENT_BACKWARDS, Plan(2000, 500));
  EXPECT_SUCCEEDS(Plan(2001, 500));
}

TEST_F(SegmentPlanTest, AnErrorShowsTheTagSafely) {
  request_.tag = "a\"b\\\xc3\xa9";
  const Status status = PlanWithoutRow();
  EXPECT_TRUE(Contains(status.message(), "\xc3\xa9")) << status.message();
  EXPECT_EQ(std::string::npos, status.message().find('\n'));
}

// ------------------------------------------------------------------ what a callback gave

TEST_F(SegmentPlanTest, ACallbacksRangeMustBeNewAndFit) {
  request_.max_step = 100;
  request_.high = 500;
  for (const SegmentGrant& good : {SegmentGrant{501, 1, 0}, SegmentGrant{501, 100, 0},
                                   SegmentGrant{kLastId, 1, 0}, SegmentGrant{kLastId - 99, 100, 0}})
    EXPECT_SUCCEEDS(CheckReserved(request_, good));
  const std::string rule =
      "the reserve callback must return 1..100 IDs between 501 and 2^63 - 1 for the tag "
      "\"orders\": ";
  const std::pair<SegmentGrant, std::string> bad[] = {
      {{500, 10, 0}, "10 from 500"},
      {{0, 0, 0}, "0 from 0"},
      {{501, 0, 0}, "0 from 501"},
      {{501, 101, 0}, "101 from 501"},
      {{kLastId, 2, 0}, "2 from 9223372036854775807"},
      {{kLastId + 1, 1, 0}, "1 from 9223372036854775808"},
      {{~std::uint64_t{0}, 100, 0}, "100 from 18446744073709551615"},
      {{501, ~std::uint64_t{0}, 0}, "18446744073709551615 from 501"}};
  for (const auto& [grant, shown] : bad) {
    const Status status = CheckReserved(request_, grant);
    EXPECT_FAILS(Code::RESERVE, status);
    EXPECT_EQ(rule + shown, status.message());
  }
  request_.high = 0;
  EXPECT_FAILS(Code::RESERVE, CheckReserved(request_, {0, 5, 0}));  // 0 is no ID
}

// ------------------------------------------------------------------ Leaf's rule

TEST(AdaptStepTest, DoublesUnder15MinutesAndHalvesOver30) {
  struct Row {
    std::int64_t lasted_ns;
    std::uint64_t expected;
  };
  for (const Row& row : {Row{0, 2000}, Row{15 * kMinuteNs - 1, 2000}, Row{15 * kMinuteNs, 1000},
                         Row{20 * kMinuteNs, 1000}, Row{30 * kMinuteNs, 1000},
                         Row{30 * kMinuteNs + 1, 500}, Row{kMaxId, 500}}) {
    EXPECT_EQ(row.expected, AdaptStep(1000, row.lasted_ns, 1, 1'000'000)) << row.lasted_ns;
  }
}

TEST(AdaptStepTest, StaysBetweenFloorAndCap) {
  constexpr std::int64_t kLong = 60 * kMinuteNs;
  EXPECT_EQ(1500U, AdaptStep(1000, 0, 1, 1500));
  EXPECT_EQ(800U, AdaptStep(1000, kLong, 800, 1500));
  EXPECT_EQ(1U, AdaptStep(1, kLong, 1, 1500)) << "never 0";
  EXPECT_EQ(1500U, AdaptStep(9999, 20 * kMinuteNs, 1, 1500)) << "the cap was lowered";
  EXPECT_EQ(100U, AdaptStep(50, 20 * kMinuteNs, 100, 1500)) << "the floor was raised";
  EXPECT_EQ(100U, AdaptStep(50, 0, 500, 100)) << "a floor above the cap is the cap";
  EXPECT_EQ(kLongestSegment, AdaptStep(kLongestSegment, 0, 1, kLongestSegment));
}

}  // namespace
}  // namespace shmflake::test
