// SPDX-License-Identifier: Apache-2.0
// The steps of a plug-in whose store speaks SQL: the hosts in order, the transaction, and starting
// again when somebody else was quicker. What each server's words are is a session's.
//
// Invariants:
//   (1) A new max_id is written only if the row is still as decide() saw it, also where the server
//       keeps no lock on it (a table without transactions): the UPDATE compares.
//   (2) A new row is inserted only where the table lets no second one in.
//   (3) After COMMIT was sent, only the server's word that it undid all leads to another attempt.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_TAKE_H_
#define SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_TAKE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/store/mysql_postgres_call.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// One connection. Its destructor closes it, which undoes what was not committed.
class SqlSession {
 public:
  virtual ~SqlSession() = default;

  // Within `share`; what follows has until `deadline`. Null host: the socket, or the client
  // library's default. `where` is for messages.
  virtual Outcome Connect(const shmflake_store_host* host, const std::string& where,
                          const CallDeadline& share, const CallDeadline& deadline) = 0;
  virtual Outcome Begin() = 0;
  // The tag's row, locked. SCHEMA when there are several.
  virtual Outcome ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) = 0;
  // *done is false when the row is not as it was, or, inserting, when there is one already (then
  // *words has what the server says).
  virtual Outcome UpdateRow(const std::string& tag, std::int64_t old_max_id,
                            std::int64_t new_max_id, bool* done) = 0;
  virtual Outcome InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                            std::string* words) = 0;
  virtual Outcome Commit() = 0;
  virtual Outcome Rollback() = 0;

  // Sets *exists to false, with OK, when there is no such table. SCHEMA when a column is missing or
  // of another type.
  virtual Outcome CheckColumns(bool* exists) = 0;
  // SCHEMA when two rows could have one tag.
  virtual Outcome CheckUnique() = 0;
  virtual Outcome CreateTable() = 0;
};

using MakeSqlSession =
    std::function<std::unique_ptr<SqlSession>(const shmflake_store_target& target)>;

// The two calls of a plug-in. They throw nothing.
int TakeBySql(const MakeSqlSession& make, const shmflake_store_target* target, const char* tag,
              std::int64_t timeout_ms, shmflake_store_decide decide, void* context,
              shmflake_store_error* error) noexcept;
int InitBySql(const MakeSqlSession& make, const shmflake_store_target* target,
              std::int64_t timeout_ms, shmflake_store_error* error) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_TAKE_H_
