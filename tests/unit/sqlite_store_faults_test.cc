// SPDX-License-Identifier: Apache-2.0
// Files that are damaged, exchanged, locked, or not ours: a clear error, and nothing changes.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "core/store/store.h"
#include "tests/support/child_process.h"
#include "tests/support/store_fixture.h"

namespace shmflake {
namespace {

namespace fs = std::filesystem;

class SqliteStoreFaultsTest : public StoreTest {
 protected:
  // A store whose key 1 has the horizon 500, as bytes.
  std::string MakeSound() {
    EXPECT_SUCCEEDS(MustOpen()->Acquire(MakeKey(1), Take(500)));
    return ReadAll(path());
  }

  // Opens and acquires: what fails first.
  Status Use(LeaseRecord* seen = nullptr) {
    std::unique_ptr<Store> store;
    SHMFLAKE_RETURN_IF_ERROR(Open(&store, 100));
    LeaseRecord record;
    return Look(store.get(), MakeKey(2), seen != nullptr ? seen : &record);
  }

  // What is refused is left as it is.
  void ExpectRefused(Code code, const std::string& bytes) {
    WriteAll(path(), bytes);
    const Status status = Use();
    EXPECT_FAILS(code, status);
    EXPECT_NE(std::string::npos, status.message().find("leases.db")) << status.message();
    EXPECT_TRUE(bytes == ReadAll(path())) << "changed";
  }
};

// ------------------------------------------------------------------ Damage

TEST_F(SqliteStoreFaultsTest, AnEmptyFileIsAFreshStoreWithAnotherIdentity) {
  for (const char* bytes : {"", "x"}) {  // SQLite takes a file of one byte for an empty one
    MakeSound();
    std::string before;
    std::string after;
    ASSERT_SUCCEEDS(MustOpen()->Identify(LeaseKey(), &before));
    WriteAll(path(), bytes);
    const auto store = MustOpen();
    ASSERT_SUCCEEDS(store->Identify(LeaseKey(), &after));
    EXPECT_NE(before, after);
    LeaseRecord seen;
    ASSERT_SUCCEEDS(Look(store.get(), MakeKey(1), &seen));
    EXPECT_FALSE(seen.exists);
    fs::remove(path());
  }
}

TEST_F(SqliteStoreFaultsTest, ATruncatedFileIsCorrupt) {
  const std::string sound = MakeSound();
  ASSERT_EQ(3U * 4096U, sound.size());
  for (const std::size_t size :
       {2U, 16U, 99U, 100U, 511U, 512U, 4095U, 4096U, 4097U, 8191U, 8192U, 8193U, 12287U}) {
    SCOPED_TRACE(size);
    ExpectRefused(Code::STORE_CORRUPT, sound.substr(0, size));
  }
}

TEST_F(SqliteStoreFaultsTest, GarbageIsCorrupt) {
  std::mt19937_64 random(7);
  for (const std::size_t size : {2U, 100U, 4096U, 12288U, 100'000U}) {
    SCOPED_TRACE(size);
    std::string garbage(size, '\0');
    ExpectRefused(Code::STORE_CORRUPT, garbage);  // zeros, as some file systems leave after a crash
    for (char& byte : garbage) byte = static_cast<char>(random());
    ExpectRefused(Code::STORE_CORRUPT, garbage);
  }
  ExpectRefused(Code::STORE_CORRUPT, "leases = \"none\"\n");
}

TEST_F(SqliteStoreFaultsTest, ADamagedPageIsCorruptWhicheverItIs) {
  const std::string sound = MakeSound();
  std::mt19937_64 random(11);
  for (std::size_t page = 0; page < sound.size(); page += 4096) {
    std::string zeroed = sound;
    std::string garbled = sound;
    for (std::size_t i = page; i < page + 4096; ++i) {
      zeroed[i] = 0;
      garbled[i] = static_cast<char>(random());
    }
    ExpectRefused(Code::STORE_CORRUPT, zeroed);
    ExpectRefused(Code::STORE_CORRUPT, garbled);
  }
}

// One changed byte never lowers a horizon or hides a record unseen.
TEST_F(SqliteStoreFaultsTest, AFlippedByteIsSeenOrHarmless) {
  const std::string sound = MakeSound();
  std::string identity;
  ASSERT_SUCCEEDS(MustOpen()->Identify(LeaseKey(), &identity));
  const std::size_t row = sound.find("orders");
  ASSERT_NE(std::string::npos, row);
  int refused = 0;
  const auto flip = [&](std::size_t at, int pattern) {
    SCOPED_TRACE("byte " + std::to_string(at) + " ^ " + std::to_string(pattern));
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ pattern);
    WriteAll(path(), bytes);
    std::unique_ptr<Store> store;
    std::string found;
    LeaseRecord seen;
    Status status = Open(&store, 100);
    if (status.ok()) status = store->Identify(LeaseKey(), &found);
    if (status.ok()) status = Look(store.get(), MakeKey(2), &seen);
    if (!status.ok()) {
      ++refused;
      EXPECT_NE(std::string::npos, status.message().find("leases.db")) << status.message();
      EXPECT_TRUE(status.code() == Code::STORE_CORRUPT || status.code() == Code::STORE_SCHEMA ||
                  status.code() == Code::READ_ONLY || status.code() == Code::STORE_UNAVAILABLE)
          << CodeName(status.code()) << " " << status.message();
    } else if (found == identity) {  // else the caller sees STORE_REPLACED
      EXPECT_TRUE(seen.exists);
      EXPECT_EQ(500U, seen.horizon);
      EXPECT_EQ(1U, seen.holder);
    }
    store.reset();
    for (const char* suffix : {"-journal", "-wal", "-shm"}) fs::remove(path() + suffix);
  };
  for (const int pattern : {0x01, 0x80, 0xff}) {
    for (std::size_t at = 0; at < sound.size(); at += 97) flip(at, pattern);
    for (std::size_t at = 0; at < 112; ++at) flip(at, pattern);  // the file's header
    for (std::size_t at = row - 32; at < sound.size(); ++at) flip(at, pattern);  // the row
    for (std::size_t at = 8192; at < 8192 + 12; ++at) flip(at, pattern);  // its page's header
  }
  EXPECT_GT(refused, 100);
}

TEST_F(SqliteStoreFaultsTest, ARowThatWasEditedIsCorrupt) {
  for (const char* edit :
       {"horizon = 499", "horizon = -1, base = -1", "horizon = 1 << 62 | 1", "holder = 9",
        "base = 1", "base = 501", "worker_id = 4", "worker_id = 1 << 40", "namespace = 'order'",
        "sequence_bits = 13", "timestamp_bits = -1", "epoch_ms = 0", "row_check = 0",
        "holder_host = ''"}) {
    SCOPED_TRACE(edit);
    fs::remove(path());
    MakeSound();
    Sql(std::string("PRAGMA ignore_check_constraints = ON; UPDATE shmflake_leases SET ") + edit);
    const Status status = Use();
    EXPECT_FAILS(Code::STORE_CORRUPT, status);
  }
}

TEST_F(SqliteStoreFaultsTest, DamageIsSeenByExtendAndReleaseToo) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  Sql("UPDATE shmflake_leases SET horizon = 400");
  std::uint64_t granted = 0;
  bool released = false;
  EXPECT_FAILS(Code::STORE_CORRUPT, store->Extend(MakeKey(1), 600, &granted));
  EXPECT_FAILS(Code::STORE_CORRUPT, store->Release(MakeKey(1), 300, &released));
  EXPECT_EQ("400", Sql("SELECT horizon FROM shmflake_leases"));
}

TEST_F(SqliteStoreFaultsTest, ABadIdentityIsCorrupt) {
  for (const char* edit : {"DELETE FROM shmflake_meta", "UPDATE shmflake_meta SET value = 'x'",
                           "UPDATE shmflake_meta SET value = upper(value) || 'F'",
                           "UPDATE shmflake_meta SET key = 'id'"}) {
    fs::remove(path());
    MakeSound();
    Sql(edit);
    EXPECT_FAILS(Code::STORE_CORRUPT, Use());
  }
}

// ------------------------------------------------------------------ Not ours, or of another
// version

TEST_F(SqliteStoreFaultsTest, AForeignDatabaseIsLeftAsItIs) {
  Sql("CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('Ada')");
  ExpectRefused(Code::STORE_SCHEMA, ReadAll(path()));
  fs::remove(path());
  Sql("PRAGMA application_id = 1234; PRAGMA user_version = 1");
  ExpectRefused(Code::STORE_SCHEMA, ReadAll(path()));
  EXPECT_NE(std::string::npos, Use().message().find("0x000004d2"));
}

TEST_F(SqliteStoreFaultsTest, AnotherVersionIsLeftAsItIs) {
  MakeSound();
  for (const char* version : {"2", "0", "-1", "2147483647"}) {
    Sql(std::string("PRAGMA user_version = ") + version);
    ExpectRefused(Code::STORE_SCHEMA, ReadAll(path()));
    EXPECT_NE(std::string::npos,
              Use().message().find(std::string("must be 1 for this library: ") + version));
  }
}

TEST_F(SqliteStoreFaultsTest, TablesOfAnotherShapeAreLeftAsTheyAre) {
  const std::string sound = MakeSound();
  Sql("ALTER TABLE shmflake_leases ADD COLUMN note TEXT");
  ExpectRefused(Code::STORE_SCHEMA, ReadAll(path()));
  WriteAll(path(), sound);
  Sql("DROP TABLE shmflake_leases; CREATE VIEW shmflake_leases AS SELECT 1");
  ExpectRefused(Code::STORE_SCHEMA, ReadAll(path()));
  WriteAll(path(), sound);
  Sql("DROP TABLE shmflake_leases");
  ExpectRefused(Code::STORE_CORRUPT, ReadAll(path()));
}

// ------------------------------------------------------------------ Exchanged under an open store

TEST_F(SqliteStoreFaultsTest, AFileThatIsRemovedBetweenStepsIsNotMadeAgain) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  fs::remove(path());
  std::uint64_t granted = 0;
  bool released = false;
  EXPECT_FAILS(Code::STORE_REPLACED, store->Extend(MakeKey(1), 600, &granted));
  EXPECT_FAILS(Code::STORE_REPLACED, store->Release(MakeKey(1), 100, &released));
  EXPECT_FAILS(Code::STORE_REPLACED, store->Acquire(MakeKey(1), Take(500)));
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(SqliteStoreFaultsTest, AFileThatIsExchangedOrEmptiedBetweenStepsIsRefused) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  std::uint64_t granted = 0;
  WriteAll(path(), "");
  EXPECT_FAILS(Code::STORE_REPLACED, store->Extend(MakeKey(1), 600, &granted));
  EXPECT_EQ(0U, fs::file_size(path()));
  ASSERT_NE(nullptr, MustOpen());  // makes another
  EXPECT_FAILS(Code::STORE_REPLACED, store->Extend(MakeKey(1), 600, &granted));
}

// ------------------------------------------------------------------ Locks

class SqliteStoreLockTest : public SqliteStoreFaultsTest {
 protected:
  // Another process that runs the SQL and stays in its transaction.
  std::function<bool()> Hold(const std::string& sql) {
    return [this, sql] {
      sqlite3* db = nullptr;
      return sqlite3_open(path().c_str(), &db) == SQLITE_OK &&
             sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    };
  }
};

TEST_F(SqliteStoreLockTest, AStoreThatAnotherProcessLocksIsSaidSoAndWhoItIs) {
  MakeSound();
  for (const char* sql : {"BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"}) {
    test::BackgroundProcess other(Hold(sql));
    ASSERT_TRUE(other.ready());
    const Status status = Use();
    EXPECT_FAILS(Code::STORE_LOCKED, status);
    const std::string expected = "leases.db is locked by another process (pid " +
                                 std::to_string(other.pid()) + ") for longer than 100 ms";
    EXPECT_NE(std::string::npos, status.message().find(expected)) << status.message();
    other.Kill();
    EXPECT_SUCCEEDS(Use());
  }
}

TEST_F(SqliteStoreLockTest, AReaderThatStaysHoldsUpTheCommitAndNothingChanges) {
  MakeSound();
  const auto store = MustOpen();
  std::unique_ptr<Store> impatient;
  ASSERT_SUCCEEDS(Open(&impatient, 50));
  test::BackgroundProcess other(Hold("BEGIN; SELECT * FROM shmflake_leases"));
  ASSERT_TRUE(other.ready());
  std::uint64_t granted = 0;
  EXPECT_FAILS(Code::STORE_LOCKED, impatient->Extend(MakeKey(1), 600, &granted));
  EXPECT_EQ(0U, granted);
  other.Kill();
  LeaseRecord seen;
  EXPECT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
  EXPECT_EQ(500U, seen.horizon);
}

TEST_F(SqliteStoreLockTest, WithoutPatienceALockedStoreIsRefusedAtOnce) {
  MakeSound();
  test::BackgroundProcess other(Hold("BEGIN EXCLUSIVE"));
  ASSERT_TRUE(other.ready());
  std::unique_ptr<Store> store;
  EXPECT_FAILS(Code::STORE_LOCKED, Open(&store, 0));
  other.Kill();
  EXPECT_SUCCEEDS(Open(&store, 0));
}

TEST_F(SqliteStoreLockTest, AStoreThatWasSwitchedToWalIsSwitchedBack) {
  MakeSound();
  EXPECT_EQ("wal", Sql("PRAGMA journal_mode = WAL"));
  LeaseRecord seen;
  EXPECT_SUCCEEDS(Use(&seen));
  EXPECT_EQ(500U, seen.horizon);
  EXPECT_EQ("delete", Sql("PRAGMA journal_mode"));
  Sql("PRAGMA journal_mode = WAL");
  test::BackgroundProcess other(Hold("BEGIN; SELECT * FROM shmflake_leases"));
  EXPECT_FAILS(Code::STORE_LOCKED, Use());
}

}  // namespace
}  // namespace shmflake
