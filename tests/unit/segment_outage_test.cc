// SPDX-License-Identifier: Apache-2.0
// Tags whose store fails, is slow, or says something that cannot be; draws that never wait.
#include <gtest/gtest.h>

#include <vector>

#include "core/platform.h"
#include "tests/support/segment_fixture.h"
#include "tests/support/sqlite_calls.h"

namespace shmflake::test {
namespace {

constexpr std::uint32_t kPatienceMs = 2000;
const Status kDown{Code::STORE_UNAVAILABLE, "the store's own words"};

class SegmentOutageTest : public SegmentGeneratorTest {
 protected:
  SegmentOutageTest()
      : generator_(MustOpen([](Options* options) { options->wait_timeout_ms = kPatienceMs; })) {}
  std::unique_ptr<SegmentGenerator> MustOpenOf(std::uint64_t step) {
    return MustOpenSegment(generator_.get(), OfSize(step));
  }
  // The draw fails with the code and all of the text.
  static void ExpectFails(const std::unique_ptr<SegmentGenerator>& segment, Code code,
                          const std::string& text) {
    const Status status = Draw(segment);
    EXPECT_FAILS(code, status);
    EXPECT_EQ(text, status.message());
  }
  // How long a call takes on the clock.
  template <typename Call>
  std::int64_t TimeOf(Call call) {
    const std::int64_t before = clock_.MonotonicNs();
    call();
    return clock_.MonotonicNs() - before;
  }
  // Holds the locks of those who fetch, as another process that was elected.
  void HoldElection(Generator* other, const std::unique_ptr<SegmentGenerator>& segment,
                    std::int64_t levels) {
    const std::int64_t index = &segment->entry() - generator_->current().image().tags;
    ASSERT_EQ(0, TryLockBytes(other->current().region().fd(), LockKind::kExclusive,
                              kFetchLockBase + index * kFetchLevels, levels));
  }
  SegmentEntry& EntryOf(const std::unique_ptr<SegmentGenerator>& segment) {
    return const_cast<SegmentEntry&>(segment->entry());
  }

  std::unique_ptr<Generator> generator_;
};

// ------------------------------------------------------------------ while IDs are left

TEST_F(SegmentOutageTest, DrawsGoOnWithoutDelayWhileTheStoreIsDown) {
  const auto segment = MustOpenOf(1000);
  row_.Fail(kDown);
  EXPECT_EQ(0, TimeOf([&] { ExpectDense(segment, 1, 1000); }));
  EXPECT_EQ(2U, row_.calls()) << "no time passed: one attempt";
  EXPECT_EQ(1U, View(segment).failures);
  EXPECT_EQ("the store's own words", View(segment).last_error.message());
  EXPECT_EQ(1, CountEvents("segment_not_fetched"));
}

TEST_F(SegmentOutageTest, AttemptsAreMadeAfterTheirPauseAndNotBefore) {
  const auto segment = MustOpenOf(100'000);
  row_.Fail(kDown);
  std::vector<std::uint64_t> ids(10'000);
  std::size_t filled = 0;
  ASSERT_SUCCEEDS(segment->NextN(ids.data(), 10'000, &filled));
  for (std::size_t attempts = 1; attempts < 6; ++attempts) {
    ASSERT_EQ(1 + attempts, row_.calls());
    const std::int64_t pause = View(segment).next_attempt_ns;
    EXPECT_GE(pause, 10 * kMs << (attempts - 1));
    EXPECT_LT(pause, 20 * kMs << (attempts - 1));
    clock_.Advance(pause - 1);
    ASSERT_SUCCEEDS(segment->NextN(ids.data(), 1, &filled));
    EXPECT_EQ(1 + attempts, row_.calls());
    clock_.Advance(1);
    ASSERT_SUCCEEDS(segment->NextN(ids.data(), 1, &filled));
  }
}

TEST_F(SegmentOutageTest, OneProcessAsksForTheWholeHost) {
  const auto other = MustOpen();
  const auto segment = MustOpenOf(1000);
  const auto theirs = MustOpenSegment(other.get(), OfSize(1000));
  row_.Fail(kDown);
  for (std::uint64_t id = 1; id < 1000; id += 2) {
    ExpectNext(segment, id);
    ExpectNext(theirs, id + 1);
  }
  EXPECT_EQ(2U, row_.calls());
}

TEST_F(SegmentOutageTest, RecoversByItself) {
  const auto segment = MustOpenOf(1000);
  row_.Fail(kDown);
  ExpectDense(segment, 1, 600);
  row_.Mend();
  clock_.Advance(kSecond);
  ExpectDense(segment, 601, 1500);
  EXPECT_SUCCEEDS(View(segment).last_error);
  EXPECT_EQ(0U, View(segment).failures_in_row);
  EXPECT_EQ(1U, View(segment).failures);
}

TEST_F(SegmentOutageTest, OpeningNeedsNoStoreWhileTheRegionHasIds) {
  const auto segment = MustOpenOf(1000);
  row_.Fail(kDown);
  const auto other = MustOpen();
  const auto theirs = MustOpenSegment(other.get(), OfSize(1000));
  ExpectNext(theirs, 1);
  EXPECT_EQ(1U, row_.calls());
}

// ------------------------------------------------------------------ with none left

TEST_F(SegmentOutageTest, WithNoneLeftADrawWaitsUntilItsDeadlineAndSaysTheStoresWords) {
  const auto segment = MustOpenOf(5);
  row_.Fail(kDown);
  ExpectDense(segment, 1, 5);
  const std::size_t before = row_.calls();
  const std::int64_t took = TimeOf([&] {
    ExpectFails(segment, Code::STORE_UNAVAILABLE,
                "no ID of tag \"orders\" is left: the store's own words");
  });
  EXPECT_GE(took, kPatienceMs * kMs);
  EXPECT_LE(took, (kPatienceMs + 100) * kMs);
  EXPECT_GE(row_.calls() - before, 4U);
  EXPECT_LE(row_.calls() - before, 12U);
}

TEST_F(SegmentOutageTest, AWaitingDrawGoesOnAsSoonAsTheStoreAnswers) {
  const auto segment = MustOpenOf(5);
  ExpectDense(segment, 1, 5);
  row_.Fail(kDown, 6);  // of which one was the prefetch
  const std::int64_t took = TimeOf([&] { ExpectDense(segment, 6, 12); });
  EXPECT_GT(took, 0);
  EXPECT_LT(took, kPatienceMs * kMs);
  EXPECT_EQ(6U, View(segment).failures);
}

TEST_F(SegmentOutageTest, ManyAtOnceGiveWhatThereWas) {
  const auto segment = MustOpenOf(5);
  row_.Fail(kDown);
  std::vector<std::uint64_t> ids(8);
  std::size_t filled = 99;
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, segment->NextN(ids.data(), ids.size(), &filled));
  EXPECT_EQ(5U, filled);
  for (std::size_t i = 0; i < filled; ++i) EXPECT_EQ(i + 1, ids[i]);
  row_.Mend();
  clock_.Advance(3 * kSecond);
  ExpectNext(segment, 6);
}

TEST_F(SegmentOutageTest, OpeningFailsLikeADraw) {
  row_.Fail(kDown);
  const auto segment = MakeSegment(generator_.get(), OfSize(5));
  Status status;
  EXPECT_GE(TimeOf([&] { status = segment->Open(); }), kPatienceMs * kMs);
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, status);
  EXPECT_EQ("no ID of tag \"orders\" is left: the store's own words", status.message());
}

TEST_F(SegmentOutageTest, WhatTimeDoesNotMendIsSaidAtOnce) {
  for (const Code code : {Code::TAG_UNKNOWN, Code::STORE_DENIED, Code::SEGMENT_BACKWARDS}) {
    row_.Fail({code, "lasting"});
    clock_.Advance(3 * kSecond);
    const auto segment = MakeSegment(generator_.get(), OfSize(5), "tag");
    Status status;
    EXPECT_EQ(0, TimeOf([&] { status = segment->Open(); }));
    EXPECT_FAILS(code, status);
    EXPECT_EQ("no ID of tag \"tag\" is left: lasting", status.message());
  }
}

TEST_F(SegmentOutageTest, AfterItsPauseALastingErrorIsAskedAnew) {
  const auto segment = MustOpenOf(5);
  row_.Fail({Code::STORE_DENIED, "lasting"});
  ExpectDense(segment, 1, 5);
  const std::size_t before = row_.calls();
  for (int i = 0; i < 10; ++i) {
    ExpectFails(segment, Code::STORE_DENIED, "no ID of tag \"orders\" is left: lasting");
  }
  EXPECT_EQ(before, row_.calls()) << "in the pause it is said again";
  row_.Mend();
  clock_.Advance(2 * kSecond);
  ExpectNext(segment, 6);
}

TEST_F(SegmentOutageTest, TheWordsThatAnotherProcessHeardAreSaidToo) {
  const auto segment = MustOpenOf(5);
  const auto other = MustOpen([](Options* options) { options->wait_timeout_ms = kPatienceMs; });
  const auto theirs = MustOpenSegment(other.get(), OfSize(5));
  row_.Fail({Code::STORE_DENIED, "lasting"});
  ExpectDense(segment, 1, 5);
  EXPECT_FAILS(Code::STORE_DENIED, Draw(segment));
  // Not at once: what failed may have come of the other's options, or password.
  const std::size_t before = row_.calls();
  ExpectFails(theirs, Code::STORE_DENIED, "no ID of tag \"orders\" is left: lasting");
  EXPECT_LT(before, row_.calls());
}

TEST_F(SegmentOutageTest, WithoutAnyWordsItSaysThatNoneCameInTime) {
  const auto segment = MustOpenOf(100);
  const auto other = MustOpen();
  ASSERT_NO_FATAL_FAILURE(HoldElection(other.get(), segment, kFetchLevels));
  ExpectDense(segment, 1, 100);
  const std::int64_t took = TimeOf([&] {
    ExpectFails(segment, Code::SEGMENT_EMPTY,
                "no ID of tag \"orders\" is left, and the next segment did not come within 2000 "
                "ms");
  });
  EXPECT_GE(took, kPatienceMs * kMs);
  EXPECT_EQ(1U, row_.calls());
}

TEST_F(SegmentOutageTest, AnOldErrorIsNotSaidWhileAnotherProcessAsksAnew) {
  const auto segment = MustOpenOf(5);
  const auto other = MustOpen();
  row_.Fail({Code::STORE_DENIED, "lasting"});
  ExpectDense(segment, 1, 5);
  EXPECT_FAILS(Code::STORE_DENIED, Draw(segment));
  ASSERT_NO_FATAL_FAILURE(HoldElection(other.get(), segment, kFetchLevels));
  clock_.Advance(3 * kSecond);
  EXPECT_GE(TimeOf([&] { EXPECT_FAILS(Code::STORE_DENIED, Draw(segment)); }), kPatienceMs * kMs);
}

TEST_F(SegmentOutageTest, BesideAProcessThatFetchesForTooLongAnotherOneIsElected) {
  const auto segment = MustOpenOf(100);
  const auto other = MustOpen();
  ASSERT_NO_FATAL_FAILURE(HoldElection(other.get(), segment, 1));
  ExpectDense(segment, 1, 100);
  EXPECT_EQ(1U, row_.calls());
  EntryOf(segment).fetch.begun_boot_ns.store(static_cast<std::uint64_t>(clock_.BoottimeNs()));
  const std::int64_t took = TimeOf([&] { ExpectNext(segment, 101); });
  EXPECT_GE(took, 450 * kMs);
  EXPECT_LE(took, 600 * kMs);
}

// ------------------------------------------------------------------ answers that cannot be

TEST_F(SegmentOutageTest, ACallbackThatGivesIdsAgainIsRefusedAndNothingIsIssued) {
  row_.SetMaxId(10'000);
  const auto segment = MustOpenOf(100);
  row_.SetMaxId(50);  // a backup was restored
  ExpectDense(segment, 10'001, 10'100);
  const Status status = Draw(segment);
  EXPECT_FAILS(Code::RESERVE, status);
  EXPECT_TRUE(Contains(status.message(), "between 10101 and 2^63 - 1")) << status.message();
  row_.SetMaxId(20'000);
  clock_.Advance(3 * kSecond);
  ExpectNext(segment, 20'001);
}

TEST_F(SegmentOutageTest, ARowOfAStoreThatWentBackwardsIsRefusedAtOnce) {
  SegmentOptions options = OfSize(100);
  options.store = "sqlite:";
  const auto segment = MustOpenSegment(generator_.get(), options);
  ExpectDense(segment, 1, 150);
  const auto set = [&](const std::string& max_id) {
    sqlite3* db = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_open((place_.state_directory() + "/segments.db").c_str(), &db));
    const std::string sql = "UPDATE id_segments SET max_id = " + max_id;
    EXPECT_EQ(SQLITE_OK, sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr));
    sqlite3_close(db);
  };
  set("100");
  ExpectDense(segment, 151, 300);
  const Status status = Draw(segment);
  EXPECT_FAILS(Code::SEGMENT_BACKWARDS, status);
  EXPECT_TRUE(
      Contains(status.message(), "its max_id is 100, but this host was granted IDs up to 300"))
      << status.message();
  EXPECT_EQ(0U, clock_.sleeps());
  set("5000");
  clock_.Advance(3 * kSecond);
  ExpectNext(segment, 5001);
}

// ------------------------------------------------------------------ draws that never wait

class SegmentNowaitTest : public SegmentOutageTest {
 protected:
  void ExpectNowait(const std::unique_ptr<SegmentGenerator>& segment, std::uint64_t expected) {
    std::uint64_t id = 0;
    ASSERT_SUCCEEDS(DrawSegmentNowait(*segment, &id));
    ASSERT_EQ(expected, id);
  }
  void ExpectWouldWait(const std::unique_ptr<SegmentGenerator>& segment) {
    std::uint64_t id = 0;
    const std::size_t calls = row_.calls();
    for (int i = 0; i < 3; ++i) {
      EXPECT_FAILS(Code::WOULD_WAIT, DrawSegmentNowait(*segment, &id));
    }
    EXPECT_EQ(calls, row_.calls());
    EXPECT_EQ(0U, clock_.sleeps());
  }
};

TEST_F(SegmentNowaitTest, RefusesWhereItIsTimeToFetchAndLosesNothing) {
  const auto segment = MustOpenOf(100);
  std::uint64_t next = 1;
  for (int round = 0; round < 20; ++round) {
    std::uint64_t id = 0;
    DrawError error;
    while ((error = DrawSegmentNowait(*segment, &id)).ok()) ASSERT_EQ(next++, id);
    EXPECT_FAILS(Code::WOULD_WAIT, error);
    const std::size_t calls = row_.calls();
    ExpectNext(segment, next++);
    EXPECT_EQ(calls + 1, row_.calls()) << "the waiting draw fetches";
  }
  EXPECT_EQ(0U, clock_.sleeps());
  EXPECT_GE(next, 1900U) << "in between it drew";
}

TEST_F(SegmentNowaitTest, RefusesFromTheMarkOn) {
  const auto segment = MustOpenOf(100);
  std::uint64_t id = 0;
  std::uint64_t last = 0;
  while (DrawSegmentNowait(*segment, &id).ok()) {
    ASSERT_EQ(++last, id);
  }
  EXPECT_GE(last, 10U);
  EXPECT_LE(last, 11U) << "one may have added before it looked";
  ExpectWouldWait(segment);
  ExpectNext(segment, last + 1);
  for (id = last + 2; id <= 109; ++id) ExpectNowait(segment, id);
}

TEST_F(SegmentNowaitTest, GoesOnInThePauseAfterAFailure) {
  const auto segment = MustOpenOf(100);
  row_.Fail(kDown);
  ExpectDense(segment, 1, 11);
  for (std::uint64_t id = 12; id <= 100; ++id) ExpectNowait(segment, id);
  ExpectWouldWait(segment);
  row_.Mend();
  ExpectWouldWait(segment);
  ExpectNext(segment, 101);
}

TEST_F(SegmentNowaitTest, RefusesAtARetiredRegion) {
  const auto segment = MustOpenOf(100);
  ExpectNowait(segment, 1);
  ASSERT_SUCCEEDS(RetireByName(generator_->settings(), clock_, nullptr));
  ExpectWouldWait(segment);
  std::uint64_t id = 0;
  ASSERT_SUCCEEDS(DrawSegment(*segment, &id));
  EXPECT_EQ(101U, id);
  ExpectNowait(segment, 102);
}

}  // namespace
}  // namespace shmflake::test
