// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite_segment_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/store/sqlite_file.h"
#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/sqlite_calls.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kTimeoutMs = 20'000;
constexpr char kOwnTable[] =
    "CREATE TABLE id_segments (biz_tag TEXT PRIMARY KEY, max_id INTEGER, step INTEGER, "
    "description TEXT)";

class SqliteSegmentStoreTest : public ::testing::Test {
 protected:
  Status Open(std::unique_ptr<SegmentStore>* out) {
    return OpenSegmentStore(url_, directory_.path(), 0600, out);
  }
  std::unique_ptr<SegmentStore> MustOpen() {
    std::unique_ptr<SegmentStore> store;
    EXPECT_SUCCEEDS(Open(&store));
    return store;
  }
  // Adds n to the tag's max_id, or makes its row.
  static auto Add(std::int64_t n, SegmentRow* seen = nullptr) {
    return [=](const SegmentRow* found, SegmentRow* write) {
      if (seen != nullptr) *seen = found == nullptr ? SegmentRow{-1, -1} : *found;
      *write = found == nullptr ? SegmentRow{0, 7} : *found;
      write->max_id += n;
      return Status::Ok();
    };
  }
  Status Take(const std::string& tag = "orders", SegmentRow* seen = nullptr,
              std::int64_t timeout_ms = kTimeoutMs) {
    return MustOpen()->Take(tag, timeout_ms, Add(100, seen));
  }
  // Runs SQL behind the store's back; the first column of the last row.
  std::string Sql(const std::string& sql) const {
    sqlite3* db = nullptr;
    std::string result;
    char* error = nullptr;
    EXPECT_EQ(SQLITE_OK, sqlite3_open(path().c_str(), &db));
    const auto keep = [](void* out, int, char** values, char**) {
      *static_cast<std::string*>(out) = values[0] == nullptr ? "NULL" : values[0];
      return 0;
    };
    EXPECT_EQ(SQLITE_OK, sqlite3_exec(db, sql.c_str(), keep, &result, &error)) << sql << error;
    sqlite3_close(db);
    return result;
  }
  [[nodiscard]] std::string MaxId(const std::string& tag = "orders") const {
    return Sql("SELECT max_id FROM " + url_.table + " WHERE biz_tag = '" + tag + "'");
  }
  [[nodiscard]] std::string path() const {
    return url_.path.empty() ? directory_.path() + "/" + kSegmentFile : url_.path;
  }
  void ExpectRefuses(Code code, const std::string& part) {
    const Status status = Take();
    EXPECT_FAILS(code, status);
    EXPECT_TRUE(Contains(status.message(), path())) << status.message();
    EXPECT_TRUE(Contains(status.message(), part)) << status.message();
  }

  TempDir directory_;
  StoreUrl url_ = [] {
    StoreUrl url;
    url.scheme = "sqlite";
    return url;
  }();
};

// ------------------------------------------------------------------ taking

TEST_F(SqliteSegmentStoreTest, ATagThatWasNeverTakenHasNoRow) {
  SegmentRow seen;
  ASSERT_SUCCEEDS(Take("orders", &seen));
  EXPECT_EQ(-1, seen.max_id);
  ASSERT_SUCCEEDS(Take("orders", &seen));
  EXPECT_EQ(100, seen.max_id);
  EXPECT_EQ(7, seen.step);
  EXPECT_EQ("200", MaxId());
}

TEST_F(SqliteSegmentStoreTest, OpeningDoesNoMoreThanFindThePlace) {
  (void)MustOpen();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteSegmentStoreTest, TheFileIsTheOwnersAlone) {
  ASSERT_SUCCEEDS(Take());
  struct stat found {};
  ASSERT_EQ(0, ::stat(path().c_str(), &found));
  EXPECT_EQ(0600U, found.st_mode & 07777U);
}

TEST_F(SqliteSegmentStoreTest, APlansErrorIsReturnedAsItIsAndNothingChanges) {
  ASSERT_SUCCEEDS(Take());
  for (const char* tag : {"orders", "others"}) {
    const Status status =
        MustOpen()->Take(tag, kTimeoutMs, [](const SegmentRow*, SegmentRow* write) {
          *write = {9999, 9};
          return Fail(Code::SEGMENT_BACKWARDS, "it went backwards");
        });
    EXPECT_FAILS(Code::SEGMENT_BACKWARDS, status);
    EXPECT_EQ("it went backwards", status.message());
  }
  EXPECT_EQ("100", MaxId());
  EXPECT_EQ("1", Sql("SELECT count(*) FROM id_segments"));
}

TEST_F(SqliteSegmentStoreTest, TagsAreKeptApartToTheLastByte) {
  const std::vector<std::string> tags = {"orders",
                                         "Orders",
                                         "orders ",
                                         "order",
                                         "caf\xc3\xa9",
                                         "cafe\xcc\x81",
                                         "a'; DROP TABLE id_segments; --",
                                         "%"};
  for (const std::string& tag : tags) {
    SegmentRow seen;
    ASSERT_SUCCEEDS(Take(tag, &seen));
    EXPECT_EQ(-1, seen.max_id) << tag;
  }
  EXPECT_EQ(std::to_string(tags.size()), Sql("SELECT count(*) FROM id_segments"));
}

TEST_F(SqliteSegmentStoreTest, NumbersUpToTheLastOneAreKept) {
  ASSERT_SUCCEEDS(Take());
  ASSERT_SUCCEEDS(MustOpen()->Take("orders", kTimeoutMs, [](const SegmentRow*, SegmentRow* write) {
    *write = {9'223'372'036'854'775'807, 7};
    return Status::Ok();
  }));
  SegmentRow seen;
  EXPECT_FAILS(Code::STEP,
               MustOpen()->Take("orders", kTimeoutMs, [&](const SegmentRow* found, SegmentRow*) {
                 seen = *found;
                 return Fail(Code::STEP, "enough");
               }));
  EXPECT_EQ(9'223'372'036'854'775'807, seen.max_id);
}

TEST_F(SqliteSegmentStoreTest, ThreadsAndProcessesThatTakeAtOnceAllCount) {
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    children.push_back(StartChild([&] {
      for (int n = 0; n < 10; ++n) EXPECT_SUCCEEDS(Take());
      return 0;
    }));
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) EXPECT_SUCCEEDS(Take());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const pid_t child : children) EXPECT_EQ(0, WaitForChild(child));
  EXPECT_EQ("6000", MaxId());
}

// ------------------------------------------------------------------ tables

TEST_F(SqliteSegmentStoreTest, InitMakesTheTableAndMayBeRepeated) {
  ASSERT_SUCCEEDS(MustOpen()->Init(kTimeoutMs));
  EXPECT_EQ("0", Sql("SELECT count(*) FROM id_segments"));
  ASSERT_SUCCEEDS(Take());
  ASSERT_SUCCEEDS(MustOpen()->Init(kTimeoutMs));
  EXPECT_EQ("100", MaxId());
}

TEST_F(SqliteSegmentStoreTest, AnApplicationsOwnFileAndTableAreUsedAsTheyAre) {
  url_.path = directory_.path() + "/own.db";
  url_.table = "my_ids";
  Sql("CREATE TABLE my_ids (id INTEGER PRIMARY KEY, biz_tag TEXT UNIQUE, max_id BIGINT, step INT, "
      "description TEXT, owner TEXT DEFAULT 'app')");
  Sql("INSERT INTO my_ids (biz_tag, max_id, step, description) VALUES ('orders', 500, 20, 'mine')");
  SegmentRow seen;
  ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
  ASSERT_SUCCEEDS(Take("orders", &seen));
  EXPECT_EQ(500, seen.max_id);
  EXPECT_EQ(20, seen.step);
  EXPECT_EQ("600", MaxId());
  EXPECT_EQ("20mineapp",
            Sql("SELECT step || description || owner FROM my_ids WHERE biz_tag = 'orders'"));
  ASSERT_SUCCEEDS(Take("new"));
  EXPECT_EQ("app", Sql("SELECT owner FROM my_ids WHERE biz_tag = 'new'"));
}

TEST_F(SqliteSegmentStoreTest, AFileInWalModeIsUsedInIt) {
  Sql(kOwnTable);
  EXPECT_EQ("wal", Sql("PRAGMA journal_mode = WAL"));
  ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
  ASSERT_SUCCEEDS(Take());
  ASSERT_SUCCEEDS(Take());
  EXPECT_EQ("200", MaxId());
  EXPECT_EQ("wal", Sql("PRAGMA journal_mode"));
}

TEST_F(SqliteSegmentStoreTest, ATableOfAnotherShapeIsRefusedWithWhatItLacks) {
  const std::pair<std::string, std::string> tables[] = {
      {"biz_tag TEXT, max_id INTEGER", "it has no step"},
      {"biz_tag TEXT, step INTEGER", "it has no max_id"},
      {"max_id INTEGER, step INTEGER", "it has no biz_tag"},
      {"tag TEXT, max INTEGER, steps INTEGER", "it has no biz_tag max_id step"}};
  for (const auto& [columns, lacks] : tables) {
    Sql("DROP TABLE IF EXISTS id_segments");
    Sql("CREATE TABLE id_segments (" + columns + ")");
    ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
    ExpectRefuses(Code::STORE_SCHEMA,
                  "the table id_segments must have the columns biz_tag, max_id and step: " + lacks);
    EXPECT_FAILS(Code::STORE_SCHEMA, MustOpen()->Init(kTimeoutMs));
  }
}

TEST_F(SqliteSegmentStoreTest, ValuesThatAreNoIntegersAreRefusedAndLeft) {
  Sql(kOwnTable);
  ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
  for (const std::string values : {"'many', 5", "NULL, 5", "1.5, 5", "5, 'x'", "5, NULL",
                                   "x'00', 5", "9223372036854775808, 5"}) {
    Sql("DELETE FROM id_segments");
    Sql("INSERT INTO id_segments (biz_tag, max_id, step) VALUES ('orders', " + values + ")");
    const std::string before = MaxId();
    ExpectRefuses(Code::STORE_SCHEMA, "must have integers as max_id and step of tag \"orders\"");
    EXPECT_EQ(before, MaxId()) << values;
  }
}

TEST_F(SqliteSegmentStoreTest, TwoRowsOfOneTagAreRefused) {
  Sql("CREATE TABLE id_segments (biz_tag TEXT, max_id INTEGER, step INTEGER)");
  Sql("INSERT INTO id_segments VALUES ('orders', 1, 5), ('orders', 2, 5)");
  ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
  ExpectRefuses(Code::STORE_SCHEMA, "has several rows of tag \"orders\"");
}

TEST_F(SqliteSegmentStoreTest, ARowIsFoundByItsBytesWhateverTheTablesCollation) {
  Sql("CREATE TABLE id_segments (biz_tag TEXT COLLATE NOCASE PRIMARY KEY, max_id INTEGER, step "
      "INTEGER)");
  Sql("INSERT INTO id_segments VALUES ('ORDERS', 5, 5)");
  ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
  EXPECT_FALSE(Take("orders").ok()) << "the table takes no second row";
  EXPECT_EQ("5", MaxId("ORDERS")) << "and another tag's row is left alone";
}

TEST_F(SqliteSegmentStoreTest, ATableWithADotAndAPathWithoutAFileAreRefused) {
  std::unique_ptr<SegmentStore> store;
  url_.table = "main.ids";
  const Status status = Open(&store);
  EXPECT_FAILS(Code::STORE_URL, status);
  EXPECT_TRUE(Contains(status.message(), "main.ids")) << status.message();
  url_.table = "ids";
  url_.path = directory_.path() + "/";
  EXPECT_FAILS(Code::STORE_URL, Open(&store));
}

// ------------------------------------------------------------------ files

TEST_F(SqliteSegmentStoreTest, AMissingDirectorysParentIsSaid) {
  std::unique_ptr<SegmentStore> store;
  url_.path = directory_.path() + "/missing/deeper/ids.db";
  const Status status = Open(&store);
  EXPECT_FAILS(Code::STATE_DIRECTORY, status);
  EXPECT_TRUE(Contains(status.message(), "/missing/deeper")) << status.message();
}

TEST_F(SqliteSegmentStoreTest, WhatIsNoDatabaseIsCalledDamagedAndLeft) {
  const std::string text(8192, 'x');
  (void)directory_.Write(kSegmentFile, text);
  ASSERT_EQ(0, ::chmod(path().c_str(), 0600));
  ExpectRefuses(Code::STORE_CORRUPT,
                "restore it, and then raise every max_id above all IDs that were ever issued");
  EXPECT_EQ(text.size(), std::filesystem::file_size(path()));
}

TEST_F(SqliteSegmentStoreTest, ASymbolicLinkIsRefused) {
  Sql(kOwnTable);
  std::filesystem::rename(path(), directory_.path() + "/real.db");
  std::filesystem::create_symlink("real.db", path());
  ExpectRefuses(Code::SYMLINK, "must not be a symbolic link");
}

TEST_F(SqliteSegmentStoreTest, AFileThatEverybodyMayWriteIsRefused) {
  Sql(kOwnTable);
  ASSERT_EQ(0, ::chmod(path().c_str(), 0666));
  ExpectRefuses(Code::MODE, "0666");
}

TEST_F(SqliteSegmentStoreTest, AReadOnlyFileIsRefused) {
  ASSERT_SUCCEEDS(Take());
  ASSERT_EQ(0, ::chmod(path().c_str(), 0400));
  ASSERT_EQ(0, ::chmod(directory_.path().c_str(), 0555));
  const int code = RunInChild([&] {
    if (::geteuid() == 0 && ::chown(path().c_str(), 65534, 65534) != 0) return kSkipped;
    if (!BecomeOrdinaryUser()) return kSkipped;
    ExpectRefuses(Code::PERMISSION, "Permission denied");
    return 0;
  });
  ASSERT_EQ(0, ::chmod(directory_.path().c_str(), 0700));
  if (code == kSkipped) GTEST_SKIP() << "no other user to become";
  EXPECT_EQ(0, code);
  EXPECT_EQ("100", MaxId());
}

TEST_F(SqliteSegmentStoreTest, AFileThatAnotherProcessKeepsLockedIsSaidWithItsPid) {
  ASSERT_SUCCEEDS(Take());
  const BackgroundProcess holder([&] {
    sqlite3* db = nullptr;
    return sqlite3_open(path().c_str(), &db) == SQLITE_OK &&
           sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK;
  });
  ASSERT_TRUE(holder.ready());
  const Status status = Take("orders", nullptr, 200);
  EXPECT_FAILS(Code::STORE_LOCKED, status);
  EXPECT_TRUE(Contains(status.message(), path())) << status.message();
  EXPECT_TRUE(Contains(status.message(), std::to_string(holder.pid()))) << status.message();
}

// ------------------------------------------------------------------ in the middle

TEST_F(SqliteSegmentStoreTest, AProcessThatIsForkedInThePlanDoesNotEndTheStep) {
  ASSERT_SUCCEEDS(Take());
  int child_code = -1;
  const pid_t parent = ::getpid();
  const Status status =
      MustOpen()->Take("orders", kTimeoutMs, [&](const SegmentRow* found, SegmentRow* write) {
        *write = *found;
        write->max_id += 10;
        const pid_t child = ::fork();
        if (child == 0) ::alarm(30);
        if (child > 0) child_code = WaitForChild(child);
        return Status::Ok();
      });
  if (::getpid() != parent) {
    ::_exit(status.code() == Code::STORE_UNAVAILABLE || status.code() == Code::STORE_LOCKED ? 0
                                                                                            : 9);
  }
  EXPECT_EQ(0, child_code) << "the copy must fail";
  EXPECT_SUCCEEDS(status);
  EXPECT_EQ("110", MaxId());
}

// At each of SQLite's system calls: all of the change, or nothing, and never an error afterwards.
TEST_F(SqliteSegmentStoreTest, AStepThatIsKilledAnywhereIsDoneOrNotDone) {
  ASSERT_SUCCEEDS(Take());
  bool survived = false;
  for (int call = 1; call < 200 && !survived; ++call) {
    const std::int64_t before = std::stoll(MaxId());
    const int code = RunInChild([&] {
      DieAtSqliteCall(call);
      return Take().ok() ? 0 : 1;
    });
    survived = code == 0;
    if (!survived) {
      ASSERT_EQ(-SIGKILL, code) << call;
    }
    SegmentRow seen;
    ASSERT_SUCCEEDS(Take("orders", &seen));
    EXPECT_TRUE(seen.max_id == before || seen.max_id == before + 100) << call;
  }
  EXPECT_TRUE(survived) << "it never came to its end";
}

}  // namespace
}  // namespace shmflake::test
