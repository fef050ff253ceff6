// SPDX-License-Identifier: Apache-2.0
#include "core/segment_tags.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/segment_view.h"
#include "tests/support/expect_status.h"
#include "tests/support/segment_entry.h"

namespace shmflake::test {
namespace {

using Entries = SegmentEntry[kTagCount];

class SegmentTagsTest : public ::testing::Test {
 protected:
  struct Region {
    Entries tags;
  };
  SegmentEntry* Find(const std::string& tag) { return FindTag(region_->tags, tag); }
  // The tag's words as its inserter writes them, the first `count` of them.
  static void WriteName(SegmentEntry& entry, const std::string& tag, std::size_t count) {
    char bytes[kTagWords * 8] = {};
    bytes[0] = static_cast<char>(tag.size());
    std::memcpy(bytes + 1, tag.data(), tag.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + i * 8, 8);
      entry.name[i].store(word);
    }
  }
  std::size_t CountTags() {
    std::size_t count = 0;
    while (TagAt(region_->tags, count) != nullptr) ++count;
    return count;
  }

  std::unique_ptr<Region> region_ = std::make_unique<Region>();
};

TEST_F(SegmentTagsTest, ATagHasOneEntryWhichBearsItsName) {
  SegmentEntry* entry = Find("orders");
  ASSERT_NE(nullptr, entry);
  EXPECT_EQ("orders", TagOf(*entry));
  EXPECT_EQ(entry, Find("orders"));
  EXPECT_NE(entry, Find("order"));
  EXPECT_NE(entry, Find("orders2"));
  EXPECT_EQ(3U, CountTags());
}

TEST_F(SegmentTagsTest, EveryLengthFrom1To64KeepsEveryByte) {
  std::string tag;
  for (char c = 'A'; tag.size() < kLongestTag; ++c) {
    tag += c;
    SegmentEntry* entry = Find(tag);
    ASSERT_NE(nullptr, entry);
    EXPECT_EQ(tag, TagOf(*entry));
    EXPECT_EQ(entry, Find(tag));
  }
  EXPECT_EQ(64U, CountTags());
}

TEST_F(SegmentTagsTest, TagsThatBeginWithTheSameSevenBytesAreKeptApart) {
  std::set<SegmentEntry*> entries;
  for (const char* tag : {"prefix_", "prefix_a", "prefix_b", "prefix_ab", "prefix_ba", "prefix"}) {
    entries.insert(Find(tag));
  }
  EXPECT_EQ(6U, entries.size());
}

TEST_F(SegmentTagsTest, AnUnwrittenEntryBearsNoTag) {
  EXPECT_EQ("", TagOf(region_->tags[0]));
  EXPECT_EQ(nullptr, TagAt(region_->tags, 0));
}

TEST_F(SegmentTagsTest, ThereIsRoomFor256TagsAndNoneForTheNext) {
  std::set<SegmentEntry*> entries;
  for (std::uint32_t i = 0; i < kTagCount; ++i) entries.insert(Find("tag" + std::to_string(i)));
  EXPECT_EQ(kTagCount, entries.size());
  EXPECT_EQ(0U, entries.count(nullptr));
  EXPECT_EQ(nullptr, Find("one more"));
  EXPECT_EQ(nullptr, Find("tag256"));
  for (std::uint32_t i = 0; i < kTagCount; ++i) {
    EXPECT_EQ("tag" + std::to_string(i), TagOf(*Find("tag" + std::to_string(i))));
  }
  EXPECT_EQ(kTagCount, CountTags());
}

// ------------------------------------------------------------------ inserters that die

// Killed after each word: the next one who needs the tag completes the name.
TEST_F(SegmentTagsTest, AnInserterThatIsKilledAfterAnyWordIsCompletedByTheNextOne) {
  const std::string tag(kLongestTag, 'x');
  for (std::size_t written = 0; written <= kTagWords; ++written) {
    region_ = std::make_unique<Region>();
    SegmentEntry* own = Find(tag);  // where it is looked for first
    for (auto& word : own->name) word.store(0);
    WriteName(*own, tag, written);
    EXPECT_EQ(written == kTagWords ? tag : "", TagOf(*own)) << written;
    EXPECT_EQ(own, Find(tag)) << written;
    EXPECT_EQ(tag, TagOf(*own));
    EXPECT_EQ(1U, CountTags());
  }
}

// Half of a name that another tag can complete is that tag's; its own inserter goes past it.
TEST_F(SegmentTagsTest, HalfANameBelongsToWhoeverCompletesIt) {
  const std::string first = "prefix_first__first";
  const std::string second = "prefix_second_secon";
  ASSERT_EQ(first.size(), second.size());
  SegmentEntry* own = Find(second);
  for (auto& word : own->name) word.store(0);
  WriteName(*own, first, 1);
  EXPECT_EQ(own, Find(second));
  SegmentEntry* other = Find(first);
  ASSERT_NE(nullptr, other);
  EXPECT_NE(own, other);
  EXPECT_EQ(second, TagOf(*own));
  EXPECT_EQ(first, TagOf(*other));
  EXPECT_EQ(own, Find(second));
}

TEST_F(SegmentTagsTest, HalfANameOfAnotherLengthIsPassed) {
  SegmentEntry* own = Find("orders");
  for (auto& word : own->name) word.store(0);
  WriteName(*own, "another tag that is longer", 1);
  SegmentEntry* found = Find("orders");
  ASSERT_NE(nullptr, found);
  EXPECT_NE(own, found);
  EXPECT_EQ("", TagOf(*own)) << "nobody completes it but its own";
  EXPECT_EQ(found, Find("orders"));
}

// In the middle of an insertion another thread inserts a tag that begins alike.
TEST_F(SegmentTagsTest, TwoThatWriteOneEntryAgreeWhoseItIs) {
  const std::string first = "prefix_first__first";
  const std::string second = "prefix_second_secon";
  SegmentEntry* between = nullptr;
  SegmentEntry* own = nullptr;
  {
    const AtPoint other(Point::kTagWordWritten, [&] { between = Find(second); });
    own = Find(first);
  }
  ASSERT_NE(nullptr, own);
  EXPECT_NE(own, between);
  EXPECT_EQ(first, TagOf(*own));
  EXPECT_EQ(second, TagOf(*between));
  EXPECT_EQ(own, Find(first));
  EXPECT_EQ(between, Find(second));
}

TEST_F(SegmentTagsTest, GarbageForANameIsNoTagAndIsPassed) {
  SegmentEntry* own = Find("orders");
  own->name[0].store(~std::uint64_t{0});
  EXPECT_EQ("", TagOf(*own));
  SegmentEntry* found = Find("orders");
  EXPECT_NE(own, found);
  EXPECT_EQ("orders", TagOf(*found));
}

TEST_F(SegmentTagsTest, SixteenThreadsThatOpen300TagsAtOnceGetOneEntryForEach) {
  constexpr int kThreads = 16;
  constexpr int kTags = 300;  // more than there is room for
  std::vector<std::vector<SegmentEntry*>> found(kThreads, std::vector<SegmentEntry*>(kTags));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTags; ++i) {
        const int n = (i * 7 + t * 19) % kTags;  // each in an order of its own
        found[static_cast<std::size_t>(t)][static_cast<std::size_t>(n)] =
            Find("common prefix " + std::to_string(100 + n));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<SegmentEntry*, std::string> owners;
  for (std::size_t i = 0; i < kTags; ++i) {
    const std::string tag = "common prefix " + std::to_string(100 + i);
    SegmentEntry* entry = Find(tag);
    for (const auto& of_thread : found) EXPECT_EQ(entry, of_thread[i]) << tag;
    if (entry == nullptr) continue;
    EXPECT_EQ(tag, TagOf(*entry));
    EXPECT_TRUE(owners.emplace(entry, tag).second) << tag << " and " << owners[entry];
  }
  EXPECT_EQ(kTagCount, owners.size());
}

// ------------------------------------------------------------------ names, and where they come from

TEST(CheckTagTest, TakesTextOf1To64Bytes) {
  std::string multibyte;
  for (int i = 0; i < 16; ++i) multibyte += "\xf0\x9f\x98\x80";  // 64 bytes of 4-byte characters
  for (const std::string& tag :
       {std::string("a"), std::string(64, 'x'), std::string("caf\xc3\xa9 \xe6\x97\xa5"), multibyte,
        std::string(" "), std::string("a'b\"c;--%_"), std::string("\\x00")}) {
    EXPECT_SUCCEEDS(CheckTag(tag));
  }
}

TEST(CheckTagTest, RefusesWhatIsNoneWithTheRuleAndTheValue) {
  const std::string rule = "a tag must be 1..64 bytes of UTF-8 without control characters: ";
  const std::pair<std::string, std::string> bad[] = {
      {"", "\"\" (0 bytes)"},
      {std::string(65, 'x'), "\"" + std::string(65, 'x') + "\" (65 bytes)"},
      {std::string(63, 'x') + "\xc3\xa9", "(65 bytes)"},
      {std::string("a\0b", 3), "\"a\\x00b\" (3 bytes)"},
      {"a\nb", "\"a\\x0ab\" (3 bytes)"},
      {"a\x7f", "\"a\\x7f\" (2 bytes)"},
      {"\xff", "\"\\xff\" (1 bytes)"},
      {"caf\xc3", "\"caf\\xc3\" (4 bytes)"},
      {"\xed\xa0\x80", "(3 bytes)"},      // half of a UTF-16 pair
      {"\xc0\x80", "(2 bytes)"},          // NUL, overlong
      {"\xf4\x90\x80\x80", "(4 bytes)"},  // beyond U+10FFFF
  };
  for (const auto& [tag, shown] : bad) {
    const Status status = CheckTag(tag);
    EXPECT_FAILS(Code::TAG, status);
    EXPECT_TRUE(Contains(status.message(), rule)) << status.message();
    EXPECT_TRUE(Contains(status.message(), shown)) << status.message();
  }
}

TEST(AgreeOnStoreTest, WhoCameBeforeTheFirstSegmentDecidesForAll) {
  const auto entry = std::make_unique<SegmentEntry>();
  const std::uint64_t first = StoreMark(0x1234567890abcdefULL, 1);
  const std::uint64_t second = StoreMark(0x1234567890abcdefULL, 2);
  EXPECT_NE(first, second);
  EXPECT_EQ(1U, first & 0xff);
  EXPECT_EQ(first, AgreeOnStore(*entry, first));
  EXPECT_EQ(second, AgreeOnStore(*entry, second));  // the first was mistyped, perhaps
  entry->fetch.claimed.store(1);
  EXPECT_EQ(second, AgreeOnStore(*entry, first));
  EXPECT_EQ(second, AgreeOnStore(*entry, second));
}

}  // namespace
}  // namespace shmflake::test
