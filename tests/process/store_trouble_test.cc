// SPDX-License-Identifier: Apache-2.0
// The state directory or the store in it is gone, damaged, locked or older than it was, under
// processes that draw: they go on to the ceiling and then say why they do not, nothing of
// somebody's is overwritten, and when it is right again they draw on.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/crowd.h"
#include "tests/support/file_image.h"
#include "tests/support/refused.h"

namespace flake::test {
namespace {

class StoreTrouble : public ::testing::Test {
 protected:
  StoreTrouble() : options_(box_.Options()) {
    options_.state_directory = state_.c_str();
    options_.horizon_ms = 200;
    options_.wait_timeout_ms = 100;
    patient_ = options_;
    patient_.wait_timeout_ms = 5000;  // who comes while the crowd is at the store
  }
  ~StoreTrouble() override {
    EXPECT_EQ(kGood, crowd_.End());
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }
  // All are refused, as the lease runs out, with this code, and say what is wrong.
  void ExpectRefused(int code, const std::vector<std::string>& parts) {
    EXPECT_TRUE(crowd_.IsRefused());
    EXPECT_TRUE(Eventually([&] { return crowd_.Count(code) > 0; }))
        << shmflake_error_name(code) << " did not come, but " << crowd_.CodesBut({});
    EXPECT_EQ(kGood, Said(code, code, crowd_.Message(code), parts));
    EXPECT_NE(std::string::npos, crowd_.Message(code).find("ceiling is reached"));
  }
  // Does it while nobody is in the middle of a transaction.
  void Quietly(const std::function<void()>& work) {
    sqlite3* db = nullptr;
    if (sqlite3_open_v2(store_.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
      sqlite3_busy_timeout(db, 10'000);
      (void)sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);  // if it is one
    }
    work();
    sqlite3_close(db);
  }
  void Replace(const std::string& bytes) {
    Quietly([&] { ASSERT_TRUE(PutInPlace(store_, bytes)); });
  }
  void Move(const std::string& from, const std::string& to) {
    Quietly([&] { ASSERT_EQ(0, ::rename(from.c_str(), to.c_str())); });
  }
  [[nodiscard]] std::string StoreBytes() {
    std::string bytes;
    Quietly([&] { bytes = ImageOf(store_).bytes; });
    return bytes;
  }
  void Sql(const std::string& file, const char* sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(SQLITE_OK, sqlite3_open(file.c_str(), &db));
    EXPECT_EQ(SQLITE_OK, sqlite3_exec(db, sql, nullptr, nullptr, nullptr)) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  // A process that holds the store in a transaction of its own until it is killed.
  Process HoldStore() {
    Shared<std::atomic<bool>> holds;
    Process holder([&] {
      sqlite3* db = nullptr;
      if (sqlite3_open(store_.c_str(), &db) != SQLITE_OK) return kBad;
      sqlite3_busy_timeout(db, 5000);
      if (sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) != SQLITE_OK) return kBad;
      holds->store(true);
      for (;;) SleepMs(1000);
    });
    EXPECT_TRUE(Eventually([&] { return holds->load(); }));
    return holder;
  }

  const Sandbox box_;
  const std::string state_ = box_.state + "/leases";
  const std::string away_ = box_.state + "/away";
  const std::string store_ = state_ + "/leases.db";
  IdLog log_{std::size_t{1} << 25};
  shmflake_options options_;
  shmflake_options patient_{};
  Crowd crowd_{box_, log_};
};

TEST_F(StoreTrouble, AStateDirectoryThatIsGoneIsNotMadeAnewAndPutBackItServesOn) {
  ASSERT_TRUE(crowd_.Start(2, options_));
  Move(state_, away_);
  EXPECT_TRUE(crowd_.DrawsOn());
  ExpectRefused(SHMFLAKE_E_STATE_CHANGED, {state_});
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STATE_CHANGED, box_, {state_}, &patient_));
  EXPECT_FALSE(ImageOf(state_).exists) << "made anew, with a store that remembers nothing";
  std::error_code ignored;
  std::filesystem::remove_all(state_, ignored);
  Move(away_, state_);
  EXPECT_TRUE(crowd_.DrawsOn());
}

TEST_F(StoreTrouble, AFileInPlaceOfTheStateDirectoryIsRefusedAndKept) {
  ASSERT_TRUE(crowd_.Start(2, options_));
  Move(state_, away_);
  ASSERT_TRUE(PutInPlace(state_, "somebody's notes"));
  const FileImage notes = ImageOf(state_);
  ExpectRefused(SHMFLAKE_E_STATE_DIRECTORY, {state_, "directory"});
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STATE_DIRECTORY, box_, {state_}, &patient_));
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STATE_DIRECTORY, box_, {state_}, &patient_, "another"));
  EXPECT_TRUE(notes == ImageOf(state_));
  EXPECT_EQ("default.region", box_.ListRegions());
  ASSERT_EQ(0, ::unlink(state_.c_str()));
  Move(away_, state_);
  EXPECT_TRUE(crowd_.DrawsOn());
}

TEST_F(StoreTrouble, ARemovedStoreIsNotTakenForAFreshOneByAnybody) {
  ASSERT_TRUE(crowd_.Start(2, options_));
  Move(store_, away_);
  EXPECT_TRUE(crowd_.DrawsOn());
  ExpectRefused(SHMFLAKE_E_STORE_REPLACED, {state_});
  // Who comes in is no better off.
  shmflake_options unhurried = options_;
  unhurried.wait_timeout_ms = 1000;
  Process newcomer([&] {
    const Flake flake = box_.MustOpen(&unhurried);
    std::uint64_t id = 0;
    return Refused(SHMFLAKE_E_STORE_REPLACED, shmflake_next(flake.get(), &id), {state_});
  });
  EXPECT_EQ(kGood, newcomer.Wait());
  // Nor is a new region: the horizons are lost, and somebody has to say that this is meant.
  EXPECT_EQ(kGood, crowd_.End());
  box_.RemoveRegion();
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STORE_REPLACED, box_,
                               {state_, state_ + "/default.lock", "restore"}, &patient_));
  EXPECT_EQ("", box_.ListRegions());
  Move(away_, store_);
  const Flake flake = box_.MustOpen(&patient_);
  Drawer drawer(flake.get(), log_);
  EXPECT_EQ(0, drawer.Times(100));
}

TEST_F(StoreTrouble, ADamagedStoreIsRefusedWithItsPathAndKeptAsItIs) {
  ASSERT_TRUE(crowd_.Start(2, options_));
  const std::string good = StoreBytes();
  const std::string other = box_.state + "/other.db";
  Sql(other, "CREATE TABLE customers (name TEXT)");
  const std::string newer = box_.state + "/newer.db";
  ASSERT_TRUE(PutInPlace(newer, good));
  Sql(newer, "PRAGMA user_version = 2");
  std::string random;
  for (Random next(5); random.size() < good.size();) random += static_cast<char>(next());
  const struct {
    std::string bytes;
    int code;
    std::string part;
  } damages[] = {{random, SHMFLAKE_E_STORE_CORRUPT, "damaged"},
                 {good.substr(0, good.size() / 2), SHMFLAKE_E_STORE_CORRUPT, "damaged"},
                 {good.substr(0, 100), SHMFLAKE_E_STORE_CORRUPT, "damaged"},
                 {"a text file of somebody's", SHMFLAKE_E_STORE_CORRUPT, "damaged"},
                 {std::string(good.size(), '\0'), SHMFLAKE_E_STORE_CORRUPT, "damaged"},
                 {ImageOf(other).bytes, SHMFLAKE_E_STORE_SCHEMA, "application_id"},
                 {ImageOf(newer).bytes, SHMFLAKE_E_STORE_SCHEMA, "must be 1 for this library: 2"}};
  for (const auto& damage : damages) {
    SCOPED_TRACE(&damage - damages);
    Replace(damage.bytes);
    const FileImage before = ImageOf(store_);
    ExpectRefused(damage.code, {store_, damage.part});
    // A region of another name is not born from it.
    EXPECT_EQ(kGood, OpenRefused(damage.code, box_, {store_, damage.part}, &patient_, "another"));
    EXPECT_TRUE(before == ImageOf(store_)) << "the file was touched";
    Replace(good);
    EXPECT_TRUE(crowd_.DrawsOn());
  }
  EXPECT_EQ("default.region", box_.ListRegions());
  EXPECT_EQ("",
            crowd_.CodesBut({SHMFLAKE_E_CEILING, SHMFLAKE_E_STORE_CORRUPT, SHMFLAKE_E_STORE_SCHEMA,
                             SHMFLAKE_E_STORE_LOCKED, SHMFLAKE_E_STORE_REPLACED}));
}

TEST_F(StoreTrouble, AnEmptiedStoreIsNoFreshOne) {
  ASSERT_TRUE(crowd_.Start(2, options_));
  const std::string good = StoreBytes();
  Replace("");
  ExpectRefused(SHMFLAKE_E_STORE_REPLACED, {state_});
  // Nor for another region of the namespace.
  shmflake_options options = patient_;
  options.id_namespace = "default";
  options.worker_id = 2;
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STORE_REPLACED, box_, {state_}, &options, "another"));
  Replace(good);
  EXPECT_TRUE(crowd_.DrawsOn());
}

TEST_F(StoreTrouble, AStoreThatIsNotSafeToOpenIsRefusedWithTheReason) {
  { const Flake first = box_.MustOpen(&patient_); }
  box_.RemoveRegion();
  Move(store_, away_);
  ASSERT_EQ(0, ::symlink(away_.c_str(), store_.c_str()));
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_SYMLINK, box_, {store_}, &patient_));
  ASSERT_EQ(0, ::unlink(store_.c_str()));
  ASSERT_EQ(0, ::link(away_.c_str(), store_.c_str()));
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_HARD_LINK, box_, {store_, "2"}, &patient_));
  ASSERT_EQ(0, ::unlink(store_.c_str()));
  ASSERT_EQ(0, ::mkdir(store_.c_str(), 0700));
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_NOT_REGULAR, box_, {store_}, &patient_));
  ASSERT_EQ(0, ::rmdir(store_.c_str()));
  Move(away_, store_);
  ASSERT_EQ(0, ::chmod(store_.c_str(), 0666));
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_MODE, box_, {store_, "0666"}, &patient_));
  ASSERT_EQ(0, ::chmod(store_.c_str(), 0600));
  EXPECT_NE(nullptr, box_.Open(nullptr, &patient_)) << shmflake_last_error();
}

TEST_F(StoreTrouble, ALockedStoreIsNoticedByNobodyWhileTheLeaseLasts) {
  options_.horizon_ms = 3000;  // extended when half of it is used
  ASSERT_TRUE(crowd_.Start(2, options_));
  SleepMs(1300);
  Process holder = HoldStore();
  SleepMs(500);
  EXPECT_TRUE(crowd_.DrawsOn());
  holder.Kill();
  EXPECT_EQ("", crowd_.CodesBut({}));
}

TEST_F(StoreTrouble, ALockedStoreIsRefusedAtTheCeilingWithItsHolderAndTheWait) {
  ASSERT_TRUE(crowd_.Start(2, options_));
  Process holder = HoldStore();
  EXPECT_TRUE(crowd_.DrawsOn());
  const std::string pid = "pid " + std::to_string(holder.pid());
  ExpectRefused(SHMFLAKE_E_STORE_LOCKED, {store_, pid, " ms"});
  EXPECT_EQ(kGood,
            OpenRefused(SHMFLAKE_E_STORE_LOCKED, box_, {store_, pid, " ms"}, &options_, "another"));
  holder.Kill();
  EXPECT_TRUE(crowd_.DrawsOn());
  EXPECT_EQ("", crowd_.CodesBut({SHMFLAKE_E_CEILING, SHMFLAKE_E_STORE_LOCKED}));
}

TEST_F(StoreTrouble, AnOlderCopyOfTheStoreUnderALivingRegionCostsNoId) {
  { const Flake first = box_.MustOpen(&patient_); }
  const std::string older = ImageOf(store_).bytes;
  ASSERT_TRUE(crowd_.Start(2, options_));
  SleepMs(400);  // the lease was extended since
  Replace(older);
  SleepMs(300);
  EXPECT_TRUE(crowd_.DrawsOn());
  EXPECT_EQ("", crowd_.CodesBut(
                    {SHMFLAKE_E_CEILING, SHMFLAKE_E_STORE_LOCKED, SHMFLAKE_E_STORE_REPLACED}));
}

TEST_F(StoreTrouble, AnOlderCopyThatKnowsAnotherHolderIsLeftForANewRegionAboveAll) {
  {
    const Flake first = box_.MustOpen(&patient_);
    std::uint64_t id = 0;
    EXPECT_EQ(0, shmflake_next(first.get(), &id));
  }
  EXPECT_EQ(0, shmflake_retire(nullptr, &patient_));
  const std::string older = ImageOf(store_).bytes;
  ASSERT_TRUE(crowd_.Start(2, options_));
  const std::uint64_t old_region = InstanceOf(box_.MustOpen(&patient_).get());
  SleepMs(100);
  Replace(older);
  SleepMs(300);
  EXPECT_TRUE(crowd_.DrawsOn());
  EXPECT_NE(old_region, InstanceOf(box_.MustOpen(&patient_).get()));
  EXPECT_EQ(
      "", crowd_.CodesBut({SHMFLAKE_E_CEILING, SHMFLAKE_E_STORE_LOCKED, SHMFLAKE_E_LEASE_LOST,
                           SHMFLAKE_E_SPLIT_BRAIN, SHMFLAKE_E_STORE_REPLACED, SHMFLAKE_E_TIMEOUT}));
}

}  // namespace
}  // namespace flake::test
