// SPDX-License-Identifier: Apache-2.0
#include "core/tagged_words.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "tests/support/segment_entry.h"

namespace shmflake::test {
namespace {

using Three = TaggedWords<3, 34>;

class TaggedWordsTest : public ::testing::Test {
 protected:
  // The first `words` words of a publication, as a publisher leaves them that stops or dies.
  void PublishPart(std::uint64_t version, std::uint64_t value, std::size_t words) {
    for (std::size_t i = 0; i < words; ++i) WordAt(*words_, i * 8).store(version << 34 | value);
  }
  bool Publish(std::uint64_t version, std::uint64_t value) {
    return words_->Publish(version, {value, value, value});
  }
  // The version, and that every word is the value.
  void ExpectReads(std::uint64_t version, std::uint64_t value) {
    Three::Payload payload;
    EXPECT_EQ(version, words_->Read(payload));
    for (const std::uint64_t word : payload) EXPECT_EQ(value, word);
  }
  void ExpectReadsNothing() {
    Three::Payload payload;
    EXPECT_EQ(0U, words_->Read(payload));
  }

  std::unique_ptr<Three> words_ = std::make_unique<Three>();
};

TEST_F(TaggedWordsTest, ZerosAreNothing) { ExpectReadsNothing(); }

TEST_F(TaggedWordsTest, WhatWasPublishedIsReadWhole) {
  ASSERT_TRUE(words_->Publish(1, {7, 8, LowMask(34)}));
  Three::Payload payload;
  EXPECT_EQ(1U, words_->Read(payload));
  EXPECT_EQ(7U, payload[0]);
  EXPECT_EQ(8U, payload[1]);
  EXPECT_EQ(LowMask(34), payload[2]);
}

TEST_F(TaggedWordsTest, ANewerVersionReplacesAnOlderOne) {
  ASSERT_TRUE(Publish(1, 10));
  ASSERT_TRUE(Publish(6, 60));
  ExpectReads(6, 60);
}

TEST_F(TaggedWordsTest, AnOlderVersionNeverReplacesANewerOne) {
  ASSERT_TRUE(Publish(6, 60));
  EXPECT_FALSE(Publish(1, 10));
  ExpectReads(6, 60);
}

TEST_F(TaggedWordsTest, TheHighestVersionIsTheLastOne) {
  ASSERT_TRUE(Publish(Three::kMaxVersion, 10));
  ExpectReads(Three::kMaxVersion, 10);
  EXPECT_FALSE(Publish(Three::kMaxVersion - 1, 60));
  ExpectReads(Three::kMaxVersion, 10);
}

TEST_F(TaggedWordsTest, HalfAPublicationIsNothing) {
  for (const std::size_t written : {1U, 2U}) {
    words_ = std::make_unique<Three>();
    PublishPart(1, 10, written);
    ExpectReadsNothing();
    ASSERT_TRUE(Publish(2, 20)) << "the next one replaces it";
    ExpectReads(2, 20);
  }
}

TEST_F(TaggedWordsTest, ReadsNothingWhileANewerOneIsHalfWritten) {
  for (const std::size_t written : {1U, 2U}) {
    words_ = std::make_unique<Three>();
    ASSERT_TRUE(Publish(1, 10));
    PublishPart(6, 60, written);
    ExpectReadsNothing();
    EXPECT_FALSE(Publish(1, 10)) << "the older one cannot come back";
    ExpectReadsNothing();
  }
}

TEST_F(TaggedWordsTest, APublisherThatGoesOnLateDoesNotSpoilANewerValue) {
  for (const std::size_t written : {1U, 2U}) {
    words_ = std::make_unique<Three>();
    PublishPart(1, 10, written);
    ASSERT_TRUE(Publish(6, 60));
    EXPECT_FALSE(Publish(1, 10));  // it writes what is left, and the rest again
    ExpectReads(6, 60);
  }
}

TEST_F(TaggedWordsTest, APublisherThatGoesOnLateCompletesWhatNobodyReplaced) {
  PublishPart(1, 10, 1);
  ASSERT_TRUE(Publish(1, 10));
  ExpectReads(1, 10);
}

TEST_F(TaggedWordsTest, AWordOfGarbageMakesTheValueUnreadableUntilTheNextOne) {
  for (std::size_t i = 0; i < 3; ++i) {
    words_ = std::make_unique<Three>();
    ASSERT_TRUE(Publish(5, 50));
    WordAt(*words_, i * 8).store(4ULL << 34 | 999);
    ExpectReadsNothing();
    ASSERT_TRUE(Publish(6, 60));
    ExpectReads(6, 60);
  }
}

TEST_F(TaggedWordsTest, AWordOfAnImpossibleVersionIsLeftAlone) {
  ASSERT_TRUE(Publish(5, 50));
  WordAt(*words_, 16).store(~std::uint64_t{0});
  EXPECT_FALSE(Publish(6, 60));
  ExpectReadsNothing();
}

// A reader between the words of a publisher: whatever it has read, one version is one value.
TEST_F(TaggedWordsTest, NoMixOfTwoPublicationsIsEverReadAsOne) {
  for (unsigned states = 0; states < 27; ++states) {  // each word: empty, of version 1, of 6
    words_ = std::make_unique<Three>();
    unsigned rest = states;
    std::uint64_t versions[3];
    for (std::size_t i = 0; i < 3; ++i, rest /= 3) {
      versions[i] = rest % 3 == 0 ? 0 : rest % 3 == 1 ? 1 : 6;
      WordAt(*words_, i * 8).store(versions[i] << 34 | versions[i] * 10);
    }
    Three::Payload payload;
    const std::uint64_t version = words_->Read(payload);
    const bool whole = versions[0] == versions[1] && versions[1] == versions[2];
    EXPECT_EQ(whole ? versions[0] : 0, version) << states;
    if (version == 0) continue;
    for (const std::uint64_t word : payload) EXPECT_EQ(version * 10, word);
  }
}

}  // namespace
}  // namespace shmflake::test
