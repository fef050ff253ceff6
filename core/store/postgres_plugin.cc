// SPDX-License-Identifier: Apache-2.0
// The store "postgres": PostgreSQL, a table of (biz_tag, max_id, step) as Leaf's deployments have it.
//
// All that a transaction needs is set within it, so that it may go through a pool of connections.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/store/mysql_postgres_take.h"
#include "core/store/postgres_errors.h"
#include "core/store/postgres_session.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

constexpr char kReading[] = "read the tag's row in";
constexpr char kWriting[] = "write the tag's row in";
constexpr char kChecking[] = "use the table in";

// The first condition is for the index, the second for the truth: a collation or a type may take two
// tags for one.
constexpr char kIsTag[] =
    "biz_tag = $1 AND convert_to(biz_tag::text, 'UTF8') = convert_to($1, 'UTF8')";

class PostgresTable : public SqlSession {
 public:
  explicit PostgresTable(const shmflake_store_target& target)
      : session_(target), table_(QuotedTable(target.table, '"')), name_(target.table) {}

  Outcome Connect(const shmflake_store_host* host, const std::string& where,
                  const CallDeadline& share, const CallDeadline& deadline) override {
    return session_.Connect(host, where, share, deadline);
  }

  Outcome Begin() override;
  Outcome ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) override;
  Outcome UpdateRow(const std::string& tag, std::int64_t old_max_id, std::int64_t new_max_id,
                    bool* done) override;
  Outcome InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                    std::string* words) override;
  Outcome Commit() override;
  Outcome Rollback() override {
    PostgresResult result;
    return session_.Run("roll back in", "ROLLBACK", {}, &result);
  }

  Outcome CheckColumns(bool* exists) override;
  Outcome CheckUnique() override;
  Outcome CreateTable() override;

 private:
  std::string LimitsSql() const;
  Outcome CheckTypes(const char* what, const PGresult* result, int first_integer);
  Outcome ReadColumn(const PGresult* result, int column, std::int64_t* value) const;

  PostgresSession session_;
  std::string table_;  // quoted
  std::string name_;
};

// A lock is waited for a little less long than we have, so that the server's word comes first. A
// client that was stopped in the transaction loses its locks. No time limit cuts a commit short: its
// wait for a standby would be over, and the commit be taken for durable.
std::string PostgresTable::LimitsSql() const {
  const std::string lock = std::to_string(std::max(1, session_.left_ms() * 9 / 10));
  const std::string idle = std::to_string(session_.left_ms() + 1000);
  return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = " + lock +
         "; SET LOCAL idle_in_transaction_session_timeout = " + idle +
         "; SET LOCAL statement_timeout = 0";
}

Outcome PostgresTable::Begin() {
  PostgresResult result;
  return session_.Run("begin a transaction in",
                      LimitsSql() +
                          "; SELECT set_config('synchronous_commit', 'on', true)"
                          " WHERE current_setting('synchronous_commit') = 'off'",
                      {}, &result);
}

Outcome PostgresTable::Commit() {
  static constexpr char kCommitting[] = "commit to";
  PostgresResult result;
  Outcome committed = session_.Run(kCommitting, "COMMIT", {}, &result);
  if (committed.ok() && PQcmdStatus(result.get()) != std::string("COMMIT")) {
    return session_.Error(SHMFLAKE_STORE_UNAVAILABLE, kCommitting, "the server rolled back");
  }
  // Committed here, but not where the server was told to have it too.
  if (committed.ok() && !session_.warning().empty()) {
    committed = session_.Error(SHMFLAKE_STORE_UNAVAILABLE, kCommitting, session_.warning());
  }
  if (!committed.ok() && !committed.again) {
    committed.message += " (whether it was committed is not known: the range may be a gap)";
  }
  return committed;
}

// Columns from first_integer on must be integers, those before it text.
Outcome PostgresTable::CheckTypes(const char* what, const PGresult* result, int first_integer) {
  static constexpr std::array<Oid, 3> kIntegers = {20, 21, 23};   // int8, int2, int4
  static constexpr std::array<Oid, 3> kTexts = {25, 1042, 1043};  // text, char(n), varchar(n)
  for (int column = 0; column < PQnfields(result); ++column) {
    const Oid type = PQftype(result, column);
    const bool is_integer = std::find(kIntegers.begin(), kIntegers.end(), type) != kIntegers.end();
    const bool is_text = std::find(kTexts.begin(), kTexts.end(), type) != kTexts.end();
    if (column < first_integer ? is_text : is_integer) continue;
    const std::string name = PQfname(result, column);
    PostgresResult named;
    Outcome asked =
        session_.Run(what, "SELECT format_type($1::oid, $2::integer)",
                     {std::to_string(type), std::to_string(PQfmod(result, column))}, &named);
    if (!asked.ok()) return asked;
    return session_.Error(SHMFLAKE_STORE_SCHEMA, what,
                          "column " + name + " must be " +
                              (column < first_integer ? "text" : "an integer") + ", and is " +
                              PQgetvalue(named.get(), 0, 0));
  }
  return {};
}

Outcome PostgresTable::ReadColumn(const PGresult* result, int column, std::int64_t* value) const {
  const std::string name = "column " + std::string(PQfname(result, column));
  if (PQgetisnull(result, 0, column) != 0) {
    return session_.Error(SHMFLAKE_STORE_SCHEMA, kReading, name + " (an integer) is NULL");
  }
  const std::string digits = PQgetvalue(result, 0, column);
  switch (ReadInteger(digits, value)) {
    case IntegerText::kInteger:
      return {};
    case IntegerText::kOutOfRange:
      return session_.Error(SHMFLAKE_STORE_RANGE, kReading,
                            name + " does not fit 64 bits with a sign: " + digits);
    case IntegerText::kOther:
      break;
  }
  return session_.Error(SHMFLAKE_STORE_SCHEMA, kReading, name + " is no integer: " + digits);
}

Outcome PostgresTable::ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) {
  row->reset();
  PostgresResult result;
  Outcome asked = session_.Run(
      kReading, "SELECT max_id, step FROM " + table_ + " WHERE " + kIsTag + " LIMIT 2 FOR UPDATE",
      {tag}, &result);
  if (!asked.ok()) return asked;
  if (PQnfields(result.get()) != 2) {
    return session_.Error(SHMFLAKE_STORE_SCHEMA, kReading, "the server returned no columns");
  }
  if (Outcome types = CheckTypes(kReading, result.get(), 0); !types.ok()) return types;
  if (PQntuples(result.get()) == 0) return {};
  if (PQntuples(result.get()) > 1) {
    return session_.Error(SHMFLAKE_STORE_SCHEMA, kReading,
                          "table " + name_ + " has several rows for the tag");
  }
  shmflake_store_row read{};
  if (Outcome max_id = ReadColumn(result.get(), 0, &read.max_id); !max_id.ok()) return max_id;
  if (Outcome step = ReadColumn(result.get(), 1, &read.step); !step.ok()) return step;
  *row = read;
  return {};
}

Outcome PostgresTable::UpdateRow(const std::string& tag, std::int64_t old_max_id,
                                 std::int64_t new_max_id, bool* done) {
  PostgresResult result;
  Outcome updated = session_.Run(
      kWriting,
      "UPDATE " + table_ + " SET max_id = $2::bigint WHERE " + kIsTag + " AND max_id = $3::bigint",
      {tag, std::to_string(new_max_id), std::to_string(old_max_id)}, &result);
  *done = updated.ok() && PQcmdTuples(result.get()) == std::string("1");
  return updated;
}

Outcome PostgresTable::InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                                 std::string* words) {
  PostgresResult result;
  Outcome inserted = session_.Run(
      kWriting,
      "INSERT INTO " + table_ + " (biz_tag, max_id, step) VALUES ($1, $2::bigint, $3::bigint)",
      {tag, std::to_string(row.max_id), std::to_string(row.step)}, &result);
  *done = inserted.ok() && PQcmdTuples(result.get()) == std::string("1");
  if (inserted.ok() || session_.sqlstate() != kPostgresUniqueViolation) return inserted;
  *words = session_.words();
  return {};
}

Outcome PostgresTable::CheckColumns(bool* exists) {
  *exists = true;
  PostgresResult result;
  Outcome asked = session_.Run(
      kChecking, "SELECT biz_tag, max_id, step FROM " + table_ + " LIMIT 0", {}, &result);
  if (!asked.ok()) {
    if (session_.sqlstate() != kPostgresUndefinedTable) return asked;
    *exists = false;
    return {};
  }
  return CheckTypes(kChecking, result.get(), 1);
}

Outcome PostgresTable::CheckUnique() {
  PostgresResult result;
  Outcome asked = session_.Run(
      kChecking,
      "SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = "
      "i.indkey[0] WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND "
      "i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = 'biz_tag' LIMIT 1",
      {table_}, &result);
  if (!asked.ok() || PQntuples(result.get()) > 0) return asked;
  return session_.Error(SHMFLAKE_STORE_SCHEMA, kChecking,
                        "column biz_tag of table " + name_ + " must be a primary key or unique");
}

Outcome PostgresTable::CreateTable() {
  // A trigger, since columns have no ON UPDATE here.
  const std::string touch = QuotedTable(name_ + "_touch", '"');
  const std::string sql =
      LimitsSql() + "; CREATE TABLE " + table_ +
      " (biz_tag varchar(64) COLLATE \"C\" PRIMARY KEY, max_id bigint NOT NULL DEFAULT 0,"
      " step bigint NOT NULL DEFAULT 1000, description varchar(256),"
      " update_time timestamptz NOT NULL DEFAULT now()); CREATE OR REPLACE FUNCTION " +
      touch +
      "() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN NEW.update_time := now(); RETURN NEW; END'; CREATE TRIGGER shmflake_touch"
      " BEFORE UPDATE ON " +
      table_ + " FOR EACH ROW EXECUTE FUNCTION " + touch + "(); COMMIT";
  PostgresResult result;
  Outcome created = session_.Run("make the table in", sql, {}, &result);
  if (created.ok()) return created;
  created.again = PostgresExistsAlready(session_.sqlstate());
  if (Outcome undone = Rollback(); !undone.ok()) return undone;
  return created;
}

std::unique_ptr<SqlSession> MakeTable(const shmflake_store_target& target) {
  return std::make_unique<PostgresTable>(target);
}

int Take(const shmflake_store_target* target, const char* tag, std::int64_t timeout_ms,
         shmflake_store_decide decide, void* context, shmflake_store_error* error) {
  return TakeBySql(MakeTable, target, tag, timeout_ms, decide, context, error);
}

int Init(const shmflake_store_target* target, std::int64_t timeout_ms,
         shmflake_store_error* error) {
  return InitBySql(MakeTable, target, timeout_ms, error);
}

std::string About() {
  const int version = PQlibVersion();
  return "libpq " + std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

}  // namespace
}  // namespace shmflake

extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_store_plugin_v2() {
  static const std::string about = shmflake::About();
  static const shmflake_store_plugin plugin = {SHMFLAKE_STORE_PLUGIN_VERSION,
                                               0,
                                               "postgres",
                                               about.c_str(),
                                               shmflake::Take,
                                               shmflake::Init,
                                               nullptr};
  return &plugin;
}
