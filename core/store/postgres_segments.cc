// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres_segments.h"

#include "core/store/postgres_errors.h"
#include "core/store/postgres_schema.h"

namespace shmflake {
namespace {

constexpr char kReading[] = "read the tag's row in";
constexpr char kWriting[] = "write the tag's row in";

}  // namespace

SqlTable PostgresSegmentTable(const std::string& name) {
  // A trigger, since columns have no ON UPDATE here.
  const std::string table = PostgresTable(name);
  const std::string touch = PostgresTable(name + "_touch");
  return {name,
          {{"biz_tag", SqlKind::kText}, {"max_id", SqlKind::kInteger}, {"step", SqlKind::kInteger}},
          {"biz_tag"},
          "CREATE TABLE " + table +
              " (biz_tag varchar(64) COLLATE \"C\" PRIMARY KEY, max_id bigint NOT NULL DEFAULT 0,"
              " step bigint NOT NULL DEFAULT 1000, description varchar(256),"
              " update_time timestamptz NOT NULL DEFAULT now()); CREATE OR REPLACE FUNCTION " +
              touch +
              "() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN NEW.update_time := now(); RETURN NEW; END'; CREATE TRIGGER shmflake_touch"
              " BEFORE UPDATE ON " +
              table + " FOR EACH ROW EXECUTE FUNCTION " + touch + "()",
          "use the table in",
          "make the table in"};
}

PostgresSegments::PostgresSegments(PostgresSession* session, const std::string& table)
    : session_(*session),
      table_(PostgresTable(table)),
      name_(table),
      is_tag_(PostgresIsText("biz_tag", "$1")) {}

Outcome PostgresSegments::ReadColumn(const PGresult* result, int column,
                                     std::int64_t* value) const {
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

Outcome PostgresSegments::ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) {
  row->reset();
  PostgresResult result;
  Outcome asked = session_.Run(
      kReading, "SELECT max_id, step FROM " + table_ + " WHERE " + is_tag_ + " LIMIT 2 FOR UPDATE",
      {tag}, &result);
  if (!asked.ok()) return asked;
  if (Outcome types = CheckPostgresTypes(&session_, kReading, result.get(),
                                         {SqlKind::kInteger, SqlKind::kInteger});
      !types.ok()) {
    return types;
  }
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

Outcome PostgresSegments::UpdateRow(const std::string& tag, std::int64_t old_max_id,
                                    std::int64_t new_max_id, bool* done) {
  PostgresResult result;
  Outcome updated = session_.Run(
      kWriting,
      "UPDATE " + table_ + " SET max_id = $2::bigint WHERE " + is_tag_ + " AND max_id = $3::bigint",
      {tag, std::to_string(new_max_id), std::to_string(old_max_id)}, &result);
  *done = updated.ok() && PQcmdTuples(result.get()) == std::string("1");
  return updated;
}

Outcome PostgresSegments::InsertRow(const std::string& tag, const shmflake_store_row& row,
                                    bool* done, std::string* words) {
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

}  // namespace shmflake
