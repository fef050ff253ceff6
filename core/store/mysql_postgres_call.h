// SPDX-License-Identifier: Apache-2.0
// What the plug-ins of mysql and postgres share below SQL: one call's deadline, its waits, its
// outcome in words, and what both client libraries must be told so that they do not guess.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_CALL_H_
#define SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_CALL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/plugin_support.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// When a call, or one host's share of it, must be over.
class CallDeadline {
 public:
  explicit CallDeadline(std::int64_t timeout_ms);

  [[nodiscard]] int LeftMs() const;  // 0: over
  // In whole seconds, rounded up, at least 1: what servers take as limits.
  [[nodiscard]] int LeftSeconds() const;
  // An equal part of what is left, for the first of `parts`.
  [[nodiscard]] CallDeadline Share(std::size_t parts) const;
  [[nodiscard]] std::int64_t total_ms() const { return total_ms_; }

 private:
  std::int64_t total_ms_;  // for messages
  std::int64_t end_ns_;
};

// poll() for one descriptor. The events that came; 0 when the time is over.
[[nodiscard]] short PollUntil(int descriptor, short events, const CallDeadline& deadline);
// A random pause of up to most_ms, and not beyond the deadline.
void PauseAtRandom(int most_ms, const CallDeadline& deadline);

// What a step came to.
struct Outcome {
  int code = SHMFLAKE_STORE_OK;
  std::string message;      // "cannot read the tag's row in mysql://db/ids: ..."
  bool again = false;       // undone by the server: may succeed from the start
  bool in_commit = false;   // whether it was committed is the question
  bool other_host = false;  // this host cannot do it, another one may
  bool full = false;        // of a connection: the server has too many just now

  [[nodiscard]] bool ok() const { return code == SHMFLAKE_STORE_OK; }
};

// "cannot <what> <where>: <words>".
[[nodiscard]] Outcome Failed(int code, std::string_view what, std::string_view where,
                             std::string_view words);
[[nodiscard]] Outcome Declined();
[[nodiscard]] Outcome TimedOut(std::string_view what, std::string_view where,
                               const CallDeadline& deadline);
// Of a failure of TLS: not what was in it, but that the connection ended.
[[nodiscard]] bool IsConnectionEnd(std::string_view words);
// Into the caller's message: one line of UTF-8, cut between characters.
void WriteError(const Outcome& outcome, shmflake_store_error* error);

// A name or an address, and nothing that a client library takes for more: a list, a socket, a
// connection string. The numeric addresses of it; none, and why in *words, when it has none.
[[nodiscard]] std::vector<std::string> ResolveHost(const std::string& host,
                                                   const CallDeadline& deadline,
                                                   std::string* words);

// The process's user: what the client libraries would take if no environment told them otherwise.
[[nodiscard]] std::string LoginName();

// The system's file of certificate authorities; "" when none is where systems have it.
[[nodiscard]] std::string SystemCaFile();

// `a.b` with each part between `quote`s. The target's rule allows no quote in it.
[[nodiscard]] std::string QuotedTable(std::string_view table, char quote);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_CALL_H_
