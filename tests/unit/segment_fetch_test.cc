// SPDX-License-Identifier: Apache-2.0
#include "core/segment_fetch.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/expect_status.h"
#include "tests/support/fake_clock.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kNow = 1000 * kSecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::size_t kTextBytes = 188;  // of the store's words

class SegmentFetchTest : public ::testing::Test {
 protected:
  // The pause that a failure leaves.
  std::int64_t PauseAfterFailure(std::uint64_t random) {
    FailFetch(*entry_, BeginFetch(*entry_, kNow), {Code::STORE_UNAVAILABLE, "no"}, kNow, random);
    return PauseLeft(line(), kNow);
  }
  void Fail(const std::string& words, Code code = Code::STORE_UNAVAILABLE) {
    FailFetch(*entry_, BeginFetch(*entry_, kNow), {code, words}, kNow, 0);
  }
  void End(std::uint64_t count, std::uint64_t row_step, std::int64_t now_ns = kNow) {
    EndFetch(*entry_, BeginFetch(*entry_, now_ns - 3 * kMs), {1, count, row_step},
             {now_ns - 3 * kMs, now_ns, 1'700'000'000'123});
  }
  [[nodiscard]] std::string Words() const { return LastFetchError(*entry_).message(); }
  FetchLine& line() { return entry_->fetch; }

  std::unique_ptr<SegmentEntry> entry_ = std::make_unique<SegmentEntry>();
};

// ------------------------------------------------------------------ pauses

TEST_F(SegmentFetchTest, TheFirstAttemptMayBeMadeAtOnce) {
  EXPECT_EQ(0, PauseLeft(line(), kNow));
  EXPECT_EQ(0, PauseLeft(line(), 0));
}

TEST_F(SegmentFetchTest, ThePauseDoublesFrom20MsTo2Seconds) {
  for (const std::int64_t ms : {20, 40, 80, 160, 320, 640, 1280, 2000, 2000, 2000}) {
    EXPECT_EQ(ms * kMs / 2, PauseAfterFailure(0));
  }
  line().failures_in_row.store(~std::uint64_t{0} - 1);
  EXPECT_EQ(1000 * kMs, PauseAfterFailure(0));
}

TEST_F(SegmentFetchTest, HalfOfThePauseIsAtRandom) {
  std::int64_t ms = 20;
  for (int failures = 0; failures < 9; ++failures) {
    for (const std::uint64_t random :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{123'456'789'012},
          static_cast<std::uint64_t>(ms * kMs / 2 - 1), ~std::uint64_t{0}}) {
      line().failures_in_row.store(static_cast<std::uint64_t>(failures));
      const std::int64_t pause = PauseAfterFailure(random);
      EXPECT_GE(pause, ms * kMs / 2);
      EXPECT_LT(pause, ms * kMs);
    }
    line().failures_in_row.store(static_cast<std::uint64_t>(failures));
    EXPECT_EQ(ms * kMs / 2 + 5, PauseAfterFailure(5));
    ms = std::min<std::int64_t>(2 * ms, 2000);
  }
}

TEST_F(SegmentFetchTest, ThePauseEndsWithTime) {
  const std::int64_t pause = PauseAfterFailure(77);
  EXPECT_EQ(1, PauseLeft(line(), kNow + pause - 1));
  EXPECT_EQ(0, PauseLeft(line(), kNow + pause));
  EXPECT_EQ(0, PauseLeft(line(), kNow + kDay));
}

TEST_F(SegmentFetchTest, ANextAttemptInTheFarFutureIsNotBelieved) {
  line().next_boot_ns.store(static_cast<std::uint64_t>(kNow + 2 * kSecond));
  EXPECT_EQ(2 * kSecond, PauseLeft(line(), kNow));
  line().next_boot_ns.store(static_cast<std::uint64_t>(kNow + 2 * kSecond + 1));
  EXPECT_EQ(0, PauseLeft(line(), kNow));
  line().next_boot_ns.store(~std::uint64_t{0} >> 1);
  EXPECT_EQ(0, PauseLeft(line(), kNow));
  line().next_boot_ns.store(~std::uint64_t{0});
  EXPECT_EQ(0, PauseLeft(line(), kNow));
}

TEST_F(SegmentFetchTest, ASegmentEndsThePauseAndTheRowOfFailures) {
  (void)PauseAfterFailure(0);
  (void)PauseAfterFailure(0);
  End(100, 100);
  EXPECT_EQ(0, PauseLeft(line(), kNow));
  EXPECT_EQ(10 * kMs, PauseAfterFailure(0)) << "it begins anew";
}

// ------------------------------------------------------------------ counters

TEST_F(SegmentFetchTest, AttemptsAreNumberedAndCounted) {
  EXPECT_EQ(1U, BeginFetch(*entry_, 5));
  EXPECT_EQ(2U, BeginFetch(*entry_, 6));
  EXPECT_EQ(6U, line().begun_boot_ns.load());
  End(100, 500);
  EXPECT_EQ(3U, line().begun.load());
  EXPECT_EQ(1U, line().ended.load());
  EXPECT_EQ(0U, line().failed.load());
  Fail("no");
  EXPECT_EQ(4U, line().begun.load());
  EXPECT_EQ(1U, line().ended.load());
  EXPECT_EQ(1U, line().failed.load());
}

TEST_F(SegmentFetchTest, NotesWhenASegmentCameAndHowLongThatTook) {
  End(100, 500);
  EXPECT_EQ(100U, line().step.load());
  EXPECT_EQ(500U, line().row_step.load());
  EXPECT_EQ(static_cast<std::uint64_t>(kNow), line().fetched_boot_ns.load());
  EXPECT_EQ(1'700'000'000'123U, line().fetched_unix_ms.load());
  EXPECT_EQ(3000U, line().fetched_us.load());
  End(50, 0);
  EXPECT_EQ(500U, line().row_step.load()) << "a callback knows none";
}

// ------------------------------------------------------------------ steps

TEST_F(SegmentFetchTest, AsksForTheRowsStepFirstUnlessOneIsGiven) {
  EXPECT_EQ(0U, StepToAsk(line(), kNow, 0, 0, 1000));
  EXPECT_EQ(70U, StepToAsk(line(), kNow, 70, 0, 1000));
  EXPECT_EQ(70U, StepToAsk(line(), kNow, 70, 200, 1000)) << "the start is as it was given";
}

TEST_F(SegmentFetchTest, AdaptsTheStepToHowLongTheLastSegmentLasted) {
  End(400, 100);
  EXPECT_EQ(800U, StepToAsk(line(), kNow + 15 * kMinute - 1, 0, 0, 1'000'000));
  EXPECT_EQ(400U, StepToAsk(line(), kNow + 15 * kMinute, 0, 0, 1'000'000));
  EXPECT_EQ(400U, StepToAsk(line(), kNow + 30 * kMinute, 0, 0, 1'000'000));
  EXPECT_EQ(200U, StepToAsk(line(), kNow + 30 * kMinute + 1, 0, 0, 1'000'000));
  EXPECT_EQ(500U, StepToAsk(line(), kNow, 0, 0, 500));
}

TEST_F(SegmentFetchTest, TheFloorIsTheGivenOneElseTheStepElseTheRows) {
  End(400, 390);
  const std::int64_t late = kNow + kDay;
  EXPECT_EQ(390U, StepToAsk(line(), late, 0, 0, 1'000'000));
  EXPECT_EQ(380U, StepToAsk(line(), late, 380, 0, 1'000'000));
  EXPECT_EQ(370U, StepToAsk(line(), late, 380, 370, 1'000'000));
  EXPECT_EQ(200U, StepToAsk(line(), late, 0, 10, 1'000'000));
  line().row_step.store(0);
  End(4000, 0);
  line().row_step.store(0);
  EXPECT_EQ(2000U, StepToAsk(line(), late, 0, 0, 1'000'000));
  line().step.store(1500);
  EXPECT_EQ(1000U, StepToAsk(line(), late, 0, 0, 1'000'000)) << "of a callback";
  EXPECT_EQ(10U, StepToAsk(line(), late, 0, 0, 10));
}

TEST_F(SegmentFetchTest, AStepThatCannotBeIsNotBelieved) {
  line().step.store(kLongestSegment + 1);
  EXPECT_EQ(70U, StepToAsk(line(), kNow, 70, 0, 1000));
  line().step.store(400);
  line().fetched_boot_ns.store(static_cast<std::uint64_t>(kNow + kDay));  // before a reboot
  EXPECT_EQ(800U, StepToAsk(line(), kNow, 0, 1, 1000));
}

// ------------------------------------------------------------------ words

TEST_F(SegmentFetchTest, NothingWentWrongAtFirst) { EXPECT_SUCCEEDS(LastFetchError(*entry_)); }

TEST_F(SegmentFetchTest, TheStoresWordsAreKeptWithTheirCode) {
  Fail("mysql://db/ids: Access denied for user 'u'@'h'", Code::STORE_DENIED);
  EXPECT_FAILS(Code::STORE_DENIED, LastFetchError(*entry_));
  EXPECT_EQ("mysql://db/ids: Access denied for user 'u'@'h'", Words());
  Fail("another");
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, LastFetchError(*entry_));
  EXPECT_EQ("another", Words());
  End(1, 1);
  EXPECT_SUCCEEDS(LastFetchError(*entry_));
}

TEST_F(SegmentFetchTest, TextsAreCutToFit) {
  for (const std::size_t size : {0U, 1U, 187U, 188U}) {
    Fail(std::string(size, 'x'));
    EXPECT_EQ(std::string(size, 'x'), Words());
  }
  for (const std::size_t size : {189U, 190U, 5000U}) {
    Fail(std::string(size, 'x'));
    EXPECT_EQ(std::string(kTextBytes, 'x'), Words());
  }
}

TEST_F(SegmentFetchTest, TextsAreCutBeforeACharacterNotInIt) {
  for (const std::string character :
       {"\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"}) {  // of 2, 3 and 4 bytes
    for (std::size_t fits = 0; fits <= character.size(); ++fits) {
      const std::string front(kTextBytes - fits, 'x');
      Fail(front + character + "more");
      EXPECT_EQ(fits == character.size() ? front + character : front, Words()) << fits;
    }
  }
}

TEST_F(SegmentFetchTest, WhatIsNoTextIsShownSafely) {
  Fail("a\nb\xff");
  EXPECT_EQ("a\\x0ab\\xff", Words());
}

TEST_F(SegmentFetchTest, AnAttemptThatEndsLateDoesNotReplaceANewersWords) {
  const std::uint64_t slow = BeginFetch(*entry_, kNow);
  Fail("newer");
  FailFetch(*entry_, slow, {Code::STORE_LOCKED, "older"}, kNow, 0);
  EXPECT_EQ("newer", Words());
}

TEST_F(SegmentFetchTest, WordsThatAreHalfWrittenAreNotShown) {
  Fail("first");
  auto* words = reinterpret_cast<SegmentWord*>(&entry_->words);
  words[0].store(std::uint64_t{9} << 32);  // of attempt 9, whose process died then
  EXPECT_SUCCEEDS(LastFetchError(*entry_));
}

TEST_F(SegmentFetchTest, OnlyWhatTimeDoesNotMendIsLasting) {
  for (const Code code :
       {Code::TAG_UNKNOWN, Code::STEP, Code::SEGMENT_RANGE, Code::SEGMENT_BACKWARDS,
        Code::STORE_DENIED, Code::STORE_SCHEMA, Code::STORE_CORRUPT, Code::STORE_PLUGIN}) {
    EXPECT_TRUE(IsLasting(code)) << CodeName(code);
  }
  for (const Code code : {Code::OK, Code::STORE_UNAVAILABLE, Code::STORE_LOCKED, Code::RESERVE,
                          Code::SEGMENT_EMPTY, Code::NO_SPACE, Code::TIMEOUT}) {
    EXPECT_FALSE(IsLasting(code)) << CodeName(code);
  }
}

}  // namespace
}  // namespace shmflake::test
