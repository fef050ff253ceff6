// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres_schema.h"

#include <algorithm>
#include <cstddef>

#include "core/store/postgres_errors.h"

namespace shmflake {
namespace {

bool IsKind(SqlKind kind, Oid type) {
  switch (kind) {
    case SqlKind::kText:
      return type == 25 || type == 1042 || type == 1043;  // text, char(n), varchar(n)
    case SqlKind::kInteger:
      return type == 20 || type == 21 || type == 23;  // int8, int2, int4
    case SqlKind::kTime:  // the one without a time zone depends on the session's
      return type == 1184;
  }
  return false;
}

const char* KindName(SqlKind kind) {
  if (kind == SqlKind::kText) return "text";
  return kind == SqlKind::kInteger ? "an integer" : "timestamp with time zone";
}

}  // namespace

std::string PostgresIsText(const std::string& column, const std::string& parameter) {
  return column + " = " + parameter + " AND convert_to(" + column +
         "::text, 'UTF8') = convert_to(" + parameter + ", 'UTF8')";
}

std::string PostgresTable(const std::string& table) { return QuotedTable(table, '"'); }

// A lock is waited for a little less long than we have, so that the server's word comes first. A
// client that was stopped in the transaction loses its locks. No time limit cuts a commit short: its
// wait for a standby would be over, and the commit be taken for durable.
std::string PostgresBegin(const PostgresSession& session) {
  const std::string lock = std::to_string(std::max(1, session.left_ms() * 9 / 10));
  const std::string idle = std::to_string(session.left_ms() + 1000);
  return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = " + lock +
         "; SET LOCAL idle_in_transaction_session_timeout = " + idle +
         "; SET LOCAL statement_timeout = 0";
}

Outcome CheckPostgresTypes(PostgresSession* session, const char* what, const PGresult* result,
                           const std::vector<std::optional<SqlKind>>& kinds) {
  if (PQnfields(result) != static_cast<int>(kinds.size())) {
    return session->Error(SHMFLAKE_STORE_SCHEMA, what, "the server returned no columns");
  }
  for (int column = 0; column < PQnfields(result); ++column) {
    const std::optional<SqlKind> kind = kinds[static_cast<std::size_t>(column)];
    const Oid type = PQftype(result, column);
    if (!kind || IsKind(*kind, type)) continue;
    const std::string name = PQfname(result, column);
    PostgresResult named;
    Outcome asked =
        session->Run(what, "SELECT format_type($1::oid, $2::integer)",
                     {std::to_string(type), std::to_string(PQfmod(result, column))}, &named);
    if (!asked.ok()) return asked;
    return session->Error(SHMFLAKE_STORE_SCHEMA, what,
                          "column " + name + " must be " + KindName(*kind) + ", and is " +
                              PQgetvalue(named.get(), 0, 0));
  }
  return {};
}

Outcome CheckPostgresColumns(PostgresSession* session, const SqlTable& table, bool* exists) {
  *exists = true;
  std::string columns;
  std::vector<std::optional<SqlKind>> kinds;
  for (const SqlTable::Column& column : table.columns) {
    columns.append(columns.empty() ? "" : ", ").append(column.name);
    kinds.emplace_back(column.kind);
  }
  PostgresResult result;
  Outcome asked = session->Run(
      table.use_it, "SELECT " + columns + " FROM " + PostgresTable(table.name) + " LIMIT 0", {},
      &result);
  if (!asked.ok()) {
    if (session->sqlstate() != kPostgresUndefinedTable) return asked;
    *exists = false;
    return {};
  }
  return CheckPostgresTypes(session, table.use_it, result.get(), kinds);
}

Outcome CheckPostgresUnique(PostgresSession* session, const SqlTable& table) {
  // Its unique indexes without a column that is not one of the key's.
  std::vector<std::string> parameters = {PostgresTable(table.name)};
  std::string names;
  for (const std::string& column : table.key) {
    parameters.push_back(column);
    names += (names.empty() ? "$" : ", $") + std::to_string(parameters.size());
  }
  PostgresResult result;
  Outcome asked = session->Run(
      table.use_it,
      "SELECT 1 FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid"
      " AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (SELECT 1 FROM pg_attribute a"
      " WHERE a.attrelid = i.indrelid AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1])"
      " AND a.attname::text NOT IN (" +
          names + ")) LIMIT 1",
      parameters, &result);
  if (!asked.ok() || PQntuples(result.get()) > 0) return asked;
  return session->Error(SHMFLAKE_STORE_SCHEMA, table.use_it, NotUnique(table));
}

Outcome CreatePostgresTable(PostgresSession* session, const SqlTable& table) {
  PostgresResult result;
  Outcome created = session->Run(
      table.make_it, PostgresBegin(*session) + "; " + table.create + "; COMMIT", {}, &result);
  if (created.ok()) return created;
  created.again = PostgresExistsAlready(session->sqlstate());
  PostgresResult undone;
  Outcome rolled_back = session->Run("roll back in", "ROLLBACK", {}, &undone);
  return rolled_back.ok() ? created : rolled_back;
}

}  // namespace shmflake
