// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_errors.h"

#include <errmsg.h>
#include <mysqld_error.h>

#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

// MySQL's, which MariaDB's header does not name.
constexpr unsigned int kQueryTimeout = 3024;
constexpr unsigned int kTransactionRolledBack = 3101;
constexpr unsigned int kAccountLocked = 3118;
constexpr unsigned int kCheckViolated = 3819;

constexpr unsigned int kBinaryCharset = 63;

}  // namespace

int MysqlErrorCode(unsigned int number) {
  switch (number) {
    case ER_DBACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_ERROR:
    case ER_HOST_NOT_PRIVILEGED:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_PLUGIN_IS_NOT_LOADED:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    case ER_MUST_CHANGE_PASSWORD:
    case ER_MUST_CHANGE_PASSWORD_LOGIN:
    case ER_ACCESS_DENIED_CHANGE_USER_ERROR:
    case ER_ACCOUNT_HAS_BEEN_LOCKED:
    case kAccountLocked:
    case CR_SSL_CONNECTION_ERROR:
    case CR_SECURE_AUTH:
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
    case CR_AUTH_PLUGIN_ERR:
    case CR_PLUGIN_NOT_ALLOWED:
    case CR_ERR_LOAD_PLUGIN:
    case CR_FILE_NOT_FOUND:  // of a certificate or key
      return SHMFLAKE_STORE_DENIED;
    case ER_NO_DB_ERROR:
    case ER_BAD_NULL_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_BAD_FIELD_ERROR:
    case ER_DUP_ENTRY:
    case ER_WRONG_DB_NAME:
    case ER_WRONG_TABLE_NAME:
    case ER_NO_SUCH_TABLE:
    case ER_NO_REFERENCED_ROW:
    case ER_NO_REFERENCED_ROW_2:
    case ER_CANT_AGGREGATE_2COLLATIONS:
    case ER_CANT_AGGREGATE_3COLLATIONS:
    case ER_CANT_AGGREGATE_NCOLLATIONS:
    case ER_NON_UPDATABLE_TABLE:
    case ER_INVALID_CHARACTER_STRING:
    case ER_WRONG_OBJECT:
    case ER_VIEW_INVALID:
    case ER_VIEW_CHECK_FAILED:
    case ER_NO_DEFAULT_FOR_FIELD:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_DATA_TOO_LONG:
    case ER_NO_SUCH_TABLE_IN_ENGINE:
    case ER_CONSTRAINT_FAILED:
    case kCheckViolated:
      return SHMFLAKE_STORE_SCHEMA;
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_DATA_OUT_OF_RANGE:
      return SHMFLAKE_STORE_RANGE;
    case ER_CHECKREAD:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_DEADLOCK:
    case ER_STATEMENT_TIMEOUT:
    case kQueryTimeout:
    case kTransactionRolledBack:
      return SHMFLAKE_STORE_LOCKED;
    default:
      return SHMFLAKE_STORE_UNAVAILABLE;
  }
}

bool MysqlUndidAll(unsigned int number) {
  return number == ER_CHECKREAD || number == ER_LOCK_WAIT_TIMEOUT || number == ER_LOCK_DEADLOCK ||
         number == kTransactionRolledBack;
}

bool MysqlIsReadOnly(unsigned int number) {
  return number == ER_OPTION_PREVENTS_STATEMENT ||
         number == ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION || number == ER_READ_ONLY_MODE;
}

bool MysqlIsFull(unsigned int number, std::string_view words) {
  // The user's own limit has a number that limits by the hour have, too.
  return number == ER_CON_COUNT_ERROR || number == ER_TOO_MANY_USER_CONNECTIONS ||
         (number == ER_USER_LIMIT_REACHED &&
          words.find("max_user_connections") != std::string_view::npos);
}

bool IsMysqlInteger(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 ||
         type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG;
}

bool IsMysqlText(enum_field_types type) {
  return type == MYSQL_TYPE_VAR_STRING || type == MYSQL_TYPE_STRING || type == MYSQL_TYPE_VARCHAR ||
         type == MYSQL_TYPE_BLOB || type == MYSQL_TYPE_TINY_BLOB ||
         type == MYSQL_TYPE_MEDIUM_BLOB || type == MYSQL_TYPE_LONG_BLOB;
}

std::string MysqlTypeName(const MYSQL_FIELD& field) {
  const bool binary = field.charsetnr == kBinaryCharset;
  switch (field.type) {
    case MYSQL_TYPE_TINY:
      return "tinyint";
    case MYSQL_TYPE_SHORT:
      return "smallint";
    case MYSQL_TYPE_INT24:
      return "mediumint";
    case MYSQL_TYPE_LONG:
      return "int";
    case MYSQL_TYPE_LONGLONG:
      return "bigint";
    case MYSQL_TYPE_FLOAT:
      return "float";
    case MYSQL_TYPE_DOUBLE:
      return "double";
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
      return "decimal";
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
      return binary ? "varbinary" : "varchar";
    case MYSQL_TYPE_STRING:
      return binary ? "binary" : "char";
    case MYSQL_TYPE_BLOB:
      return binary ? "blob" : "text";
    case MYSQL_TYPE_TIMESTAMP:
      return "timestamp";
    case MYSQL_TYPE_DATETIME:
      return "datetime";
    case MYSQL_TYPE_DATE:
      return "date";
    case MYSQL_TYPE_BIT:
      return "bit";
    default:
      return "of type " + std::to_string(static_cast<int>(field.type));
  }
}

}  // namespace shmflake
