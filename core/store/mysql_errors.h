// SPDX-License-Identifier: Apache-2.0
// What the error numbers of MariaDB, MySQL and their client library mean for a plug-in. Pure.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_ERRORS_H_
#define SHMFLAKE_CORE_STORE_MYSQL_ERRORS_H_

#include <mysql.h>

#include <string>
#include <string_view>

namespace shmflake {

// SHMFLAKE_STORE_*.
[[nodiscard]] int MysqlErrorCode(unsigned int number);
// Nothing of the transaction is left, through no fault of ours: it may succeed from the start.
[[nodiscard]] bool MysqlUndidAll(unsigned int number);
// A server that takes no writes: a replica.
[[nodiscard]] bool MysqlIsReadOnly(unsigned int number);
// Of a connection: it has too many just now.
[[nodiscard]] bool MysqlIsFull(unsigned int number, std::string_view words);

[[nodiscard]] bool IsMysqlInteger(enum_field_types type);
[[nodiscard]] bool IsMysqlText(enum_field_types type);
// "double": a column's type, for people.
[[nodiscard]] std::string MysqlTypeName(const MYSQL_FIELD& field);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_ERRORS_H_
