// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_postgres_take.h"

namespace shmflake {
namespace {

constexpr int kMostCreateRaces = 5;
constexpr char kTakeDoubt[] = " (whether it was committed is not known: the range may be a gap)";

struct TakeRequest {
  const shmflake_store_target& target;
  const char* tag;
  shmflake_store_decide decide;
  void* context;
};

// What a transaction does. `again` when it was for nothing.
Outcome TakeOnce(SqlSession* session, const TakeRequest& request, bool* wrote, int* lost_inserts) {
  SqlSegments& segments = session->segments();
  std::optional<shmflake_store_row> found;
  if (Outcome read = segments.ReadRow(request.tag, &found); !read.ok()) return read;
  shmflake_store_row write{};
  if (request.decide(request.context, found ? &*found : nullptr, &write) != 0) return Declined();
  std::string words;
  if (found) {
    Outcome updated = segments.UpdateRow(request.tag, found->max_id, write.max_id, wrote);
    if (!updated.ok()) return updated;
    *lost_inserts = 0;
    words = "others kept changing the row";
  } else {
    if (Outcome unique = session->CheckUnique(session->tables().front()); !unique.ok()) {
      return unique;
    }
    Outcome inserted = segments.InsertRow(request.tag, write, wrote, &words);
    if (!inserted.ok()) return inserted;
    if (!*wrote) ++*lost_inserts;
  }
  if (*wrote) return {};
  // Whoever was quicker is seen by the next reading. If there is still no row, but one that is in
  // its way, the table takes two tags for one.
  const bool hidden = *lost_inserts > 1;
  Outcome lost = Failed(hidden ? SHMFLAKE_STORE_SCHEMA : SHMFLAKE_STORE_LOCKED,
                        "write the tag's row in", request.target.shown, words);
  lost.again = !hidden;
  return lost;
}

Outcome InitTable(SqlSession* session, const SqlTable& table) {
  for (int races = 0;; ++races) {
    bool exists = false;
    if (Outcome checked = session->CheckColumns(table, &exists); !checked.ok()) return checked;
    if (exists) return session->CheckUnique(table);
    Outcome created = session->CreateTable(table);
    if (!created.ok() && (!created.again || races == kMostCreateRaces)) return created;
  }
}

}  // namespace

int TakeBySql(const MakeSqlSession& make, const shmflake_store_target* target, const char* tag,
              std::int64_t timeout_ms, shmflake_store_decide decide, void* context,
              shmflake_store_error* error) noexcept {
  const TakeRequest request{*target, tag, decide, context};
  const auto take = [&](SqlSession* session, const CallDeadline& deadline) {
    int lost_inserts = 0;
    const auto attempt = [&](bool* wrote) {
      return TakeOnce(session, request, wrote, &lost_inserts);
    };
    return RunTransaction(session, deadline, attempt, kTakeDoubt);
  };
  return RunBySql(make, target, timeout_ms, take, error);
}

int InitBySql(const MakeSqlSession& make, const shmflake_store_target* target,
              std::int64_t timeout_ms, shmflake_store_error* error) noexcept {
  const auto init = [](SqlSession* session, const CallDeadline& /*deadline*/) {
    for (const SqlTable& table : session->tables()) {
      if (Outcome made = InitTable(session, table); !made.ok()) return made;
    }
    return Outcome();
  };
  return RunBySql(make, target, timeout_ms, init, error);
}

}  // namespace shmflake
