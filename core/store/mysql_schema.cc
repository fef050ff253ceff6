// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_schema.h"

#include <mysqld_error.h>

#include <algorithm>
#include <cstddef>
#include <map>

#include "core/store/mysql_errors.h"

namespace shmflake {
namespace {

bool IsKind(SqlKind kind, enum_field_types type) {
  switch (kind) {
    case SqlKind::kText:
      return IsMysqlText(type);
    case SqlKind::kInteger:
      return IsMysqlInteger(type);
    case SqlKind::kTime:  // a timestamp depends on the session's time zone
      return type == MYSQL_TYPE_DATETIME;
  }
  return false;
}

const char* KindName(SqlKind kind) {
  if (kind == SqlKind::kText) return "text";
  return kind == SqlKind::kInteger ? "an integer" : "datetime";
}

}  // namespace

std::string MysqlLiteral(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string literal = "x'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    literal += kDigits[byte >> 4];
    literal += kDigits[byte & 15];
  }
  return literal += "'";
}

std::string MysqlIsText(const std::string& column, std::string_view text) {
  const std::string literal = MysqlLiteral(text);
  return column + " = _utf8mb4 " + literal + " AND CAST(CONVERT(" + column +
         " USING utf8mb4) AS BINARY) = " + literal;
}

std::string MysqlTable(const std::string& table) { return QuotedTable(table, '`'); }

Outcome CheckMysqlTypes(const MysqlSession& session, const char* what, MYSQL_RES* rows,
                        const std::vector<std::optional<SqlKind>>& kinds) {
  if (rows == nullptr || mysql_num_fields(rows) != kinds.size()) {
    return session.SchemaError(what, "the server returned no columns");
  }
  const MYSQL_FIELD* fields = mysql_fetch_fields(rows);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (!kinds[i] || IsKind(*kinds[i], fields[i].type)) continue;
    return session.SchemaError(what, "column " + std::string(fields[i].name) + " must be " +
                                         KindName(*kinds[i]) + ", and is " +
                                         MysqlTypeName(fields[i]));
  }
  return {};
}

Outcome CheckMysqlColumns(MysqlSession* session, const SqlTable& table, bool* exists) {
  *exists = true;
  std::string columns;
  std::vector<std::optional<SqlKind>> kinds;
  for (const SqlTable::Column& column : table.columns) {
    columns.append(columns.empty() ? "" : ", ").append(column.name);
    kinds.emplace_back(column.kind);
  }
  const std::string sql = "SELECT " + columns + " FROM " + MysqlTable(table.name) + " LIMIT 0";
  if (Outcome asked = session->Run(table.use_it, sql, true); !asked.ok()) {
    if (session->error() != ER_NO_SUCH_TABLE) return asked;
    *exists = false;
    return {};
  }
  MysqlResult rows;
  if (Outcome stored = session->Store(table.use_it, &rows); !stored.ok()) return stored;
  return CheckMysqlTypes(*session, table.use_it, rows.get(), kinds);
}

Outcome CheckMysqlUnique(MysqlSession* session, const SqlTable& table) {
  if (Outcome asked = session->Run(table.use_it, "SHOW INDEX FROM " + MysqlTable(table.name));
      !asked.ok()) {
    return asked;
  }
  MysqlResult rows;
  if (Outcome stored = session->Store(table.use_it, &rows); !stored.ok()) return stored;
  // Of each unique index, how many columns it has that are not whole ones of the key: 0 is what we
  // want. (An index of a part of the key lets no second row in, either.)
  std::map<std::string, int> others;
  while (MYSQL_ROW row = rows == nullptr ? nullptr : mysql_fetch_row(rows.get())) {
    if (mysql_num_fields(rows.get()) < 8 || row[1] == nullptr || row[2] == nullptr ||
        row[1] != std::string("0")) {
      continue;
    }
    // Table, Non_unique, Key_name, Seq_in_index, Column_name, Collation, Cardinality, Sub_part.
    const bool is_key = row[4] != nullptr && row[7] == nullptr &&
                        std::find(table.key.begin(), table.key.end(), row[4]) != table.key.end();
    others[row[2]] += is_key ? 0 : 1;
  }
  for (const auto& [name, count] : others) {
    if (count == 0) return {};
  }
  return session->SchemaError(table.use_it, NotUnique(table));
}

}  // namespace shmflake
