// SPDX-License-Identifier: Apache-2.0
// The store "mysql": MariaDB or MySQL, a table of (biz_tag, max_id, step) as Leaf's deployments
// have it.
//
// Every statement says which bytes it means, whatever the server's settings: tags are hexadecimal
// literals (no escaping to get wrong), and are compared as bytes also where the column's collation
// takes two of them for one.
#include <mysql.h>
#include <mysqld_error.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/store/mysql_errors.h"
#include "core/store/mysql_postgres_take.h"
#include "core/store/mysql_session.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

constexpr char kReading[] = "read the tag's row in";
constexpr char kWriting[] = "write the tag's row in";
constexpr char kMaking[] = "make the table in";

std::string TagLiteral(const std::string& tag) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string literal = "x'";
  for (const char c : tag) {
    const auto byte = static_cast<unsigned char>(c);
    literal += kDigits[byte >> 4];
    literal += kDigits[byte & 15];
  }
  return literal += "'";
}

// The first condition is for the index, the second for the truth.
std::string IsTag(const std::string& tag) {
  const std::string literal = TagLiteral(tag);
  return "biz_tag = _utf8mb4 " + literal +
         " AND CAST(CONVERT(biz_tag USING utf8mb4) AS BINARY) = " + literal;
}

class MysqlTable : public SqlSession {
 public:
  explicit MysqlTable(const shmflake_store_target& target)
      : session_(target), table_(QuotedTable(target.table, '`')), name_(target.table) {}

  Outcome Connect(const shmflake_store_host* host, const std::string& where,
                  const CallDeadline& share, const CallDeadline& deadline) override {
    return session_.Connect(host, where, share, deadline);
  }

  Outcome Begin() override {
    return session_.Run("begin a transaction in", "START TRANSACTION READ WRITE");
  }
  Outcome Rollback() override { return session_.Run("roll back in", "ROLLBACK"); }

  Outcome Commit() override {
    Outcome committed = session_.Run("commit to", "COMMIT");
    if (!committed.ok() && !committed.again) {
      committed.message += " (whether it was committed is not known: the range may be a gap)";
    }
    return committed;
  }

  Outcome ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) override;
  Outcome UpdateRow(const std::string& tag, std::int64_t old_max_id, std::int64_t new_max_id,
                    bool* done) override;
  Outcome InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                    std::string* words) override;
  Outcome CheckColumns(bool* exists) override;
  Outcome CheckUnique() override;
  Outcome CreateTable() override;

 private:
  Outcome CheckTypes(const char* what, MYSQL_RES* rows, unsigned int columns,
                     unsigned int first_integer) const;
  Outcome ReadColumn(const MYSQL_FIELD& field, const char* text, std::size_t size,
                     std::int64_t* value) const;

  MysqlSession session_;
  std::string table_;  // quoted
  std::string name_;
};

// Columns from first_integer on must be integers, those before it text.
Outcome MysqlTable::CheckTypes(const char* what, MYSQL_RES* rows, unsigned int columns,
                               unsigned int first_integer) const {
  if (rows == nullptr || mysql_num_fields(rows) != columns) {
    return session_.SchemaError(what, "the server returned no columns");
  }
  const MYSQL_FIELD* fields = mysql_fetch_fields(rows);
  for (unsigned int i = 0; i < columns; ++i) {
    const bool text = i < first_integer;
    if (text ? IsMysqlText(fields[i].type) : IsMysqlInteger(fields[i].type)) continue;
    return session_.SchemaError(what, "column " + std::string(fields[i].name) + " must be " +
                                          (text ? "text" : "an integer") + ", and is " +
                                          MysqlTypeName(fields[i]));
  }
  return {};
}

Outcome MysqlTable::ReadColumn(const MYSQL_FIELD& field, const char* text, std::size_t size,
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

Outcome MysqlTable::ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) {
  row->reset();
  const std::string sql =
      "SELECT max_id, step FROM " + table_ + " WHERE " + IsTag(tag) + " LIMIT 2 FOR UPDATE";
  if (Outcome asked = session_.Run(kReading, sql, true); !asked.ok()) return asked;
  MysqlResult rows;
  if (Outcome stored = session_.Store(kReading, &rows); !stored.ok()) return stored;
  if (Outcome types = CheckTypes(kReading, rows.get(), 2, 0); !types.ok()) return types;
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

Outcome MysqlTable::UpdateRow(const std::string& tag, std::int64_t old_max_id,
                              std::int64_t new_max_id, bool* done) {
  const std::string sql = "UPDATE " + table_ + " SET max_id = " + std::to_string(new_max_id) +
                          " WHERE " + IsTag(tag) + " AND max_id = " + std::to_string(old_max_id);
  if (Outcome updated = session_.Run(kWriting, sql, true); !updated.ok()) return updated;
  *done = session_.found_rows() == 1;
  return {};
}

Outcome MysqlTable::InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                              std::string* words) {
  const std::string sql = "INSERT INTO " + table_ + " (biz_tag, max_id, step) VALUES (_utf8mb4 " +
                          TagLiteral(tag) + ", " + std::to_string(row.max_id) + ", " +
                          std::to_string(row.step) + ")";
  Outcome inserted = session_.Run(kWriting, sql, true);
  *done = inserted.ok();
  if (inserted.ok() || session_.error() != ER_DUP_ENTRY) return inserted;
  *words = session_.words();
  return {};
}

Outcome MysqlTable::CheckColumns(bool* exists) {
  static constexpr char kChecking[] = "use the table in";
  *exists = true;
  const std::string sql = "SELECT biz_tag, max_id, step FROM " + table_ + " LIMIT 0";
  if (Outcome asked = session_.Run(kChecking, sql, true); !asked.ok()) {
    if (session_.error() != ER_NO_SUCH_TABLE) return asked;
    *exists = false;
    return {};
  }
  MysqlResult rows;
  if (Outcome stored = session_.Store(kChecking, &rows); !stored.ok()) return stored;
  return CheckTypes(kChecking, rows.get(), 3, 1);
}

Outcome MysqlTable::CheckUnique() {
  static constexpr char kChecking[] = "use the table in";
  if (Outcome asked = session_.Run(kChecking, "SHOW INDEX FROM " + table_); !asked.ok())
    return asked;
  MysqlResult rows;
  if (Outcome stored = session_.Store(kChecking, &rows); !stored.ok()) return stored;
  // Of each unique index, how many columns it has, less one for a whole biz_tag: 0 is what we want.
  std::map<std::string, int> others;
  while (MYSQL_ROW row = rows == nullptr ? nullptr : mysql_fetch_row(rows.get())) {
    if (mysql_num_fields(rows.get()) < 8 || row[1] == nullptr || row[2] == nullptr ||
        row[1] != std::string("0")) {
      continue;
    }
    // Table, Non_unique, Key_name, Seq_in_index, Column_name, Collation, Cardinality, Sub_part.
    const bool is_tag = row[4] != nullptr && row[4] == std::string("biz_tag") && row[7] == nullptr;
    others[row[2]] += is_tag ? 0 : 1;
  }
  for (const auto& [name, count] : others) {
    if (count == 0) return {};
  }
  return session_.SchemaError(
      kChecking, "column biz_tag of table " + name_ + " must be a primary key or unique");
}

Outcome MysqlTable::CreateTable() {
  const std::string sql =
      "CREATE TABLE IF NOT EXISTS " + table_ +
      " (biz_tag varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,"
      " max_id bigint NOT NULL DEFAULT 0, step bigint NOT NULL DEFAULT 1000,"
      " description varchar(256) CHARACTER SET utf8mb4,"
      " update_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"
      " ENGINE = InnoDB";
  return session_.Run(kMaking, sql, true);
}

std::unique_ptr<SqlSession> MakeTable(const shmflake_store_target& target) {
  return std::make_unique<MysqlTable>(target);
}

int Take(const shmflake_store_target* target, const char* tag, std::int64_t timeout_ms,
         shmflake_store_decide decide, void* context, shmflake_store_error* error) {
  return TakeBySql(MakeTable, target, tag, timeout_ms, decide, context, error);
}

int Init(const shmflake_store_target* target, std::int64_t timeout_ms,
         shmflake_store_error* error) {
  return InitBySql(MakeTable, target, timeout_ms, error);
}

}  // namespace
}  // namespace shmflake

extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_store_plugin_v2() {
  static const std::string about = std::string("MariaDB Connector/C ") + mysql_get_client_info();
  static const shmflake_store_plugin plugin = {SHMFLAKE_STORE_PLUGIN_VERSION,
                                               0,
                                               "mysql",
                                               about.c_str(),
                                               shmflake::Take,
                                               shmflake::Init,
                                               nullptr};
  return &plugin;
}
