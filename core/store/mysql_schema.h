// SPDX-License-Identifier: Apache-2.0
// What MariaDB's and MySQL's tables must be, and how a statement says which bytes it means, whatever
// the server's settings: as hexadecimal literals (no escaping to get wrong), which are compared as
// bytes also where the column's collation takes two texts for one.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_SCHEMA_H_
#define SHMFLAKE_CORE_STORE_MYSQL_SCHEMA_H_

#include <mysql.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/mysql_postgres_run.h"
#include "core/store/mysql_session.h"

namespace shmflake {

// x'6f72646572'.
[[nodiscard]] std::string MysqlLiteral(std::string_view text);
// The column's text is this one. The first condition is for the index, the second for the truth.
[[nodiscard]] std::string MysqlIsText(const std::string& column, std::string_view text);
[[nodiscard]] std::string MysqlTable(const std::string& table);  // quoted

// The rows' columns must be of these kinds; any, where none is given.
Outcome CheckMysqlTypes(const MysqlSession& session, const char* what, MYSQL_RES* rows,
                        const std::vector<std::optional<SqlKind>>& kinds);

// As SqlSession's.
Outcome CheckMysqlColumns(MysqlSession* session, const SqlTable& table, bool* exists);
Outcome CheckMysqlUnique(MysqlSession* session, const SqlTable& table);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_SCHEMA_H_
