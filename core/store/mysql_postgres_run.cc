// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_postgres_run.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>

namespace shmflake {
namespace {

constexpr int kFirstPauseMs = 2;
constexpr int kLongestPauseMs = 50;

Outcome RunOnce(SqlSession* session, const SqlAttempt& attempt, std::string_view doubt) {
  if (Outcome begun = session->Begin(); !begun.ok()) return begun;
  bool wrote = false;
  if (Outcome attempted = attempt(&wrote); !attempted.ok() || !wrote) return attempted;
  Outcome committed = session->Commit();
  committed.in_commit = true;
  if (!committed.ok() && !committed.again) committed.message.append(doubt);
  return committed;
}

std::string HostText(const shmflake_store_host& host) {
  std::string text = host.host;
  if (text.find(':') != std::string::npos) text = "[" + text + "]";
  if (host.port != 0) text += ":" + std::to_string(host.port);
  return text;
}

struct Call {
  const MakeSqlSession& make;
  const shmflake_store_target& target;
  const CallDeadline& deadline;
  const SqlUse& use;
};

enum class Reached { kNone, kFull, kUsed };

// Every host once. kFull: none was used, but one is there and had no connection to spare.
Outcome TryHosts(const Call& call, Reached* reached) {
  Outcome last;
  *reached = Reached::kNone;
  const shmflake_store_target& target = call.target;
  const std::size_t count = std::max<std::size_t>(target.host_count, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const shmflake_store_host* host = target.host_count == 0 ? nullptr : &target.hosts[i];
    std::string where = target.shown;
    if (count > 1) where += " (" + HostText(*host) + ")";
    const CallDeadline share = call.deadline.Share(count - i);
    const std::unique_ptr<SqlSession> session = call.make(target);
    last = session->Connect(host, where, share, call.deadline);
    if (last.ok()) {
      *reached = Reached::kUsed;
      last = call.use(session.get(), call.deadline);
      if (last.ok() || !last.other_host) return last;
    } else if (last.code != SHMFLAKE_STORE_UNAVAILABLE && last.code != SHMFLAKE_STORE_TIMED_OUT) {
      *reached = Reached::kUsed;
      return last;
    } else if (last.full && *reached == Reached::kNone) {
      *reached = Reached::kFull;
    }
    if (call.deadline.LeftMs() == 0) return last;
  }
  return last;
}

// A fleet that starts at once is more than a server has connections for; but each call is short.
Outcome OnFirstHost(const Call& call) {
  std::optional<Outcome> none_to_spare;
  for (int pause = kFirstPauseMs;; pause = std::min(2 * pause, kLongestPauseMs)) {
    Reached reached = Reached::kNone;
    Outcome last = TryHosts(call, &reached);
    if (reached == Reached::kFull) {
      none_to_spare = last;
      PauseAtRandom(pause, call.deadline);
    } else if (reached == Reached::kUsed || last.code != SHMFLAKE_STORE_TIMED_OUT ||
               !none_to_spare) {
      return last;
    }
    if (call.deadline.LeftMs() == 0) return *none_to_spare;
  }
}

int Finish(const Outcome& outcome, shmflake_store_error* error) {
  if (!outcome.ok() && outcome.code != SHMFLAKE_STORE_DECLINED) WriteError(outcome, error);
  return outcome.code;
}

// Memory, mostly.
int FinishThrown(const shmflake_store_target* target, const char* words,
                 shmflake_store_error* error) noexcept {
  try {
    return Finish(Failed(SHMFLAKE_STORE_UNAVAILABLE, "use", target->shown, words), error);
  } catch (const std::exception&) {
    error->message[0] = '\0';
    return SHMFLAKE_STORE_UNAVAILABLE;
  }
}

}  // namespace

std::string NotUnique(const SqlTable& table) {
  std::string columns;
  for (const std::string& column : table.key) columns += (columns.empty() ? "" : " and ") + column;
  return (table.key.size() == 1 ? "column " : "columns ") + columns + " of table " + table.name +
         " must be a primary key or unique";
}

Outcome RunTransaction(SqlSession* session, const CallDeadline& deadline, const SqlAttempt& attempt,
                       std::string_view doubt) {
  std::optional<Outcome> lost;  // the last attempt that was for nothing
  for (int pause = kFirstPauseMs;; pause = std::min(2 * pause, kLongestPauseMs)) {
    Outcome ran = RunOnce(session, attempt, doubt);
    const bool cut = ran.code == SHMFLAKE_STORE_TIMED_OUT && !ran.in_commit && lost;
    if (!ran.again && !cut) return ran;
    if (ran.again) {
      lost = ran;
      if (Outcome undone = session->Rollback(); !undone.ok() && deadline.LeftMs() > 0)
        return undone;
      PauseAtRandom(pause, deadline);
    }
    if (cut || deadline.LeftMs() == 0) {
      lost->code = SHMFLAKE_STORE_LOCKED;
      lost->message += " (until " + std::to_string(deadline.total_ms()) + " ms were up)";
      return *lost;
    }
  }
}

int RunBySql(const MakeSqlSession& make, const shmflake_store_target* target,
             std::int64_t timeout_ms, const SqlUse& use, shmflake_store_error* error) noexcept {
  try {
    const CallDeadline deadline(timeout_ms);
    return Finish(OnFirstHost({make, *target, deadline, use}), error);
  } catch (const std::exception& thrown) {
    return FinishThrown(target, thrown.what(), error);
  }
}

}  // namespace shmflake
