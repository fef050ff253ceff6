// SPDX-License-Identifier: Apache-2.0
// One connection to MariaDB or MySQL through MariaDB Connector/C, whose non-blocking calls wait
// here, with poll(): so a server that says nothing is left at the deadline.
// Thread safety: one thread.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_SESSION_H_
#define SHMFLAKE_CORE_STORE_MYSQL_SESSION_H_

#include <mysql.h>

#include <memory>
#include <optional>
#include <string>

#include "core/store/mysql_postgres_call.h"
#include "core/store/store_plugin.h"

namespace shmflake {

struct MysqlResultDeleter {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using MysqlResult = std::unique_ptr<MYSQL_RES, MysqlResultDeleter>;

class MysqlSession {
 public:
  explicit MysqlSession(const shmflake_store_target& target);
  MysqlSession(const MysqlSession&) = delete;
  MysqlSession& operator=(const MysqlSession&) = delete;
  ~MysqlSession();

  // Null host: the socket.
  Outcome Connect(const shmflake_store_host* host, const std::string& where,
                  const CallDeadline& share, const CallDeadline& deadline);

  // `what` is for messages: "read the tag's row in". `limited`: the server is told to give up
  // when our time is over, so that it does not go on waiting for a lock for nobody.
  Outcome Run(const char* what, const std::string& sql, bool limited = false);
  // The rows of the last statement; null, with OK, when it had none.
  Outcome Store(const char* what, MysqlResult* rows);
  // Rows that the last statement found, changed or not.
  [[nodiscard]] unsigned long long found_rows() { return mysql_affected_rows(mysql_); }

  // The last statement's error, 0 for none, and in the server's words.
  [[nodiscard]] unsigned int error() { return mysql_errno(mysql_); }
  [[nodiscard]] std::string words() { return mysql_error(mysql_); }
  [[nodiscard]] Outcome Error(const char* what);
  [[nodiscard]] Outcome SchemaError(const char* what, const std::string& words) const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  Outcome SetOptions(const shmflake_store_host* host);
  Outcome SetTls();
  Outcome SetLimits();
  Outcome CheckDurability();
  // Waits for what a call of the library waits for, and lets it go on, until it is done.
  template <typename Start, typename Continue>
  void Finish(Start start, Continue go_on);
  int Wait(int waits_for);

  const shmflake_store_target& target_;
  std::string where_;
  std::optional<CallDeadline> deadline_;
  MYSQL* mysql_ = nullptr;
  bool is_mariadb_ = false;
  bool timed_out_ = false;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_SESSION_H_
