// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL's tables must be, and how a statement compares texts as bytes, whatever the
// column's collation.
#ifndef SHMFLAKE_CORE_STORE_POSTGRES_SCHEMA_H_
#define SHMFLAKE_CORE_STORE_POSTGRES_SCHEMA_H_

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <vector>

#include "core/store/mysql_postgres_run.h"
#include "core/store/postgres_session.h"

namespace shmflake {

// The column's text is the parameter's ("$1"). The first condition is for the index, the second for
// the truth: a collation or a type may take two texts for one.
[[nodiscard]] std::string PostgresIsText(const std::string& column, const std::string& parameter);
[[nodiscard]] std::string PostgresTable(const std::string& table);  // quoted
// What a transaction begins with.
[[nodiscard]] std::string PostgresBegin(const PostgresSession& session);

// The result's columns must be of these kinds; any, where none is given.
Outcome CheckPostgresTypes(PostgresSession* session, const char* what, const PGresult* result,
                           const std::vector<std::optional<SqlKind>>& kinds);

// As SqlSession's.
Outcome CheckPostgresColumns(PostgresSession* session, const SqlTable& table, bool* exists);
Outcome CheckPostgresUnique(PostgresSession* session, const SqlTable& table);
Outcome CreatePostgresTable(PostgresSession* session, const SqlTable& table);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_POSTGRES_SCHEMA_H_
