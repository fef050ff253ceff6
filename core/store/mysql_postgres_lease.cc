// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_postgres_lease.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace shmflake {
namespace {

constexpr char kLeaseDoubt[] = " (whether it was committed is not known)";
constexpr std::int64_t kRecordKey = -1;  // the namespace's record; a lease's key is its worker ID
constexpr std::int64_t kNoKey = -2;

struct LeaseRequest {
  const shmflake_store_target& target;
  const std::string id_namespace;
  std::int64_t worker_id;
  shmflake_store_decide_lease decide;
  void* context;
};

// One call's attempts.
class LeaseCall {
 public:
  LeaseCall(SqlSession* session, const LeaseRequest& request)
      : session_(session), leases_(session->leases()), request_(request) {}

  Outcome Attempt(bool* wrote);

 private:
  Outcome Decide(const LeaseRows& found, shmflake_store_lease_write* write) const;
  Outcome InsertRecord(const LeaseNamespace& record);
  Outcome WriteLease(const LeaseRows& found, const LeaseNamespace& record,
                     const shmflake_store_lease& lease);
  Outcome CheckUnique(const char* table);
  // Whoever was quicker is seen by the next reading; but not if their row is another one for the
  // table only: twice in its way, and still not read.
  Outcome Lost(std::int64_t key, const std::string& words);

  SqlSession* session_;
  SqlLeases& leases_;
  const LeaseRequest& request_;
  std::int64_t lost_key_ = kNoKey;  // what the last attempt could not insert
};

Outcome LeaseCall::Decide(const LeaseRows& found, shmflake_store_lease_write* write) const {
  std::vector<shmflake_store_lease> leases;
  leases.reserve(found.rows.size());
  for (const LeaseRow& row : found.rows) leases.push_back(row.lease);
  const shmflake_store_namespace record{found.identity.c_str(), found.format.c_str()};
  return request_.decide(request_.context, &record, leases.data(), leases.size(), write) == 0
             ? Outcome()
             : Declined();
}

Outcome LeaseCall::CheckUnique(const char* table) {
  for (const SqlTable& one : session_->tables()) {
    if (one.name == table) return session_->CheckUnique(one);
  }
  return {};
}

Outcome LeaseCall::Lost(std::int64_t key, const std::string& words) {
  const bool hidden = key != kNoKey && key == lost_key_;
  lost_key_ = key;
  Outcome lost = Failed(hidden ? SHMFLAKE_STORE_SCHEMA : SHMFLAKE_STORE_LOCKED, kWritingLease,
                        request_.target.shown, words);
  lost.again = !hidden;
  return lost;
}

Outcome LeaseCall::InsertRecord(const LeaseNamespace& record) {
  if (Outcome unique = CheckUnique(kNamespaceTable); !unique.ok()) return unique;
  bool done = false;
  std::string words;
  Outcome inserted = leases_.InsertNamespace(record, &done, &words);
  if (!inserted.ok() || done) return inserted;
  return Lost(kRecordKey, words);
}

Outcome LeaseCall::WriteLease(const LeaseRows& found, const LeaseNamespace& record,
                              const shmflake_store_lease& lease) {
  const auto old = std::find_if(found.rows.begin(), found.rows.end(), [&](const LeaseRow& row) {
    return row.lease.worker_id == lease.worker_id;
  });
  bool done = false;
  std::string words;
  std::int64_t key = kNoKey;
  if (old != found.rows.end()) {
    Outcome updated = leases_.UpdateLease(record, *old, lease, &done);
    if (!updated.ok()) return updated;
  } else {
    if (Outcome unique = CheckUnique(kLeaseTable); !unique.ok()) return unique;
    Outcome inserted = leases_.InsertLease(record, lease, &done, &words);
    if (!inserted.ok()) return inserted;
    if (!words.empty()) key = lease.worker_id;
  }
  if (done) return {};
  return Lost(key, words.empty() ? "others kept changing the row" : words);
}

Outcome LeaseCall::Attempt(bool* wrote) {
  LeaseCells cells;
  if (Outcome read = leases_.Read(request_.id_namespace, request_.worker_id, &cells); !read.ok()) {
    return read;
  }
  LeaseRows found;
  if (Outcome parsed = ParseLeases(request_.id_namespace, cells, request_.target.shown, &found);
      !parsed.ok()) {
    return parsed;
  }
  shmflake_store_lease_write write{};
  if (Outcome decided = Decide(found, &write); !decided.ok()) return decided;
  const bool is_new = found.identity.empty();
  const char* identity = write.record.identity;
  if (is_new && (identity == nullptr || identity[0] == '\0' || write.record.format == nullptr)) {
    return Failed(SHMFLAKE_STORE_CORRUPT, kWritingLease, request_.target.shown,
                  "the namespace has no record, and none was given");
  }
  const LeaseNamespace record{request_.id_namespace,
                              is_new ? write.record.identity : found.identity,
                              is_new ? write.record.format : found.format};
  if (is_new) {
    if (Outcome inserted = InsertRecord(record); !inserted.ok()) return inserted;
    *wrote = true;
  }
  if (write.lease != nullptr) {
    if (Outcome written = WriteLease(found, record, *write.lease); !written.ok()) return written;
    *wrote = true;
  }
  return {};
}

}  // namespace

int LeaseBySql(const MakeSqlSession& make, const shmflake_store_target* target,
               const char* id_namespace, std::int64_t worker_id, std::int64_t timeout_ms,
               shmflake_store_decide_lease decide, void* context,
               shmflake_store_error* error) noexcept {
  const auto lease = [&](SqlSession* session, const CallDeadline& deadline) {
    const LeaseRequest request{*target, id_namespace, worker_id, decide, context};
    if (Outcome ready = session->leases().SetUp(); !ready.ok()) return ready;
    LeaseCall call(session, request);
    return RunTransaction(
        session, deadline, [&](bool* wrote) { return call.Attempt(wrote); }, kLeaseDoubt);
  };
  return RunBySql(make, target, timeout_ms, std::ref(lease), error);
}

}  // namespace shmflake
