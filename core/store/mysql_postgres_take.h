// SPDX-License-Identifier: Apache-2.0
// The segments of a plug-in whose store speaks SQL: what it does in a transaction.
//
// Invariants:
//   (1) A new max_id is written only if the row is still as decide() saw it, also where the server
//       keeps no lock on it (a table without transactions): the UPDATE compares.
//   (2) A new row is inserted only where the table lets no second one in.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_TAKE_H_
#define SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_TAKE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/store/mysql_postgres_run.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// The tags' rows, in a session's transaction.
class SqlSegments {
 public:
  virtual ~SqlSegments() = default;

  // The tag's row, locked. SCHEMA when there are several.
  virtual Outcome ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) = 0;
  // *done is false when the row is not as it was, or, inserting, when there is one already (then
  // *words has what the server says).
  virtual Outcome UpdateRow(const std::string& tag, std::int64_t old_max_id,
                            std::int64_t new_max_id, bool* done) = 0;
  virtual Outcome InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                            std::string* words) = 0;
};

// The two calls of a plug-in. They throw nothing.
int TakeBySql(const MakeSqlSession& make, const shmflake_store_target* target, const char* tag,
              std::int64_t timeout_ms, shmflake_store_decide decide, void* context,
              shmflake_store_error* error) noexcept;
// All the tables, each that is missing.
int InitBySql(const MakeSqlSession& make, const shmflake_store_target* target,
              std::int64_t timeout_ms, shmflake_store_error* error) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_TAKE_H_
