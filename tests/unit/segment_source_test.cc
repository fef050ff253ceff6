// SPDX-License-Identifier: Apache-2.0
#include "core/segment_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "core/segment_layout.h"
#include "tests/support/expect_status.h"
#include "tests/support/test_settings.h"

namespace shmflake::test {
namespace {

class SegmentSourceTest : public ::testing::Test {
 protected:
  SegmentSourceTest() { place_.MakeDirectories(); }
  Status Make() { return SegmentSource::Make(place_.MakeSettings(), &options_, &source_); }
  // OPTION, with the text.
  void ExpectRefuses(const std::string& text) {
    const Status status = Make();
    EXPECT_FAILS(Code::OPTION, status);
    EXPECT_EQ(text, status.message());
    EXPECT_EQ(nullptr, source_);
  }
  void UseCallback(ReserveFunction reserve) { options_.reserve = std::move(reserve); }
  Status Reserve(std::uint64_t step = 0) {
    request_.step = step;
    request_.create = options_.create.value_or(false);
    grant_ = {77, 78, 79};
    return source_->Reserve(request_, 20'000, &grant_);
  }

  TestPlace place_;
  SegmentOptions options_;
  std::unique_ptr<SegmentSource> source_;
  SegmentRequest request_ = [] {
    SegmentRequest request;
    request.tag = "orders";
    request.max_step = 1'000'000;
    return request;
  }();
  SegmentGrant grant_;
};

TEST_F(SegmentSourceTest, FillsInTheDefaults) {
  ASSERT_SUCCEEDS(Make());
  EXPECT_EQ(10U, options_.prefetch_percent);
  EXPECT_EQ(1'000'000U, options_.max_step);
  EXPECT_EQ(0U, options_.step) << "the row's";
  EXPECT_EQ(true, options_.create) << "SQLite needs no set-up";
  EXPECT_EQ("sqlite:", source_->shown());
  EXPECT_STREQ("sqlite", SourceKindName(source_->mark()));
}

TEST_F(SegmentSourceTest, OptionsOutOfTheirRangeAreRefusedWithTheRuleAndTheValue) {
  const auto with = [&](auto change) {
    options_ = {};
    source_ = nullptr;
    change();
  };
  with([&] { options_.prefetch_percent = 91; });
  ExpectRefuses("prefetch_percent must be 1..90: 91");
  with([&] { options_.max_step = 1'000'000'001; });
  ExpectRefuses("max_step must be 1..1000000000: 1000000001");
  with([&] { options_.step = 1'000'001; });
  ExpectRefuses("step must be 1..1000000: 1000001");
  with([&] { options_.min_step = 1'000'001; });
  ExpectRefuses("min_step must be 1..1000000: 1000001");
  with([&] {
    options_.max_step = 10;
    options_.step = 11;
  });
  ExpectRefuses("step must be 1..10: 11");
  with([&] {
    options_.store = "sqlite:";
    options_.reserve = [](const auto&, auto, auto*) { return Status::Ok(); };
  });
  ExpectRefuses("a tag must have a store or a reserve callback, not both");
}

TEST_F(SegmentSourceTest, TheBoundsOfOptionsAreTaken) {
  for (const std::uint32_t percent : {1U, 90U}) {
    options_.prefetch_percent = percent;
    EXPECT_SUCCEEDS(Make());
  }
  options_.max_step = options_.step = options_.min_step = kLongestSegment;
  EXPECT_SUCCEEDS(Make());
  options_.max_step = options_.step = options_.min_step = 1;
  EXPECT_SUCCEEDS(Make());
}

TEST_F(SegmentSourceTest, AWrongUrlIsRefused) {
  options_.store = "nothing://";
  EXPECT_FAILS(Code::STORE_URL, Make());
  options_.store = "sqlite:relative.db";
  EXPECT_FAILS(Code::STORE_URL, Make());
}

TEST_F(SegmentSourceTest, MakingOneAsksNothingOfTheStore) {
  ASSERT_SUCCEEDS(Make());
  EXPECT_TRUE(std::filesystem::is_empty(place_.state_directory()));
}

TEST_F(SegmentSourceTest, AnotherStoreHasAnotherMark) {
  ASSERT_SUCCEEDS(Make());
  const std::uint64_t standard = source_->mark();
  options_ = {};
  options_.store = "sqlite:" + place_.state_directory() + "/other.db";
  ASSERT_SUCCEEDS(Make());
  EXPECT_NE(standard, source_->mark());
  EXPECT_STREQ("sqlite", SourceKindName(source_->mark()));
  options_ = {};
  UseCallback([](const auto&, auto, auto*) { return Status::Ok(); });
  ASSERT_SUCCEEDS(Make());
  EXPECT_STREQ("callback", SourceKindName(source_->mark()));
  EXPECT_NE(0U, source_->mark());
  EXPECT_EQ("the reserve callback", source_->shown());
}

TEST_F(SegmentSourceTest, KindsThatAreNotKnownHaveNoName) {
  EXPECT_STREQ("", SourceKindName(0));
  EXPECT_STREQ("mysql", SourceKindName(0xabc02));
  EXPECT_STREQ("postgres", SourceKindName(3));
  EXPECT_STREQ("etcd", SourceKindName(4));
  EXPECT_STREQ("", SourceKindName(6));
  EXPECT_STREQ("", SourceKindName(0xff));
}

// ------------------------------------------------------------------ reserving

TEST_F(SegmentSourceTest, RangesOfAStoreFollowEachOther) {
  ASSERT_SUCCEEDS(Make());
  ASSERT_SUCCEEDS(Reserve());
  EXPECT_EQ(1U, grant_.first);
  EXPECT_EQ(1000U, grant_.count);
  EXPECT_EQ(1000U, grant_.row_step);
  ASSERT_SUCCEEDS(Reserve(5));
  EXPECT_EQ(1001U, grant_.first);
  EXPECT_EQ(5U, grant_.count);
}

TEST_F(SegmentSourceTest, TheUrlsConventionIsUsed) {
  options_.store = "sqlite:?convention=leaf";
  ASSERT_SUCCEEDS(Make());
  ASSERT_SUCCEEDS(Reserve());
  EXPECT_EQ(1U, grant_.first);
  ASSERT_SUCCEEDS(Reserve());
  EXPECT_EQ(1001U, grant_.first);
  options_ = {};
  ASSERT_SUCCEEDS(Make());
  ASSERT_SUCCEEDS(Reserve());
  EXPECT_EQ(2002U, grant_.first) << "the row's max_id is 2001";
}

TEST_F(SegmentSourceTest, ARefusalGrantsNothing) {
  options_.create = false;
  ASSERT_SUCCEEDS(Make());
  EXPECT_FAILS(Code::TAG_UNKNOWN, Reserve());
  EXPECT_EQ(77U, grant_.first);
  options_.create = true;
  ASSERT_SUCCEEDS(Reserve());
  request_.high = 5000;
  EXPECT_FAILS(Code::SEGMENT_BACKWARDS, Reserve());
  EXPECT_EQ(77U, grant_.first);
}

TEST_F(SegmentSourceTest, ACallbackGetsTheTagAndTheStep) {
  std::string tag;
  std::uint64_t step = 0;
  UseCallback([&](const std::string& asked, std::uint64_t wanted, SegmentGrant* grant) {
    tag = asked;
    step = wanted;
    *grant = {501, wanted, 0};
    return Status::Ok();
  });
  ASSERT_SUCCEEDS(Make());
  ASSERT_SUCCEEDS(Reserve());
  EXPECT_EQ("orders", tag);
  EXPECT_EQ(1000U, step) << "the default";
  EXPECT_EQ(501U, grant_.first);
  ASSERT_SUCCEEDS(Reserve(7));
  EXPECT_EQ(7U, step);
  request_.max_step = 50;
  ASSERT_SUCCEEDS(Reserve());
  EXPECT_EQ(50U, step);
}

TEST_F(SegmentSourceTest, ACallbacksRangeIsChecked) {
  SegmentGrant gives{501, 10, 0};
  UseCallback([&](const auto&, auto, SegmentGrant* grant) {
    *grant = gives;
    return Status::Ok();
  });
  ASSERT_SUCCEEDS(Make());
  ASSERT_SUCCEEDS(Reserve());
  request_.high = 510;
  EXPECT_FAILS(Code::RESERVE, Reserve());  // the same again
  gives = {511, 0, 0};
  EXPECT_FAILS(Code::RESERVE, Reserve());
  gives = {511, 1'000'001, 0};
  EXPECT_FAILS(Code::RESERVE, Reserve());
  gives = {511, 1, 0};
  EXPECT_SUCCEEDS(Reserve());
}

TEST_F(SegmentSourceTest, ACallbacksErrorIsReturnedAsItIs) {
  UseCallback([](const auto&, auto, auto*) { return Fail(Code::RESERVE, "its own words"); });
  ASSERT_SUCCEEDS(Make());
  const Status status = Reserve();
  EXPECT_FAILS(Code::RESERVE, status);
  EXPECT_EQ("its own words", status.message());
}

}  // namespace
}  // namespace shmflake::test
