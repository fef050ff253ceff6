// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres_errors.h"

#include <algorithm>
#include <cstddef>

#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

constexpr std::size_t kSqlStateSize = 5;

bool IsSqlStateCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

}  // namespace

int PostgresErrorCode(std::string_view sqlstate) {
  if (sqlstate == "22003") return SHMFLAKE_STORE_RANGE;   // numeric value out of range
  if (sqlstate == "42501") return SHMFLAKE_STORE_DENIED;  // insufficient privilege
  if (sqlstate == "55P03") return SHMFLAKE_STORE_LOCKED;  // lock_timeout
  const std::string_view kind = sqlstate.substr(0, 2);
  if (kind == "28") return SHMFLAKE_STORE_DENIED;  // who we are
  if (kind == "40") return SHMFLAKE_STORE_LOCKED;  // deadlock, serialisation
  // Data, constraints, no such database, schema, table, column or type.
  for (const char* schema : {"22", "23", "3D", "3F", "42", "44"}) {
    if (kind == schema) return SHMFLAKE_STORE_SCHEMA;
  }
  return SHMFLAKE_STORE_UNAVAILABLE;
}

bool PostgresUndidAll(std::string_view sqlstate) {
  return sqlstate.substr(0, 2) == "40" && sqlstate != "40003";  // 40003: not known
}

bool PostgresExistsAlready(std::string_view sqlstate) {
  return sqlstate == kPostgresUniqueViolation || sqlstate == "42P07" || sqlstate == "42710" ||
         sqlstate == "XX000";  // "tuple concurrently updated", of a function made twice
}

bool PostgresIsReadOnly(std::string_view sqlstate) { return sqlstate == "25006"; }

bool PostgresIsFull(std::string_view sqlstate) { return sqlstate == "53300"; }

std::string TakeSqlState(std::string* words) {
  // Two spaces follow the severity, whatever the language of it.
  for (std::size_t at = words->find(":  "); at != std::string::npos;
       at = words->find(":  ", at + 1)) {
    const std::size_t begin = at + 3;
    std::string state = words->substr(begin, kSqlStateSize);
    const bool is_state = state.size() == kSqlStateSize &&
                          std::all_of(state.begin(), state.end(), IsSqlStateCharacter) &&
                          words->compare(begin + kSqlStateSize, 2, ": ") == 0;
    if (!is_state) continue;
    words->erase(begin, kSqlStateSize + 2);
    const std::size_t end = words->find('\n', begin);
    if (end != std::string::npos) words->erase(end);
    return state;
  }
  return {};
}

}  // namespace shmflake
