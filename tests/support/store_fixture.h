// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: a directory that goes away, keys, plans, processes, raw SQL.
#ifndef SHMFLAKE_TESTS_SUPPORT_STORE_FIXTURE_H_
#define SHMFLAKE_TESTS_SUPPORT_STORE_FIXTURE_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "core/store/store.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake {

inline constexpr std::uint32_t kTestTimeoutMs = 20'000;

class StoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_ + "/leases.db"; }

  Status Open(std::unique_ptr<Store>* store, std::uint32_t timeout_ms = kTestTimeoutMs,
              std::uint32_t mode = 0600) const {
    return OpenStore(StoreKind::kSqlite, directory_, mode, timeout_ms, store);
  }
  // Fails the test if it cannot.
  [[nodiscard]] std::unique_ptr<Store> MustOpen() const {
    std::unique_ptr<Store> store;
    const Status status = Open(&store);
    EXPECT_TRUE(status.ok()) << status.message();
    return store;
  }

  // Runs SQL on the file behind the store's back; the first column of the last row.
  std::string Sql(const std::string& sql) const {
    sqlite3* db = nullptr;
    std::string result;
    char* error = nullptr;
    EXPECT_EQ(SQLITE_OK, sqlite3_open(path().c_str(), &db));
    const auto keep = [](void* out, int, char** values, char**) {
      if (values[0] != nullptr) *static_cast<std::string*>(out) = values[0];
      return 0;
    };
    EXPECT_EQ(SQLITE_OK, sqlite3_exec(db, sql.c_str(), keep, &result, &error)) << sql << error;
    sqlite3_close(db);
    return result;
  }

  [[nodiscard]] static std::string ReadAll(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void WriteAll(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  test::TempDir temporary_;
  std::string directory_ = temporary_.path();
};

inline LeaseKey MakeKey(std::uint64_t instance_id, std::uint32_t worker_id = 3,
                        const std::string& id_namespace = "orders") {
  LeaseKey key;
  key.id_namespace = id_namespace;
  key.worker_id = worker_id;
  key.instance_id = instance_id;
  key.region_name = "region-" + std::to_string(instance_id);
  key.host = "host.example";
  return key;
}

// A plan that takes `span` ticks above what stands, and notes what it saw.
inline auto Take(std::uint64_t span, LeaseRecord* seen = nullptr) {
  return [=](const LeaseRecord& record, std::uint64_t* horizon) {
    if (seen != nullptr) *seen = record;
    *horizon = record.horizon + span;
    return Status::Ok();
  };
}

// The record as an Acquire would see it; nothing changes.
inline Status Look(Store* store, const LeaseKey& key, LeaseRecord* record) {
  const Status status =
      store->Acquire(key, [&](const LeaseRecord& seen, std::uint64_t* /*horizon*/) {
        *record = seen;
        return Status(Code::TIMEOUT, "only looking");
      });
  return status.code() == Code::TIMEOUT ? Status::Ok() : status;
}

}  // namespace shmflake

#endif  // SHMFLAKE_TESTS_SUPPORT_STORE_FIXTURE_H_
