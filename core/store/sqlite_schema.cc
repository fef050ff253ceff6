// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite_schema.h"

#include <algorithm>
#include <cstdio>

#include "core/platform.h"

namespace shmflake {
namespace {

struct Table {
  const char* name;
  const char* sql;  // as SQLite keeps it in sqlite_schema, byte for byte
};

// 4611686018427387904 is 2^62. horizon and base are ticks, holder is an instance ID as a signed
// number.
constexpr Table kTables[] = {
    {"shmflake_meta",
     R"(CREATE TABLE shmflake_meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID)"},
    {"shmflake_leases",
     R"(CREATE TABLE shmflake_leases (
  namespace TEXT NOT NULL,
  worker_id INTEGER NOT NULL CHECK (worker_id BETWEEN 0 AND 4194303),
  horizon INTEGER NOT NULL CHECK (horizon BETWEEN 0 AND 4611686018427387904),
  base INTEGER NOT NULL CHECK (base BETWEEN 0 AND horizon),
  holder INTEGER NOT NULL,
  holder_region TEXT NOT NULL,
  holder_host TEXT NOT NULL,
  timestamp_bits INTEGER NOT NULL,
  datacenter_bits INTEGER NOT NULL,
  machine_bits INTEGER NOT NULL,
  sequence_bits INTEGER NOT NULL,
  tick_us INTEGER NOT NULL,
  epoch_ms INTEGER NOT NULL,
  updated_unix_ms INTEGER NOT NULL,
  row_check INTEGER NOT NULL,
  PRIMARY KEY (namespace, worker_id)
) STRICT, WITHOUT ROWID)"},
};

constexpr std::size_t kStoreIdBytes = 16;

Status CheckTable(SqliteSession* session, const Table& table) {
  SqliteStatement query(session, "SELECT type, sql FROM sqlite_schema WHERE name = ?");
  query.Bind(std::string_view(table.name));
  bool has_row = false;
  std::string type;
  std::string sql;
  SHMFLAKE_RETURN_IF_ERROR(query.Step(&has_row));
  if (!has_row) return session->Corrupt(std::string("it has no table ") + table.name);
  if (!query.Read(&type) || !query.Read(&sql) || type != "table" || sql != table.sql) {
    return Fail(Code::STORE_SCHEMA, "%s: the table %s is not as this library made it",
                session->path().c_str(), table.name);
  }
  return Status::Ok();
}

// Whether it is a store of this schema; *fresh: it has no schema at all.
Status Inspect(SqliteSession* session, bool* fresh) {
  std::int64_t application = 0;
  std::int64_t version = 0;
  std::int64_t objects = 0;
  SHMFLAKE_RETURN_IF_ERROR(session->ReadInteger("PRAGMA application_id", &application));
  SHMFLAKE_RETURN_IF_ERROR(session->ReadInteger("PRAGMA user_version", &version));
  SHMFLAKE_RETURN_IF_ERROR(session->ReadInteger("SELECT count(*) FROM sqlite_schema", &objects));
  *fresh = application == 0 && version == 0 && objects == 0;
  if (*fresh) return Status::Ok();
  if (application != kStoreApplicationId) {
    char ids[64];
    std::snprintf(ids, sizeof(ids), "must be 0x%08x: 0x%08x",
                  static_cast<unsigned>(kStoreApplicationId), static_cast<unsigned>(application));
    return Fail(Code::STORE_SCHEMA,
                "%s is an SQLite database, but not a shmflake store: its application_id %s",
                session->path().c_str(), ids);
  }
  if (version != kStoreSchemaVersion) {
    return Fail(Code::STORE_SCHEMA, "%s: the schema's version must be %s for this library: %s",
                session->path().c_str(), std::to_string(kStoreSchemaVersion).c_str(),
                std::to_string(version).c_str());
  }
  for (const Table& table : kTables) SHMFLAKE_RETURN_IF_ERROR(CheckTable(session, table));
  return Status::Ok();
}

Status Create(SqliteSession* session) {
  for (const Table& table : kTables) SHMFLAKE_RETURN_IF_ERROR(session->Run(table.sql));
  SqliteStatement insert(session, "INSERT INTO shmflake_meta (key, value) VALUES ('store_id', ?)");
  const std::string store_id = RandomHex(kStoreIdBytes);
  insert.Bind(store_id);
  bool has_row = false;
  SHMFLAKE_RETURN_IF_ERROR(insert.Step(&has_row));
  const std::string mark = "PRAGMA application_id = " + std::to_string(kStoreApplicationId);
  SHMFLAKE_RETURN_IF_ERROR(session->Run(mark.c_str()));
  const std::string version = "PRAGMA user_version = " + std::to_string(kStoreSchemaVersion);
  return session->Run(version.c_str());
}

Status ReadStoreId(SqliteSession* session, std::string* store_id) {
  SHMFLAKE_RETURN_IF_ERROR(
      session->ReadText("SELECT value FROM shmflake_meta WHERE key = 'store_id'", store_id));
  const bool is_hex = std::all_of(store_id->begin(), store_id->end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (store_id->size() != 2 * kStoreIdBytes || !is_hex) {
    return session->Corrupt("its store_id must be 32 hex digits");
  }
  return Status::Ok();
}

// An operator may have switched to WAL, which is kept in the file; only DELETE is argued for in
// docs/store.md. Ends the transaction that looked whose file it is, since the mode cannot change
// inside one.
Status UseRollbackJournal(SqliteSession* session) {
  std::string mode;
  SHMFLAKE_RETURN_IF_ERROR(session->Run("ROLLBACK"));
  SHMFLAKE_RETURN_IF_ERROR(session->ReadText("PRAGMA journal_mode = DELETE", &mode));
  if (mode == "delete") return session->Run("BEGIN IMMEDIATE");
  return {
      Code::STORE_UNAVAILABLE,
      session->path() + ": the journal_mode must be delete, and cannot be changed now: " + mode};
}

}  // namespace

Status BeginOnSchema(SqliteSession* session, bool may_create, std::string* store_id) {
  bool fresh = false;
  std::string mode;
  SHMFLAKE_RETURN_IF_ERROR(session->ReadText("PRAGMA journal_mode", &mode));
  SHMFLAKE_RETURN_IF_ERROR(session->Run("BEGIN IMMEDIATE"));
  SHMFLAKE_RETURN_IF_ERROR(Inspect(session, &fresh));
  if (mode != "delete") {
    SHMFLAKE_RETURN_IF_ERROR(UseRollbackJournal(session));
    SHMFLAKE_RETURN_IF_ERROR(Inspect(session, &fresh));
  }
  if (fresh && !may_create) {
    return Fail(Code::STORE_REPLACED, "%s was emptied while it was in use",
                session->path().c_str());
  }
  if (fresh) SHMFLAKE_RETURN_IF_ERROR(Create(session));
  return ReadStoreId(session, store_id);
}

}  // namespace shmflake
