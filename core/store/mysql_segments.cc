// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_segments.h"

#include <mysqld_error.h>

#include "core/store/mysql_errors.h"
#include "core/store/mysql_schema.h"

namespace shmflake {
namespace {

constexpr char kReading[] = "read the tag's row in";
constexpr char kWriting[] = "write the tag's row in";
constexpr char kTag[] = "biz_tag";

}  // namespace

SqlTable MysqlSegmentTable(const std::string& name) {
  return {
      name,
      {{kTag, SqlKind::kText}, {"max_id", SqlKind::kInteger}, {"step", SqlKind::kInteger}},
      {kTag},
      "CREATE TABLE IF NOT EXISTS " + MysqlTable(name) +
          " (biz_tag varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,"
          " max_id bigint NOT NULL DEFAULT 0, step bigint NOT NULL DEFAULT 1000,"
          " description varchar(256) CHARACTER SET utf8mb4,"
          " update_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP"
          " ON UPDATE CURRENT_TIMESTAMP) ENGINE = InnoDB",
      "use the table in",
      "make the table in"};
}

MysqlSegments::MysqlSegments(MysqlSession* session, const std::string& table)
    : session_(*session), table_(MysqlTable(table)), name_(table) {}

Outcome MysqlSegments::ReadColumn(const MYSQL_FIELD& field, const char* text, std::size_t size,
                                  std::int64_t* value) const {
  const std::string column = "column " + std::string(field.name);
  const std::string type = MysqlTypeName(field);
  if (text == nullptr) {
    return session_.SchemaError(kReading, column + " (" + type + ") is NULL");
  }
  const std::string digits(text, size);
  switch (ReadInteger(digits, value)) {
    case IntegerText::kInteger:
      return {};
    case IntegerText::kOutOfRange:
      return Failed(SHMFLAKE_STORE_RANGE, kReading, session_.where(),
                    column + " (" + type + ") does not fit 64 bits with a sign: " + digits);
    case IntegerText::kOther:
      break;
  }
  return session_.SchemaError(kReading, column + " (" + type + ") is no integer: " + digits);
}

Outcome MysqlSegments::ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) {
  row->reset();
  const std::string sql = "SELECT max_id, step FROM " + table_ + " WHERE " +
                          MysqlIsText(kTag, tag) + " LIMIT 2 FOR UPDATE";
  if (Outcome asked = session_.Run(kReading, sql, true); !asked.ok()) return asked;
  MysqlResult rows;
  if (Outcome stored = session_.Store(kReading, &rows); !stored.ok()) return stored;
  if (Outcome types =
          CheckMysqlTypes(session_, kReading, rows.get(), {SqlKind::kInteger, SqlKind::kInteger});
      !types.ok()) {
    return types;
  }
  if (mysql_num_rows(rows.get()) > 1) {
    return session_.SchemaError(kReading, "table " + name_ + " has several rows for the tag");
  }
  MYSQL_ROW found = mysql_fetch_row(rows.get());
  if (found == nullptr) return {};
  const unsigned long* sizes = mysql_fetch_lengths(rows.get());
  const MYSQL_FIELD* fields = mysql_fetch_fields(rows.get());
  shmflake_store_row read{};
  if (Outcome max_id = ReadColumn(fields[0], found[0], sizes[0], &read.max_id); !max_id.ok()) {
    return max_id;
  }
  if (Outcome step = ReadColumn(fields[1], found[1], sizes[1], &read.step); !step.ok()) return step;
  *row = read;
  return {};
}

Outcome MysqlSegments::UpdateRow(const std::string& tag, std::int64_t old_max_id,
                                 std::int64_t new_max_id, bool* done) {
  const std::string sql = "UPDATE " + table_ + " SET max_id = " + std::to_string(new_max_id) +
                          " WHERE " + MysqlIsText(kTag, tag) +
                          " AND max_id = " + std::to_string(old_max_id);
  if (Outcome updated = session_.Run(kWriting, sql, true); !updated.ok()) return updated;
  *done = session_.found_rows() == 1;
  return {};
}

Outcome MysqlSegments::InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                                 std::string* words) {
  const std::string sql = "INSERT INTO " + table_ + " (biz_tag, max_id, step) VALUES (_utf8mb4 " +
                          MysqlLiteral(tag) + ", " + std::to_string(row.max_id) + ", " +
                          std::to_string(row.step) + ")";
  Outcome inserted = session_.Run(kWriting, sql, true);
  *done = inserted.ok();
  if (inserted.ok() || session_.error() != ER_DUP_ENTRY) return inserted;
  *words = session_.words();
  return {};
}

}  // namespace shmflake
