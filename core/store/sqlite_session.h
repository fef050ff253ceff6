// SPDX-License-Identifier: Apache-2.0
// One connection to an SQLite file and its statements: opened for a step, closed with it.
// Thread safety: one thread, inside a StoreStep.
#ifndef SHMFLAKE_CORE_STORE_SQLITE_SESSION_H_
#define SHMFLAKE_CORE_STORE_SQLITE_SESSION_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"
#include "core/store/store_step.h"

struct sqlite3;
struct sqlite3_stmt;

namespace shmflake {

class SqliteSession {
 public:
  // `advice` is for who finds the file damaged.
  SqliteSession(std::string path, const char* advice);
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;
  ~SqliteSession();  // rolls back what was not committed

  // Opens the file, which must exist, for durable writing. Waits for locks as long as patience
  // lasts, here and in all that follows.
  Status Open(Patience* patience);

  // A statement whose rows do not matter.
  Status Run(const char* sql);
  // The one value of a query: CORRUPT when there is none, or one of another type.
  Status ReadInteger(const char* sql, std::int64_t* value);
  Status ReadText(const char* sql, std::string* value);
  // Rows that the last statement changed.
  [[nodiscard]] int changes() const;
  // Whether the last statement failed since the table has a rule of its own.
  [[nodiscard]] bool BrokeConstraint() const;

  // Not in a copy of the process that a callback made by fork(): that one has the connection, but
  // none of its locks. STORE_UNAVAILABLE.
  Status CheckOwnProcess() const;

  // The last error, as one of ours: its path, what was being done, and SQLite's own words.
  Status Error() const;
  // STORE_CORRUPT with what is wrong and what to do.
  Status Corrupt(const std::string& what) const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* handle() const { return db_; }

 private:
  Status Configure();
  Status ReadOnlyError(const std::string& words) const;

  std::string path_;
  const char* advice_;
  sqlite3* db_ = nullptr;
  Patience* patience_ = nullptr;
  pid_t pid_ = 0;
};

// A prepared statement. Parameters are bound in order, columns read in order.
class SqliteStatement {
 public:
  SqliteStatement(SqliteSession* session, const char* sql);
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement();

  SqliteStatement& Bind(std::int64_t value);
  SqliteStatement& Bind(std::string_view value);  // copied

  // Runs to the next row. *has_row is false at the end.
  Status Step(bool* has_row);

  // The current row's next column. False when it has another type; the value is then as it was.
  [[nodiscard]] bool Read(std::int64_t* value);
  [[nodiscard]] bool Read(std::string* value);

 private:
  SqliteSession* session_;
  sqlite3_stmt* statement_ = nullptr;
  int result_;  // of preparing and binding
  int parameter_ = 0;
  int column_ = 0;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SQLITE_SESSION_H_
