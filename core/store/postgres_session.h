// SPDX-License-Identifier: Apache-2.0
// One connection to PostgreSQL through libpq, whose asynchronous calls wait here, with poll(): so a
// server that says nothing is left at the deadline.
// Thread safety: one thread.
#ifndef SHMFLAKE_CORE_STORE_POSTGRES_SESSION_H_
#define SHMFLAKE_CORE_STORE_POSTGRES_SESSION_H_

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/store/mysql_postgres_call.h"
#include "core/store/store_plugin.h"

namespace shmflake {

struct PostgresResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, PostgresResultDeleter>;

class PostgresSession {
 public:
  explicit PostgresSession(const shmflake_store_target& target);
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;
  ~PostgresSession();

  // Null host: the socket, or where libpq looks for it.
  Outcome Connect(const shmflake_store_host* host, const std::string& where,
                  const CallDeadline& share, const CallDeadline& deadline);

  // `what` is for messages: "read the tag's row in". Parameters are text: $1, $2, ... Without any,
  // there may be several statements; *result is the last one's, or the one that failed.
  Outcome Run(const char* what, const std::string& sql, const std::vector<std::string>& parameters,
              PostgresResult* result);

  // The SQLSTATE of the last statement, and the server's words; "" when it was well.
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
  [[nodiscard]] const std::string& words() const { return words_; }
  // The last statement's first warning; "" when there was none.
  [[nodiscard]] const std::string& warning() const { return warning_; }
  [[nodiscard]] int left_ms() const { return deadline_->LeftMs(); }
  [[nodiscard]] Outcome Error(int code, const char* what, const std::string& words) const {
    return Failed(code, what, where_, words);
  }

 private:
  Outcome MakeConnectionString(const shmflake_store_host* host, std::string* text);
  Outcome ConnectionError(bool in_tls);
  Outcome SetUp();
  Outcome Lost(const char* what);
  static void Note(void* session, const PGresult* notice);

  const shmflake_store_target& target_;
  std::string where_;
  std::optional<CallDeadline> deadline_;
  PGconn* connection_ = nullptr;
  std::string sqlstate_;
  std::string words_;
  std::string warning_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_POSTGRES_SESSION_H_
