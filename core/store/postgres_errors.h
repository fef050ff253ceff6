// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL's SQLSTATEs mean for a plug-in. Pure.
#ifndef SHMFLAKE_CORE_STORE_POSTGRES_ERRORS_H_
#define SHMFLAKE_CORE_STORE_POSTGRES_ERRORS_H_

#include <string>
#include <string_view>

namespace shmflake {

inline constexpr std::string_view kPostgresNoDatabase = "3D000";
inline constexpr std::string_view kPostgresUniqueViolation = "23505";
inline constexpr std::string_view kPostgresUndefinedTable = "42P01";

// SHMFLAKE_STORE_*; UNAVAILABLE for "" (libpq's own errors).
[[nodiscard]] int PostgresErrorCode(std::string_view sqlstate);
// Nothing of the transaction is left, through no fault of ours: it may succeed from the start.
[[nodiscard]] bool PostgresUndidAll(std::string_view sqlstate);
// Somebody else made the same table, or what belongs to it, at the same time.
[[nodiscard]] bool PostgresExistsAlready(std::string_view sqlstate);
// A server that takes no writes: a replica.
[[nodiscard]] bool PostgresIsReadOnly(std::string_view sqlstate);
// Of a connection: it has too many just now.
[[nodiscard]] bool PostgresIsFull(std::string_view sqlstate);

// The SQLSTATE in libpq's verbose words about a connection ("FATAL:  28P01: password ..."), which is
// taken out of them, with what follows the first line of the server's; "" when there is none.
[[nodiscard]] std::string TakeSqlState(std::string* words);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_POSTGRES_ERRORS_H_
