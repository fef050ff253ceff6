// SPDX-License-Identifier: Apache-2.0
#include "core/lease.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/expect_status.h"

namespace shmflake::test {
namespace {

LeaseRecord RecordAt(std::uint64_t horizon) {
  LeaseRecord record;
  record.exists = true;
  record.horizon = horizon;
  return record;
}

class LeaseTest : public ::testing::Test {
 protected:
  IdFormat format_;
  LeaseTerms terms_ = MakeLeaseTerms(IdFormat(), 10'000, 60'000);
  Birth birth_;
};

// ---------------------------------------------------------------- Terms

TEST_F(LeaseTest, TermsAreInTicks) {
  EXPECT_EQ(10'000U, terms_.span);
  EXPECT_EQ(100U, terms_.step);
  EXPECT_EQ(1'000U, terms_.allowance);
  EXPECT_EQ(60'000U, terms_.max_recovery);
  format_.tick_us = 100;
  EXPECT_EQ(100'000U, MakeLeaseTerms(format_, 10'000, 60'000).span);
  EXPECT_EQ(25U, TicksOfMs(IdFormat(), 25));
}

TEST_F(LeaseTest, TermsAreNeverZeroHoweverLongATickIs) {
  format_.tick_us = 1'000'000;
  const LeaseTerms terms = MakeLeaseTerms(format_, 100, 1);
  EXPECT_EQ(4U, terms.span);
  EXPECT_EQ(1U, terms.step);
  EXPECT_EQ(1U, terms.allowance);
  EXPECT_EQ(1U, terms.max_recovery);
}

// ---------------------------------------------------------------- Birth

TEST_F(LeaseTest, AFirstBirthStartsNow) {
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 0, LeaseRecord(), &birth_));
  EXPECT_EQ(5'000U, birth_.birth_tick);
  EXPECT_EQ(0U, birth_.allowance_tick);
  EXPECT_EQ(15'000U, birth_.horizon);
}

TEST_F(LeaseTest, ARecordThatDoesNotExistCountsForNothing) {
  LeaseRecord record = RecordAt(9'000);
  record.exists = false;
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 0, record, &birth_));
  EXPECT_EQ(5'000U, birth_.birth_tick);
}

TEST_F(LeaseTest, ABirthAtAnOldHorizonAheadOfTheClockHasAnAllowance) {
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 0, RecordAt(14'950), &birth_));
  EXPECT_EQ(14'950U, birth_.birth_tick);
  EXPECT_EQ(15'950U, birth_.allowance_tick);
  EXPECT_EQ(15'050U, birth_.horizon) << "one step";
}

TEST_F(LeaseTest, ABirthAtAHorizonThatTheClockHasReachedHasNone) {
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 0, RecordAt(5'000), &birth_));
  EXPECT_EQ(5'000U, birth_.birth_tick);
  EXPECT_EQ(0U, birth_.allowance_tick);
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 0, RecordAt(5'001), &birth_));
  EXPECT_EQ(5'001U, birth_.birth_tick);
  EXPECT_EQ(6'001U, birth_.allowance_tick);
}

TEST_F(LeaseTest, AFloorAboveTheHorizonIsStartedFrom) {
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 7'000, RecordAt(6'000), &birth_));
  EXPECT_EQ(7'000U, birth_.birth_tick);
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 6'000, RecordAt(7'000), &birth_));
  EXPECT_EQ(7'000U, birth_.birth_tick);
}

TEST_F(LeaseTest, RecoveryIsRefusedJustBeyondItsBound) {
  EXPECT_SUCCEEDS(PlanBirth(terms_, format_, 5'000, 0, RecordAt(65'000), &birth_));
  const Status status = PlanBirth(terms_, format_, 5'000, 0, RecordAt(65'001), &birth_);
  EXPECT_FAILS(Code::RECOVERY, status);
  EXPECT_TRUE(Contains(status.message(), "60.0 s ahead")) << status.message();
  EXPECT_TRUE(Contains(status.message(), "max_recovery_ms is 60000")) << status.message();
  // Of the predecessor at the name: what helps is not what helps with a worker ID.
  const Status order = PlanBirth(terms_, format_, 5'000, 65'001, RecordAt(65'000), &birth_);
  EXPECT_FAILS(Code::RECOVERY, order);
  EXPECT_TRUE(Contains(order.message(), "last region at this name")) << order.message();
  EXPECT_FALSE(Contains(order.message(), "worker_id")) << order.message();
}

TEST_F(LeaseTest, TheLastTickOfTheRangeIsLeasedAndNoneAfterIt) {
  const std::uint64_t last = format_.max_timestamp();
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, last, 0, LeaseRecord(), &birth_));
  EXPECT_EQ(last, birth_.birth_tick);
  EXPECT_EQ(last + 1, birth_.horizon);
  ASSERT_SUCCEEDS(PlanBirth(terms_, format_, last - 5, 0, RecordAt(last), &birth_));
  EXPECT_EQ(last, birth_.allowance_tick);
  EXPECT_EQ(last + 1, birth_.horizon);
  EXPECT_FAILS(Code::TIME_RANGE, PlanBirth(terms_, format_, last, 0, RecordAt(last + 1), &birth_));
  EXPECT_FAILS(Code::TIME_RANGE, PlanBirth(terms_, format_, last + 1, 0, LeaseRecord(), &birth_));
  EXPECT_FAILS(Code::TIME_RANGE, PlanBirth(terms_, format_, 5, last + 1, LeaseRecord(), &birth_));
}

TEST_F(LeaseTest, ABirthNeverStartsBelowTheRecordAndAlwaysLeasesSomething) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    IdFormat format;
    format.timestamp_bits = 20 + static_cast<std::uint32_t>(random() % 24);
    format.sequence_bits = 55 - format.timestamp_bits;
    format.tick_us = 100 + static_cast<std::uint32_t>(random() % 999'901);
    const std::uint64_t end = format.max_timestamp() + 1;
    const LeaseTerms terms =
        MakeLeaseTerms(format, 100 + static_cast<std::uint32_t>(random() % 86'399'901),
                       1 + static_cast<std::uint32_t>(random() % 0x7fffffff));
    const std::uint64_t now = random() % end;
    const std::uint64_t horizon = i % 2 == 0 ? random() % (end + 1) : now + random() % 200;
    const std::uint64_t floor = i % 3 == 0 ? now + random() % 100 : 0;
    Birth birth;
    const Status status = PlanBirth(terms, format, now, floor, RecordAt(horizon), &birth);
    const std::uint64_t start = std::max({now, horizon, floor});
    if (start >= end) {
      ASSERT_EQ(Code::TIME_RANGE, status.code());
    } else if (start - now > terms.max_recovery) {
      ASSERT_EQ(Code::RECOVERY, status.code());
    } else {
      ASSERT_TRUE(status.ok()) << status.message();
      ASSERT_EQ(start, birth.birth_tick);
      ASSERT_GT(birth.horizon, start);
      ASSERT_LE(birth.horizon, end);
      ASSERT_LT(birth.allowance_tick, end);
      ASSERT_EQ(start > now, birth.allowance_tick != 0);
    }
  }
}

TEST_F(LeaseTest, AThousandRebirthsAtOnceClimbByOneStepEach) {
  LeaseRecord record;
  int refused_after = 0;
  for (int i = 0; i < 1000; ++i) {
    const Status status = PlanBirth(terms_, format_, 5'000, 0, record, &birth_);
    if (!status.ok()) {
      EXPECT_FAILS(Code::RECOVERY, status);
      refused_after = i;
      break;
    }
    record = RecordAt(birth_.horizon);
  }
  EXPECT_EQ(1 + 501, refused_after) << "10 s for the first, then 100 ms each, up to 60 s";
}

TEST_F(LeaseTest, RebirthsNoFasterThanAStepApartDoNotClimb) {
  LeaseRecord record;
  std::uint64_t now = 5'000;
  for (int i = 0; i < 1000; ++i, now += terms_.step) {
    ASSERT_SUCCEEDS(PlanBirth(terms_, format_, now, 0, record, &birth_));
    record = RecordAt(birth_.horizon);
    ASSERT_LE(birth_.horizon, now + terms_.span + terms_.step);
  }
}

// ---------------------------------------------------------------- Extension

class ExtensionTest : public LeaseTest {
 protected:
  std::uint64_t Plan() { return PlanExtension(terms_, format_, view_); }
  LeaseView view_{1'000, 1'000, 11'000, 0, 0};
};

TEST_F(ExtensionTest, NothingIsAskedBeforeTheHalf) {
  EXPECT_EQ(0U, Plan());
  view_.now = view_.state = 5'999;
  EXPECT_EQ(0U, Plan());
  view_.now = view_.state = 6'000;
  EXPECT_EQ(16'000U, Plan());
}

TEST_F(ExtensionTest, TheStateCountsAsWellAsTheClock) {
  view_.state = 6'000;
  EXPECT_EQ(0U, Plan()) << "nothing to gain: the clock stands";
  view_.now = 3'500;
  EXPECT_EQ(13'500U, Plan());
}

TEST_F(ExtensionTest, ALongPauseIsMadeUpInOneStep) {
  view_.now = 1'000'000;
  EXPECT_EQ(1'010'000U, Plan());
}

TEST_F(ExtensionTest, WhileTheClockIsBehindTheBirthStepsAreSmallAndEndAtTheAllowance) {
  view_ = {1'000, 50'000, 50'100, 50'000, 51'000};
  EXPECT_EQ(0U, Plan());
  view_.state = 50'050;
  EXPECT_EQ(50'150U, Plan());
  view_ = {1'000, 50'990, 51'000, 50'000, 51'000};
  view_.state = 51'000;
  EXPECT_EQ(51'001U, Plan()) << "the last tick of the allowance, though it is but one";
  view_.ceiling = 51'001;
  view_.state = 51'001;
  EXPECT_EQ(0U, Plan());
}

TEST_F(ExtensionTest, TheEndOfTheRangeIsAskedForOnceAndOnlyOnce) {
  const std::uint64_t end = format_.max_timestamp() + 1;
  view_ = {end - 10, end - 10, end - 1, 0, 0};
  EXPECT_EQ(0U, Plan());
  view_.now = view_.state = end - 1;
  EXPECT_EQ(end, Plan());
  view_.ceiling = end;
  EXPECT_EQ(0U, Plan());
}

TEST_F(ExtensionTest, NeverBelowTheCeilingNeverBeyondSpanOrAllowanceAndNeverStuck) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200'000; ++i) {
    const LeaseTerms terms =
        MakeLeaseTerms(format_, 100 + static_cast<std::uint32_t>(random() % 20'000), 60'000);
    LeaseView view;
    view.now = 100'000 + random() % 1'000;
    if (i % 2 == 0) {
      view.birth = view.now - 500 + random() % 12'000;
      view.allowance_tick = view.birth + terms.allowance;
    }
    view.ceiling = view.now - 200 + random() % (terms.span + 400);
    if (view.birth > view.now) view.ceiling = view.birth + random() % (terms.allowance + 2);
    view.state = view.ceiling - std::min<std::uint64_t>(view.ceiling, random() % 200);
    const std::uint64_t wanted = PlanExtension(terms, format_, view);
    const std::uint64_t ahead = view.birth > view.now ? view.allowance_tick + 1 : 0;
    if (wanted != 0) {
      ASSERT_GT(wanted, view.ceiling);
      ASSERT_LE(wanted, std::max(view.now + terms.span, ahead));
    }
    // A draw that stands at the ceiling, and may go on by the clock's rule, gets more.
    const std::uint64_t max_ahead = terms.span / 2 - 1;
    const bool may_go_on =
        view.ceiling <= std::max(view.now + max_ahead, ahead == 0 ? 0 : ahead - 1);
    if (view.state == view.ceiling && may_go_on) {
      ASSERT_NE(0U, wanted) << i;
    }
  }
}

TEST_F(ExtensionTest, ASaturatingRegionWithTheClockAtRestAsksABoundedNumberOfTimes) {
  for (const std::uint32_t horizon_ms : {100U, 1'000U, 10'000U}) {
    for (const bool ahead : {false, true}) {
      const LeaseTerms terms = MakeLeaseTerms(format_, horizon_ms, 60'000);
      LeaseView view;
      view.now = 100'000;
      view.birth = ahead ? view.now + 50'000 : 0;
      view.allowance_tick = ahead ? view.birth + terms.allowance : 0;
      view.state = ahead ? view.birth : view.now;
      view.ceiling = view.state + terms.step;
      const std::uint64_t last = ahead ? view.allowance_tick : view.now + terms.span / 2 - 1;
      int asked = 0;
      for (int i = 0; i < 100'000; ++i) {
        if (view.state < std::min(view.ceiling, last + 1)) ++view.state;
        const std::uint64_t wanted = PlanExtension(terms, format_, view);
        if (wanted == 0) continue;
        view.ceiling = wanted;
        ++asked;
      }
      EXPECT_LE(asked, 200) << horizon_ms << ahead;
      EXPECT_EQ(last + 1, view.state) << "and yet all was issued that the clock allows";
    }
  }
}

}  // namespace
}  // namespace shmflake::test
