// SPDX-License-Identifier: Apache-2.0
// A call of a plug-in whose store speaks SQL: the hosts in order, the transaction, and starting again
// when somebody else was quicker. What is done in it is mysql_postgres_take.h's, _lease.h's and
// _init.h's; what each server's words are is a session's.
//
// Invariant: after COMMIT was sent, only the server's word that it undid all leads to another attempt.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_RUN_H_
#define SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_RUN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/mysql_postgres_call.h"
#include "core/store/store_plugin.h"

namespace shmflake {

class SqlSegments;
class SqlLeases;

// kTime: a point in time, whatever the session's time zone.
enum class SqlKind { kText, kInteger, kTime };

struct SqlTable {
  std::string name;  // "id_segments", "other.tags"
  struct Column {
    const char* name;
    SqlKind kind;
  };
  std::vector<Column> columns;   // those that are used
  std::vector<std::string> key;  // no two rows may have the same values in these
  std::string create;            // the statements that make it
  const char* use_it;            // for messages: "use the table in"
  const char* make_it;           // "make the table in"
};

// "columns a and b of table t must be a primary key or unique".
[[nodiscard]] std::string NotUnique(const SqlTable& table);

// One connection. Its destructor closes it, which undoes what was not committed.
class SqlSession {
 public:
  virtual ~SqlSession() = default;

  // Within `share`; what follows has until `deadline`. Null host: the socket, or the client
  // library's default. `where` is for messages.
  virtual Outcome Connect(const shmflake_store_host* host, const std::string& where,
                          const CallDeadline& share, const CallDeadline& deadline) = 0;
  virtual Outcome Begin() = 0;
  virtual Outcome Commit() = 0;
  virtual Outcome Rollback() = 0;

  // What a transaction can do with the tables of each.
  virtual SqlSegments& segments() = 0;
  virtual SqlLeases& leases() = 0;

  // All that a store has.
  virtual const std::vector<SqlTable>& tables() = 0;
  // Sets *exists to false, with OK, when there is no such table. SCHEMA when a column is missing or
  // of another type.
  virtual Outcome CheckColumns(const SqlTable& table, bool* exists) = 0;
  // SCHEMA when two rows could have one key.
  virtual Outcome CheckUnique(const SqlTable& table) = 0;
  virtual Outcome CreateTable(const SqlTable& table) = 0;
};

using MakeSqlSession =
    std::function<std::unique_ptr<SqlSession>(const shmflake_store_target& target)>;

// What a transaction does between its begin and its end: OK with *wrote, to be committed; OK without,
// when it has nothing to; or an outcome with `again`, when somebody else was quicker.
using SqlAttempt = std::function<Outcome(bool* wrote)>;

// The attempt in a transaction, from the start again while it was for nothing and there is time.
// `doubt` is added to what is said when the outcome of the COMMIT is not known.
Outcome RunTransaction(SqlSession* session, const CallDeadline& deadline, const SqlAttempt& attempt,
                       std::string_view doubt);

// Runs `use` on the first host that can be reached, each with its share of the time; and all of it
// as the plug-in's call: returns SHMFLAKE_STORE_*, and throws nothing.
using SqlUse = std::function<Outcome(SqlSession* session, const CallDeadline& deadline)>;
int RunBySql(const MakeSqlSession& make, const shmflake_store_target* target,
             std::int64_t timeout_ms, const SqlUse& use, shmflake_store_error* error) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_RUN_H_
