// SPDX-License-Identifier: Apache-2.0
// What segment mode refuses, with which code and words.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstring>
#include <string>

#include "tests/support/process.h"
#include "tests/support/sandbox.h"
#include "tests/support/segment_drawer.h"

namespace flake::test {
namespace {

class SegmentError : public ::testing::Test {
 protected:
  SegmentError() : options_(box_.Options()) {
    options_.wait_timeout_ms = 300;
    flake_ = box_.MustOpen(&options_);
  }

  // Opens a tag that is refused with the code, and with words in which the text is found.
  void ExpectRefused(int code, const std::string& words, const char* tag,
                     const shmflake_segment_options& options) {
    int found = 0;
    EXPECT_EQ(nullptr, OpenSegment(flake_.get(), tag, options, &found)) << words;
    EXPECT_EQ(code, found) << shmflake_error_name(found) << ": " << shmflake_last_error();
    EXPECT_NE(nullptr, std::strstr(shmflake_last_error(), words.c_str()))
        << shmflake_last_error() << "\nshould say: " << words;
  }
  void ExpectRefused(int code, const std::string& words, const char* tag = "orders") {
    const shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
    ExpectRefused(code, words, tag, options);
  }

  void Sql(const std::string& sql) {
    sqlite3* db = nullptr;
    char* error = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_open((box_.state + "/segments.db").c_str(), &db));
    ASSERT_EQ(SQLITE_OK, sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error)) << error;
    sqlite3_close(db);
  }
  void MakeTable() { ASSERT_EQ(0, shmflake_store_init("sqlite:", &options_)); }

  Sandbox box_;
  shmflake_options options_;
  Flake flake_;
};

TEST_F(SegmentError, NullPointersAreNamed) {
  ::shmflake_segment* segment = nullptr;
  std::uint64_t id = 7;
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_open(nullptr, "a", nullptr, &segment));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT,
            shmflake_segment_open(flake_.get(), nullptr, nullptr, &segment));
  EXPECT_NE(nullptr, std::strstr(shmflake_last_error(), "tag"));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_open(flake_.get(), "a", nullptr, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_next(nullptr, &id));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_next_nowait(nullptr, &id));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_next_n(nullptr, &id, 1, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_status(nullptr, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_at(nullptr, 0, nullptr));
  shmflake_segment_close(nullptr);
  const Segment good = OpenSegment(flake_.get(), "a", SegmentsOf(10));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_segment_next(good.get(), nullptr));
  EXPECT_EQ(SHMFLAKE_E_COUNT, shmflake_segment_next_n(good.get(), &id, 0, nullptr));
  EXPECT_EQ(7U, id);
}

TEST_F(SegmentError, ATagHasRules) {
  const std::string longest(64, 'x');
  EXPECT_NE(nullptr, OpenSegment(flake_.get(), longest.c_str(), SegmentsOf(10)));
  for (const std::string& tag : {std::string(), longest + "x", std::string("a\nb"),
                                 std::string("\xff"), std::string("\xc3"), std::string("\x7f")}) {
    ExpectRefused(SHMFLAKE_E_TAG, "a tag must be 1..64 bytes of UTF-8", tag.c_str());
  }
}

TEST_F(SegmentError, AStructOfAnotherSizeIsRefused) {
  shmflake_segment_options options{};
  ExpectRefused(SHMFLAKE_E_STRUCT_SIZE, "struct_size", "orders", options);
  struct {
    shmflake_segment_options known;
    std::uint64_t unknown;
  } longer{};
  longer.known.struct_size = sizeof(longer);
  EXPECT_NE(nullptr, OpenSegment(flake_.get(), "a", longer.known));
  longer.unknown = 1;
  ExpectRefused(SHMFLAKE_E_STRUCT_SIZE, "does not know", "orders", longer.known);
}

TEST_F(SegmentError, OptionsHaveRanges) {
  const auto with = [](auto member, auto value) {
    shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
    options.*member = value;
    return options;
  };
  using O = shmflake_segment_options;
  ExpectRefused(SHMFLAKE_E_OPTION, "prefetch_percent must be 1..90: 91", "a",
                with(&O::prefetch_percent, 91U));
  ExpectRefused(SHMFLAKE_E_OPTION, "max_step must be 1..1000000000: 1000000001", "a",
                with(&O::max_step, std::uint64_t{1'000'000'001}));
  ExpectRefused(SHMFLAKE_E_OPTION, "step must be 1..1000000: 1000001", "a",
                with(&O::step, std::uint64_t{1'000'001}));
  ExpectRefused(SHMFLAKE_E_OPTION, "min_step must be 1..1000000: 1000001", "a",
                with(&O::min_step, std::uint64_t{1'000'001}));
  ExpectRefused(SHMFLAKE_E_OPTION, "create must be", "a", with(&O::create, 3U));
  ExpectRefused(SHMFLAKE_E_STORE_URL, "sqlite:[PATH]", "a", with(&O::store, "ftp://x/y"));
  O both = with(&O::store, "sqlite:");
  both.reserve = [](void*, const char*, std::uint64_t, std::uint64_t*, std::uint64_t*, char*,
                    std::size_t) { return 0; };
  ExpectRefused(SHMFLAKE_E_OPTION, "not both", "a", both);
}

TEST_F(SegmentError, APasswordInAUrlIsRefusedAndNotRepeated) {
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.store = "mysql://user:geheim@db/ids";
  ExpectRefused(SHMFLAKE_E_STORE_URL, "SHMFLAKE_STORE_PASSWORD", "a", options);
  EXPECT_EQ(nullptr, std::strstr(shmflake_last_error(), "geheim"));
}

TEST_F(SegmentError, ARegionHoldsSoManyTags) {
  int code = 0;
  for (int i = 0; i < 256; ++i) {
    ASSERT_NE(nullptr,
              OpenSegment(flake_.get(), ("t" + std::to_string(i)).c_str(), SegmentsOf(10), &code))
        << i << " " << shmflake_last_error();
  }
  ExpectRefused(SHMFLAKE_E_TAGS_FULL, "holds 256 tags", "one more");
  shmflake_segment_info info{};
  info.struct_size = sizeof(info);
  EXPECT_EQ(0, shmflake_segment_at(flake_.get(), 255, &info));
  EXPECT_EQ(SHMFLAKE_E_NOT_FOUND, shmflake_segment_at(flake_.get(), 256, &info));
  info.struct_size = 8;
  EXPECT_EQ(SHMFLAKE_E_STRUCT_SIZE, shmflake_segment_at(flake_.get(), 0, &info));
}

TEST_F(SegmentError, ATagIsOfOneStore) {
  const Segment first = OpenSegment(flake_.get(), "orders", SegmentsOf(10));
  shmflake_segment_options other = SegmentsOf(10);
  const std::string url = "sqlite:" + box_.state + "/other.db";
  other.store = url.c_str();
  ExpectRefused(SHMFLAKE_E_TAG_STORE, "from another store, of kind sqlite", "orders", other);
}

TEST_F(SegmentError, ABadRowIsRefusedAndLeftAsItIs) {
  MakeTable();
  const struct {
    int code;
    const char* values;
    const char* words;
  } kRows[] = {
      {SHMFLAKE_E_STEP, "5, 0", "the row's step must be 1..1000000 (max_step)"},
      {SHMFLAKE_E_STEP, "5, -1", "the row's step must be"},
      {SHMFLAKE_E_STEP, "5, 1000001", "1000001"},
      {SHMFLAKE_E_SEGMENT_RANGE, "-1, 10", "max_id must be 0.."},
      {SHMFLAKE_E_SEGMENT_RANGE, "9223372036854775800, 10", "9223372036854775800"},
  };
  int number = 0;
  for (const auto& row : kRows) {
    const std::string tag = "t" + std::to_string(number++);
    Sql("INSERT INTO id_segments (biz_tag, max_id, step) VALUES ('" + tag + "', " + row.values +
        ")");
    ExpectRefused(row.code, row.words, tag.c_str());
    ExpectRefused(row.code, row.words, tag.c_str());  // also in the pause after it
  }
  EXPECT_EQ(9223372036854775800U, MaxIdOf(box_.state + "/segments.db", "t4"));
  Sql("INSERT INTO id_segments (biz_tag, max_id, step) VALUES ('orders', 9223372036854775797, 1)");
  const Segment last = OpenSegment(flake_.get(), "orders", SegmentsOf(10));
  ASSERT_NE(nullptr, last) << shmflake_last_error();
  std::uint64_t id = 0;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(0, shmflake_segment_next(last.get(), &id));
  EXPECT_EQ(9223372036854775807U, id);
  EXPECT_EQ(SHMFLAKE_E_SEGMENT_RANGE, shmflake_segment_next(last.get(), &id));
}

TEST_F(SegmentError, AMissingRowIsRefusedWhereCreateIsOff) {
  MakeTable();
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.create = SHMFLAKE_OFF;
  ExpectRefused(SHMFLAKE_E_TAG_UNKNOWN, "no row for the tag \"orders\"", "orders", options);
  Sql("INSERT INTO id_segments (biz_tag, step) VALUES ('orders', 10)");
  SleepMs(100);
  EXPECT_NE(nullptr, OpenSegment(flake_.get(), "orders", options)) << shmflake_last_error();
}

TEST_F(SegmentError, ARowThatWentBackwardsIsRefused) {
  const Segment segment = OpenSegment(flake_.get(), "orders", SegmentsOf(10));
  std::uint64_t id = 0;
  for (int i = 0; i < 15; ++i) ASSERT_EQ(0, shmflake_segment_next(segment.get(), &id));
  Sql("UPDATE id_segments SET max_id = 12");
  int code = 0;
  for (int i = 0; i < 20 && code == 0; ++i) code = shmflake_segment_next(segment.get(), &id);
  EXPECT_EQ(SHMFLAKE_E_SEGMENT_BACKWARDS, code) << shmflake_last_error();
  EXPECT_NE(nullptr, std::strstr(shmflake_last_error(), "went backwards")) << shmflake_last_error();
  EXPECT_EQ(12U, MaxIdOf(box_.state + "/segments.db", "orders"));
  Sql("UPDATE id_segments SET max_id = 1000");
  EXPECT_TRUE(Eventually([&] { return shmflake_segment_next(segment.get(), &id) == 0; }));
  EXPECT_EQ(1001U, id);
}

TEST_F(SegmentError, ATableOfAnotherShapeIsRefused) {
  Sql("CREATE TABLE id_segments (biz_tag TEXT, max_id INTEGER)");
  ExpectRefused(SHMFLAKE_E_STORE_SCHEMA, "it has no step");
}

TEST_F(SegmentError, ALockedStoreIsWaitedForUntilTheDeadline) {
  MakeTable();
  sqlite3* db = nullptr;
  ASSERT_EQ(SQLITE_OK, sqlite3_open((box_.state + "/segments.db").c_str(), &db));
  ASSERT_EQ(SQLITE_OK, sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr));
  const std::int64_t began = NowMs();
  ExpectRefused(SHMFLAKE_E_STORE_LOCKED, "is locked by another process");
  EXPECT_GE(NowMs() - began, 290);
  sqlite3_close(db);
  EXPECT_TRUE(
      Eventually([&] { return OpenSegment(flake_.get(), "orders", SegmentsOf(10)) != nullptr; }));
}

TEST_F(SegmentError, AReserveCallbackIsNotBelieved) {
  struct Answer {
    int result = 0;
    std::uint64_t first = 1;
    std::uint64_t count = 10;
  } answer;
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.reserve_context = &answer;
  options.max_step = 100;
  options.reserve = [](void* context, const char*, std::uint64_t, std::uint64_t* first,
                       std::uint64_t* count, char* error, std::size_t size) {
    const auto& said = *static_cast<Answer*>(context);
    *first = said.first;
    *count = said.count;
    std::snprintf(error, size, "the pool is empty");
    return said.result;
  };
  answer = {5, 1, 10};
  ExpectRefused(SHMFLAKE_E_RESERVE, "failed with 5: the pool is empty", "a", options);
  for (const Answer bad : {Answer{0, 0, 10}, Answer{0, 1, 0}, Answer{0, 1, 101},
                           Answer{0, ~std::uint64_t{0}, 1}, Answer{0, INT64_MAX, 2}}) {
    answer = bad;
    ExpectRefused(SHMFLAKE_E_RESERVE, "the reserve callback must return 1..100 IDs", "b", options);
  }
  answer = {0, 1, 10};
  const Segment segment = OpenSegment(flake_.get(), "c", options);
  std::uint64_t id = 0;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(0, shmflake_segment_next(segment.get(), &id));
  // It gives the same range again: refused, nothing repeats.
  EXPECT_EQ(SHMFLAKE_E_RESERVE, shmflake_segment_next(segment.get(), &id));
  EXPECT_EQ(10U, id);
}

// Another process is asking, and takes its time.
TEST_F(SegmentError, WhoWaitsForAnotherProcessesFetchHasADeadline) {
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.reserve = [](void*, const char*, std::uint64_t, std::uint64_t* first,
                       std::uint64_t* count, char*, std::size_t) {
    SleepMs(10'000);
    *first = *count = 1;
    return 0;
  };
  Process slow([&] {
    (void)OpenSegment(box_.MustOpen(&options_).get(), "orders", options);
    return kGood;
  });
  shmflake_segment_info info{};
  info.struct_size = sizeof(info);
  ASSERT_TRUE(Eventually([&] {
    return shmflake_segment_at(flake_.get(), 0, &info) == 0 && info.fetches_unfinished == 1;
  }));
  ExpectRefused(SHMFLAKE_E_SEGMENT_EMPTY, "did not come within 300 ms", "orders", options);
}

TEST_F(SegmentError, APasswordFileThatCannotBeReadIsDenied) {
  const std::string library = SHMFLAKE_TEST_LIBRARY;
  ::setenv("SHMFLAKE_PLUGIN_DIR", (library.substr(0, library.rfind('/')) + "/shmflake").c_str(), 1);
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.store = "postgres://127.0.0.1:1/ids?password_file=/nowhere/secret";
  ExpectRefused(SHMFLAKE_E_STORE_DENIED, "cannot read the password file /nowhere/secret", "a",
                options);
  ::unsetenv("SHMFLAKE_PLUGIN_DIR");
}

TEST_F(SegmentError, AMissingPlugInIsNamed) {
  ::setenv("SHMFLAKE_PLUGIN_DIR", box_.state.c_str(), 1);
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.store = "etcd://127.0.0.1/ids";
  ExpectRefused(SHMFLAKE_E_STORE_PLUGIN, "store-etcd.so (looked in " + box_.state, "a", options);
  ::unsetenv("SHMFLAKE_PLUGIN_DIR");
}

}  // namespace
}  // namespace flake::test
