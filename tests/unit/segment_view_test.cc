// SPDX-License-Identifier: Apache-2.0
#include "core/segment_view.h"

#include <gtest/gtest.h>

#include <set>

#include "core/segment_fetch.h"
#include "core/segment_tags.h"
#include "tests/support/expect_status.h"
#include "tests/support/segment_entry.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kNow = 5'000'000'000;

class SegmentViewTest : public SegmentEntryTest {
 protected:
  [[nodiscard]] SegmentView View(std::int64_t now_ns = kNow) const {
    return ViewSegment(*entry_, now_ns);
  }
};

TEST_F(SegmentViewTest, AnUntouchedEntryIsAllZeros) {
  const SegmentView view = View();
  EXPECT_EQ("", view.tag);
  EXPECT_EQ(0U, view.generation);
  EXPECT_EQ(0U, view.next_id);
  EXPECT_EQ(0U, view.remaining);
  EXPECT_EQ(0U, view.remaining_next);
  EXPECT_EQ(0, view.next_attempt_ns);
  EXPECT_SUCCEEDS(view.last_error);
}

TEST_F(SegmentViewTest, ShowsTheSegmentThatIsBeingDrawnAndWhatIsBehindIt) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 10));
  EXPECT_EQ(0U, View().generation);
  EXPECT_EQ(10U, View().remaining_next) << "nothing was drawn yet";
  Take(3);
  ASSERT_EQ(PublishResult::kPublished, Publish(201, 20));
  SegmentView view = View();
  EXPECT_EQ(1U, view.generation);
  EXPECT_EQ(101U, view.first_id);
  EXPECT_EQ(110U, view.last_id);
  EXPECT_EQ(104U, view.next_id);
  EXPECT_EQ(7U, view.remaining);
  EXPECT_EQ(20U, view.remaining_next);
  EXPECT_EQ(30U, view.granted);
  Take(7);
  view = View();
  EXPECT_EQ(0U, view.next_id);
  EXPECT_EQ(0U, view.remaining);
  EXPECT_EQ(20U, view.remaining_next);
}

TEST_F(SegmentViewTest, DrawsThatFoundNoneAreNotTakenForAnything) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 1));
  Take(1);
  for (int i = 0; i < 5; ++i) entry_->cursor.FetchAdd(1);
  EXPECT_EQ(0U, View().remaining);
  EXPECT_EQ(0U, View().next_id);
}

TEST_F(SegmentViewTest, ARetiredTagStillShowsWhatItHad) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 10));
  Take(3);
  entry_->cursor.RetireRelaxed();
  EXPECT_EQ(104U, View().next_id);
  EXPECT_EQ(7U, View().remaining);
}

TEST_F(SegmentViewTest, CountsAttemptsThoseWithoutAnEndIncluded) {
  (void)BeginFetch(*entry_, kNow);  // killed in the middle
  const std::uint64_t second = BeginFetch(*entry_, kNow);
  EndFetch(*entry_, second, {1, 500, 700}, {kNow, kNow + 4'000'000, 1'700'000'000'000});
  FailFetch(*entry_, BeginFetch(*entry_, kNow), {Code::STORE_LOCKED, "locked"}, kNow, 0);
  const SegmentView view = View();
  EXPECT_EQ(1U, view.fetches);
  EXPECT_EQ(1U, view.failures);
  EXPECT_EQ(1U, view.unfinished);
  EXPECT_EQ(1U, view.failures_in_row);
  EXPECT_EQ(500U, view.step);
  EXPECT_EQ(4000U, view.fetched_us);
  EXPECT_EQ(1'700'000'000'000, view.fetched_unix_ms);
  EXPECT_EQ(10'000'000, view.next_attempt_ns);
  EXPECT_EQ(0, View(kNow + 10'000'000).next_attempt_ns);
  EXPECT_FAILS(Code::STORE_LOCKED, view.last_error);
  EXPECT_EQ("locked", view.last_error.message());
}

TEST_F(SegmentViewTest, ShowsNoErrorOfTheTimeBeforeTheLastSuccess) {
  FailFetch(*entry_, BeginFetch(*entry_, kNow), {Code::STORE_LOCKED, "locked"}, kNow, 0);
  EndFetch(*entry_, BeginFetch(*entry_, kNow), {1, 500, 700}, {kNow, kNow, 1});
  EXPECT_SUCCEEDS(View().last_error);
  EXPECT_EQ(1U, View().failures);
  EXPECT_EQ(0U, View().failures_in_row);
}

TEST_F(SegmentViewTest, CountersThatWereReadAtTwoMomentsNeverGoBelowZero) {
  entry_->fetch.ended.store(5);
  EXPECT_EQ(0U, View().unfinished);
}

TEST_F(SegmentViewTest, ShowsIdsThatWereLost) {
  ASSERT_EQ(PublishResult::kPublished, Publish(101, 10));
  EXPECT_EQ(PublishResult::kTooLate, Publish(51, 10));
  EXPECT_EQ(10U, View().lost);
  EXPECT_EQ(20U, View().granted);
}

TEST(TagAtTest, ListsEveryTagOnceAndNoHalfNames) {
  struct Region {
    SegmentEntry tags[kTagCount];
  };
  const auto region = std::make_unique<Region>();
  const std::set<std::string> tags = {"a", "bb", "a tag that is longer than a word"};
  for (const std::string& tag : tags) ASSERT_NE(nullptr, FindTag(region->tags, tag));
  for (SegmentEntry& entry : region->tags) {
    if (entry.name[0].load() != 0) continue;
    entry.name[0].store(40);  // its inserter died
    break;
  }
  std::set<std::string> listed;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const SegmentEntry* entry = TagAt(region->tags, i);
    ASSERT_NE(nullptr, entry);
    listed.insert(TagOf(*entry));
  }
  EXPECT_EQ(tags, listed);
  EXPECT_EQ(nullptr, TagAt(region->tags, tags.size()));
}

}  // namespace
}  // namespace shmflake::test
