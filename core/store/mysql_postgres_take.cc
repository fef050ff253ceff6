// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_postgres_take.h"

#include <algorithm>
#include <cstddef>
#include <exception>

namespace shmflake {
namespace {

constexpr int kFirstPauseMs = 2;
constexpr int kLongestPauseMs = 50;
constexpr int kMostCreateRaces = 5;

struct Request {
  const shmflake_store_target& target;
  const char* tag;
  shmflake_store_decide decide;
  void* context;
};

// One transaction. OK with *declined, or with the row written; `again` when it was for nothing.
Outcome TakeOnce(SqlSession* session, const Request& request, bool* declined, int* lost_inserts) {
  if (Outcome begun = session->Begin(); !begun.ok()) return begun;
  std::optional<shmflake_store_row> found;
  if (Outcome read = session->ReadRow(request.tag, &found); !read.ok()) return read;
  shmflake_store_row write{};
  if (request.decide(request.context, found ? &*found : nullptr, &write) != 0) {
    *declined = true;
    return {};
  }
  bool done = false;
  std::string words;
  if (found) {
    Outcome updated = session->UpdateRow(request.tag, found->max_id, write.max_id, &done);
    if (!updated.ok()) return updated;
    *lost_inserts = 0;
    words = "others kept changing the row";
  } else {
    if (Outcome unique = session->CheckUnique(); !unique.ok()) return unique;
    Outcome inserted = session->InsertRow(request.tag, write, &done, &words);
    if (!inserted.ok()) return inserted;
    if (!done) ++*lost_inserts;
  }
  if (done) {
    Outcome committed = session->Commit();
    committed.in_commit = true;
    return committed;
  }
  // Whoever was quicker is seen by the next reading. If there is still no row, but one that is in
  // its way, the table takes two tags for one.
  const bool hidden = *lost_inserts > 1;
  Outcome lost = Failed(hidden ? SHMFLAKE_STORE_SCHEMA : SHMFLAKE_STORE_LOCKED,
                        "write the tag's row in", request.target.shown, words);
  lost.again = !hidden;
  return lost;
}

Outcome TakeOn(SqlSession* session, const Request& request, const CallDeadline& deadline,
               bool* declined) {
  int lost_inserts = 0;
  std::optional<Outcome> lost;  // the last attempt that was for nothing
  for (int pause = kFirstPauseMs;; pause = std::min(2 * pause, kLongestPauseMs)) {
    Outcome taken = TakeOnce(session, request, declined, &lost_inserts);
    const bool cut = taken.code == SHMFLAKE_STORE_TIMED_OUT && !taken.in_commit && lost;
    if (!taken.again && !cut) return taken;
    if (taken.again) {
      lost = taken;
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

Outcome InitOn(SqlSession* session) {
  for (int races = 0;; ++races) {
    bool exists = false;
    if (Outcome checked = session->CheckColumns(&exists); !checked.ok()) return checked;
    if (exists) return session->CheckUnique();
    Outcome created = session->CreateTable();
    if (!created.ok() && (!created.again || races == kMostCreateRaces)) return created;
  }
}

std::string HostText(const shmflake_store_host& host) {
  std::string text = host.host;
  if (text.find(':') != std::string::npos) text = "[" + text + "]";
  if (host.port != 0) text += ":" + std::to_string(host.port);
  return text;
}

// Runs `use` on the first host that can be reached, each with its share of the time.
Outcome OnFirstHost(const MakeSqlSession& make, const shmflake_store_target& target,
                    const CallDeadline& deadline, const std::function<Outcome(SqlSession*)>& use) {
  Outcome last;
  const std::size_t count = std::max<std::size_t>(target.host_count, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const shmflake_store_host* host = target.host_count == 0 ? nullptr : &target.hosts[i];
    std::string where = target.shown;
    if (count > 1) where += " (" + HostText(*host) + ")";
    const CallDeadline share = deadline.Share(count - i);
    const std::unique_ptr<SqlSession> session = make(target);
    last = session->Connect(host, where, share, deadline);
    if (last.ok()) {
      last = use(session.get());
      if (last.ok() || !last.other_host) return last;
    } else if (last.code != SHMFLAKE_STORE_UNAVAILABLE && last.code != SHMFLAKE_STORE_TIMED_OUT) {
      return last;
    }
    if (deadline.LeftMs() == 0) return last;
  }
  return last;
}

int Finish(const Outcome& outcome, shmflake_store_error* error) {
  if (!outcome.ok()) WriteError(outcome, error);
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

int TakeBySql(const MakeSqlSession& make, const shmflake_store_target* target, const char* tag,
              std::int64_t timeout_ms, shmflake_store_decide decide, void* context,
              shmflake_store_error* error) noexcept {
  try {
    const CallDeadline deadline(timeout_ms);
    const Request request{*target, tag, decide, context};
    bool declined = false;
    const Outcome outcome = OnFirstHost(make, *target, deadline, [&](SqlSession* session) {
      return TakeOn(session, request, deadline, &declined);
    });
    if (outcome.ok() && declined) return SHMFLAKE_STORE_DECLINED;
    return Finish(outcome, error);
  } catch (const std::exception& thrown) {
    return FinishThrown(target, thrown.what(), error);
  }
}

int InitBySql(const MakeSqlSession& make, const shmflake_store_target* target,
              std::int64_t timeout_ms, shmflake_store_error* error) noexcept {
  try {
    const CallDeadline deadline(timeout_ms);
    return Finish(OnFirstHost(make, *target, deadline, InitOn), error);
  } catch (const std::exception& thrown) {
    return FinishThrown(target, thrown.what(), error);
  }
}

}  // namespace shmflake
