// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "core/store/lease_row.h"
#include "core/store/sqlite_file.h"
#include "core/store/sqlite_schema.h"
#include "core/store/sqlite_session.h"
#include "core/store/store_step.h"
#include "core/text.h"

namespace shmflake {
namespace {

constexpr char kIfLeasesDamaged[] =
    "move it away, with its -journal, to start afresh: the IDs that were issued from it are then "
    "guarded by the clock only";

LeaseRecord RecordOf(const LeaseRow& row) {
  return {row.worker_id, true, row.horizon, row.holder, row.holder_region, row.holder_host};
}

// "" for the key's own instance, else who holds it instead.
std::string DescribeOtherHolder(const LeaseKey& key, const LeaseRow& row) {
  if (row.holder == key.instance_id) return {};
  if (row.holder == 0) return "was released";
  return "is held by another instance of region " + Quote(row.holder_region) + " on host " +
         Quote(row.holder_host);
}

class SqliteStore : public Store {
 public:
  SqliteStore(std::string path, std::uint32_t mode, std::uint32_t busy_timeout_ms)
      : path_(std::move(path)), mode_(mode), busy_timeout_ms_(busy_timeout_ms) {}

  // Makes the file and the tables if need be, and learns the identity that the later steps insist
  // on.
  Status Start() {
    return Transact([](SqliteSession*) { return Status::Ok(); });
  }

  Status Identify(const LeaseKey& /*key*/, std::string* id) override {
    *id = store_id_;
    return Status::Ok();
  }
  Status Expect(const std::string& id) override {
    if (id == store_id_) return Status::Ok();
    return Fail(Code::STORE_REPLACED,
                "the store in %s is not the one that this namespace was started with (%s, now %s)",
                path_.c_str(), id.c_str(), store_id_.c_str());
  }

  Status Acquire(const LeaseKey& key, const LeasePlan& plan) override;
  Status Extend(const LeaseKey& key, std::uint64_t horizon, std::uint64_t* granted) override;
  Status Release(const LeaseKey& key, std::uint64_t used, bool* released) override;
  Status List(const std::string& id_namespace, std::vector<LeaseInfo>* out) override;
  Status Free(const std::string& id_namespace, std::uint32_t worker_id, bool* freed) override;

 private:
  using Work = FunctionRef<Status(SqliteSession* session)>;

  // One step: the work in one durable transaction, or nothing.
  Status Transact(const Work& work);

  const std::string path_;
  const std::uint32_t mode_;
  const std::uint32_t busy_timeout_ms_;
  std::uint32_t used_ms_ = 0;  // of the next step's budget
  std::string store_id_;       // "" before the first step
};

Status SqliteStore::Transact(const Work& work) {
  const bool first = store_id_.empty();
  // Opening and the first step after it are one use of the store, and wait on one budget.
  Patience patience(std::max<std::uint32_t>(1, busy_timeout_ms_ - std::exchange(used_ms_, 0)));
  StoreStep step;
  SHMFLAKE_RETURN_IF_ERROR(step.Begin(path_, &patience));
  bool exists = false;
  SHMFLAKE_RETURN_IF_ERROR(CheckStoreFile(path_, mode_, &exists));
  if (!exists && !first)
    return Fail(Code::STORE_REPLACED, "%s was removed while it was in use", path_.c_str());
  if (!exists) SHMFLAKE_RETURN_IF_ERROR(CreateStoreFile(path_, mode_));
  SqliteSession session(path_, kIfLeasesDamaged);
  SHMFLAKE_RETURN_IF_ERROR(session.Open(&patience));
  std::string store_id;
  SHMFLAKE_RETURN_IF_ERROR(BeginOnSchema(&session, first, &store_id));
  if (!first && store_id != store_id_) {
    return Fail(Code::STORE_REPLACED,
                "%s was replaced while it was in use: it was %s, now it is %s", path_.c_str(),
                store_id_.c_str(), store_id.c_str());
  }
  SHMFLAKE_RETURN_IF_ERROR(work(&session));
  SHMFLAKE_RETURN_IF_ERROR(session.CheckOwnProcess());
  SHMFLAKE_RETURN_IF_ERROR(session.Run("COMMIT"));
  store_id_ = store_id;
  if (first) used_ms_ = patience.used_ms();
  return Status::Ok();
}

Status SqliteStore::Acquire(const LeaseKey& key, const LeasePlan& plan) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(key));
  return Transact([&](SqliteSession* session) {
    LeaseRow row;
    bool exists = false;
    SHMFLAKE_RETURN_IF_ERROR(FindLeaseRowInSoundFile(session, key, &exists, &row));
    LeaseRecord record = RecordOf(row);
    record.worker_id = key.worker_id;
    record.exists = exists;
    std::uint64_t horizon = 0;
    SHMFLAKE_RETURN_IF_ERROR(plan(record, &horizon));
    SHMFLAKE_RETURN_IF_ERROR(session->CheckOwnProcess());
    if (horizon < row.horizon) {  // invariant (1)
      return Status(Code::STORE_UNAVAILABLE,
                    DescribeKey(key) + ": the new horizon must be at least " +
                        std::to_string(row.horizon) + ": " + std::to_string(horizon));
    }
    row.id_namespace = key.id_namespace;
    row.worker_id = key.worker_id;
    row.format = key.format;
    row.base = row.horizon;
    row.horizon = horizon;
    row.holder = key.instance_id;
    row.holder_region = key.region_name;
    row.holder_host = key.host;
    return RaiseLeaseRow(session, row);
  });
}

Status SqliteStore::Extend(const LeaseKey& key, std::uint64_t horizon, std::uint64_t* granted) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(key));
  std::uint64_t stands = 0;
  const auto extend = [&](SqliteSession* session) {
    LeaseRow row;
    SHMFLAKE_RETURN_IF_ERROR(FindLeaseRow(session, key, &row));
    if (const std::string holder = DescribeOtherHolder(key, row); !holder.empty()) {
      return Status(Code::LEASE_LOST, DescribeKey(key) + " " + holder);
    }
    // Lower than what the region was granted: an older copy was put back. It is this host's alone, and
    // right again with this.
    row.horizon = std::max(row.horizon, horizon);
    stands = row.horizon;
    // Written also when it stands so already: its writer may have been killed after the commit and
    // before the sync of the directory, and a horizon that is returned must be durable.
    return RaiseLeaseRow(session, row);
  };
  SHMFLAKE_RETURN_IF_ERROR(Transact(extend));
  *granted = stands;
  return Status::Ok();
}

Status SqliteStore::Release(const LeaseKey& key, std::uint64_t used, bool* released) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(key));
  bool is_holder = false;
  const auto release = [&](SqliteSession* session) {
    LeaseRow row;
    const Status found = FindLeaseRow(session, key, &row);
    if (found.code() == Code::LEASE_LOST) return Status::Ok();
    SHMFLAKE_RETURN_IF_ERROR(found);
    if (row.holder != key.instance_id) return Status::Ok();
    is_holder = true;
    const std::uint64_t old_horizon = row.horizon;
    row.horizon = ReleasedHorizon(key, row.base, old_horizon, used);
    if (row.horizon <= old_horizon) return LowerLeaseRow(session, row, key.instance_id);
    row.holder = 0;
    return RaiseLeaseRow(session, row);
  };
  SHMFLAKE_RETURN_IF_ERROR(Transact(release));
  *released = is_holder;
  return Status::Ok();
}

Status SqliteStore::List(const std::string& id_namespace, std::vector<LeaseInfo>* out) {
  out->clear();
  return Transact([&](SqliteSession* session) {
    return VisitLeaseRows(session, id_namespace, [&](const LeaseRow& row) {
      LeaseInfo info;
      info.record = RecordOf(row);
      info.format = row.format;
      info.updated_unix_ms = row.updated_unix_ms;
      out->push_back(std::move(info));
      return Status::Ok();
    });
  });
}

Status SqliteStore::Free(const std::string& id_namespace, std::uint32_t worker_id, bool* freed) {
  *freed = false;
  return Transact([&](SqliteSession* session) {
    bool exists = false;
    LeaseRow found;
    SHMFLAKE_RETURN_IF_ERROR(VisitLeaseRows(session, id_namespace, [&](const LeaseRow& row) {
      if (row.worker_id == worker_id) found = row;
      exists = exists || row.worker_id == worker_id;
      return Status::Ok();
    }));
    if (!exists) {
      return Status(Code::NOT_FOUND, session->path() + " has no record of worker ID " +
                                         std::to_string(worker_id) + " of namespace " +
                                         Quote(id_namespace));
    }
    *freed = found.holder != 0;
    return *freed ? LowerLeaseRow(session, found, found.holder) : Status::Ok();
  });
}

}  // namespace

Status OpenSqliteStore(const std::string& state_directory, std::uint32_t mode,
                       std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out) {
  std::string path;
  SHMFLAKE_RETURN_IF_ERROR(LocateStoreFile(state_directory, kLeaseFile, mode, &path));
  auto store = std::make_unique<SqliteStore>(std::move(path), mode, busy_timeout_ms);
  SHMFLAKE_RETURN_IF_ERROR(store->Start());
  *out = std::move(store);
  return Status::Ok();
}

}  // namespace shmflake
