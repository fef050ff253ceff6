// SPDX-License-Identifier: Apache-2.0
#include "core/store/shared_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/platform.h"
#include "core/store/lease_choice.h"
#include "core/store/lease_transaction.h"
#include "core/text.h"

namespace shmflake {
namespace {

class SharedStore final : public Store {
 public:
  SharedStore(const StoreUrl& url, const shmflake_store_plugin* plugin, std::uint32_t timeout_ms)
      : transactions_(url, plugin, timeout_ms) {}

  Status Identify(const LeaseKey& key, std::string* id) override;
  Status Expect(const std::string& id) override {
    transactions_.Expect(id);
    return Status::Ok();
  }
  Status Acquire(const LeaseKey& key, const LeasePlan& plan) override;
  Status AcquireAny(LeaseKey* key, const LeasePlan& plan) override;
  Status Extend(const LeaseKey& key, std::uint64_t horizon, std::uint64_t* granted) override;
  Status Release(const LeaseKey& key, std::uint64_t used, bool* released) override;
  Status List(const std::string& id_namespace, std::vector<LeaseInfo>* out) override;
  Status Free(const std::string& id_namespace, std::uint32_t worker_id, bool* freed) override;

 private:
  // The record that makes the key's instance the holder, or why it must not be.
  Status Take(const LeaseKey& key, const LeasePlan& plan, const shmflake_store_lease* found,
              shmflake_store_lease* write) const;

  [[nodiscard]] static bool IsSetBack(const LeaseKey& key, const shmflake_store_lease* found);
  [[nodiscard]] Status DescribeSetBack(const LeaseKey& key,
                                       const shmflake_store_lease* found) const;
  [[nodiscard]] const std::string& shown() const { return transactions_.shown(); }

  LeaseTransactions transactions_;
};

Status SharedStore::Identify(const LeaseKey& key, std::string* id) {
  SHMFLAKE_RETURN_IF_ERROR(
      // All records: a lease whose namespace has no record shows then, and none is begun over it.
      transactions_.Run(key.id_namespace, &key.format, LeaseTransactions::kAllWorkers,
                        [](const LeaseRecords& /*records*/,
                           const shmflake_store_lease** /*write*/) { return Status::Ok(); }));
  *id = transactions_.identity();
  return Status::Ok();
}

Status SharedStore::Take(const LeaseKey& key, const LeasePlan& plan,
                         const shmflake_store_lease* found, shmflake_store_lease* write) const {
  LeaseRecord record;
  record.worker_id = key.worker_id;
  if (found != nullptr) record = InfoOf(*found, key.format).record;
  std::uint64_t horizon = 0;
  SHMFLAKE_RETURN_IF_ERROR(plan(record, &horizon));
  if (horizon < record.horizon) {  // store.h, invariant (1)
    return Fail(Code::STORE_UNAVAILABLE, "%s: the new horizon must be at least %llu: %llu",
                DescribeKey(key).c_str(), static_cast<unsigned long long>(record.horizon),
                static_cast<unsigned long long>(horizon));
  }
  write->worker_id = key.worker_id;
  write->base = static_cast<std::int64_t>(record.horizon);
  write->horizon = static_cast<std::int64_t>(horizon);
  write->holder = static_cast<std::int64_t>(key.instance_id);
  write->ttl_ms = key.ttl_ms;
  write->owner = key.owner.c_str();
  write->region = key.region_name.c_str();
  write->host = key.host.c_str();
  return Status::Ok();
}

Status SharedStore::Acquire(const LeaseKey& key, const LeasePlan& plan) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(key));
  shmflake_store_lease lease{};
  const auto take = [&](const LeaseRecords& records, const shmflake_store_lease** write) {
    const shmflake_store_lease* found = records.Find(key.worker_id);
    const LeaseInfo info = found == nullptr ? LeaseInfo() : InfoOf(*found, records.format);
    if (IsHeldByOther(info, key.owner, false)) {
      return Fail(Code::WORKER_HELD,
                  "%s is held in %s by %s; configure another worker_id, end that region, or free "
                  "the lease if that host is gone",
                  DescribeKey(key).c_str(), shown().c_str(), DescribeHolder(info).c_str());
    }
    *write = &lease;
    return Take(key, plan, found, &lease);
  };
  return transactions_.Run(key.id_namespace, &key.format, key.worker_id, take);
}

Status SharedStore::AcquireAny(LeaseKey* key, const LeasePlan& plan) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(*key));
  shmflake_store_lease lease{};
  bool raced = false;
  const auto take = [&](const LeaseRecords& records, const shmflake_store_lease** write) {
    const std::vector<LeaseInfo> list = records.List();
    // Hosts that start together would all try the same ones.
    const std::uint64_t turn = std::exchange(raced, true) ? RandomU64() : 0;
    Status status;
    bool found = false;
    for (const std::uint32_t worker_id : ChooseWorkers(list, *key, turn)) {
      found = true;
      key->worker_id = worker_id;
      status = Take(*key, plan, records.Find(worker_id), &lease);
      if (status.code() != Code::RECOVERY && status.code() != Code::WORKER_HELD &&
          status.code() != Code::TIME_RANGE) {
        break;
      }
    }
    *write = &lease;
    if (found) return status;
    return Fail(Code::WORKERS_EXHAUSTED,
                "%s (%s); take a namespace with more worker_id_bits, or free the leases of hosts "
                "that are gone",
                DescribeHolders(list, *key).c_str(), shown().c_str());
  };
  return transactions_.Run(key->id_namespace, &key->format, LeaseTransactions::kAllWorkers, take);
}

// Whether the store has forgotten what the key's region was granted: then nothing that it says of
// holders counts. Of a region that was retired the horizon is lowered by whoever released it.
bool SharedStore::IsSetBack(const LeaseKey& key, const shmflake_store_lease* found) {
  const auto known = static_cast<std::int64_t>(key.known_horizon);
  return known != 0 && (found == nullptr || found->horizon < known);
}

Status SharedStore::DescribeSetBack(const LeaseKey& key, const shmflake_store_lease* found) const {
  const std::uint64_t horizon = found == nullptr ? 0 : static_cast<std::uint64_t>(found->horizon);
  return Fail(Code::STORE_BACKWARDS, "%s: %s", shown().c_str(),
              DescribeBackwards(key, horizon).c_str());
}

Status SharedStore::Extend(const LeaseKey& key, std::uint64_t horizon, std::uint64_t* granted) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(key));
  NewLease changed;
  shmflake_store_lease& lease = changed.lease;
  const auto extend = [&](const LeaseRecords& records,
                          const shmflake_store_lease** write) -> Status {
    const shmflake_store_lease* found = records.Find(key.worker_id);
    if (IsSetBack(key, found)) return DescribeSetBack(key, found);
    if (found == nullptr) {
      return Fail(Code::LEASE_LOST, "%s has no record of %s", shown().c_str(),
                  DescribeKey(key).c_str());
    }
    changed.Set(*found);
    const LeaseInfo info = InfoOf(lease, records.format);
    if (info.record.holder != key.instance_id) {
      const bool held = info.record.holder != 0;
      return Fail(Code::LEASE_LOST, "%s %s %s%s%s", DescribeKey(key).c_str(),
                  held ? "is held in" : "was released or freed in", shown().c_str(),
                  held ? " by " : "", held ? DescribeHolder(info).c_str() : "");
    }
    lease.horizon = static_cast<std::int64_t>(std::max(info.record.horizon, horizon));
    lease.ttl_ms = key.ttl_ms;
    *write = &lease;
    return Status::Ok();
  };
  SHMFLAKE_RETURN_IF_ERROR(transactions_.Run(key.id_namespace, &key.format, key.worker_id, extend));
  *granted = static_cast<std::uint64_t>(lease.horizon);
  return Status::Ok();
}

Status SharedStore::Release(const LeaseKey& key, std::uint64_t used, bool* released) {
  SHMFLAKE_RETURN_IF_ERROR(CheckLeaseKey(key));
  NewLease changed;
  shmflake_store_lease& lease = changed.lease;
  Status set_back;
  bool tried = false;
  const auto release = [&](const LeaseRecords& records, const shmflake_store_lease** write) {
    const shmflake_store_lease* found = records.Find(key.worker_id);
    const bool is_ours =
        found != nullptr && found->holder == static_cast<std::int64_t>(key.instance_id);
    // Asked again, after a write whose answer was lost, and it was made.
    if (tried && !is_ours && found != nullptr && found->horizon >= lease.horizon) {
      return Status::Ok();
    }
    const bool is_set_back = IsSetBack(key, found);
    set_back = is_set_back ? DescribeSetBack(key, found) : Status::Ok();
    *released = is_ours;
    if (!is_ours && !is_set_back) return Status::Ok();
    tried = true;
    shmflake_store_lease missing{};
    missing.worker_id = key.worker_id;
    missing.owner = key.owner.c_str();
    missing.region = key.region_name.c_str();
    missing.host = key.host.c_str();
    changed.Set(found != nullptr ? *found : missing);
    lease.horizon =
        static_cast<std::int64_t>(ReleasedHorizon(key, static_cast<std::uint64_t>(lease.base),
                                                  static_cast<std::uint64_t>(lease.horizon), used));
    // In a store that was set back somebody else may hold it, below what was issued: no more.
    lease.holder = 0;
    lease.ttl_ms = 0;
    *write = &lease;
    return Status::Ok();
  };
  const Status status = transactions_.Run(key.id_namespace, &key.format, key.worker_id, release);
  if (!status.ok()) *released = false;
  return status.ok() ? set_back : status;
}

Status SharedStore::List(const std::string& id_namespace, std::vector<LeaseInfo>* out) {
  const auto look = [&](const LeaseRecords& records, const shmflake_store_lease** /*write*/) {
    *out = records.List();
    return Status::Ok();
  };
  return transactions_.Run(id_namespace, nullptr, LeaseTransactions::kAllWorkers, look);
}

Status SharedStore::Free(const std::string& id_namespace, std::uint32_t worker_id, bool* freed) {
  NewLease changed;
  shmflake_store_lease& lease = changed.lease;
  const auto free = [&](const LeaseRecords& records, const shmflake_store_lease** write) -> Status {
    const shmflake_store_lease* found = records.Find(worker_id);
    if (found == nullptr) {
      return Fail(Code::NOT_FOUND, "namespace %s in %s has no record of worker ID %u",
                  Quote(id_namespace).c_str(), shown().c_str(), worker_id);
    }
    *freed = found->holder != 0;
    if (!*freed) return Status::Ok();
    changed.Set(*found);
    lease.holder = 0;
    lease.ttl_ms = 0;
    *write = &lease;
    return Status::Ok();
  };
  return transactions_.Run(id_namespace, nullptr, worker_id, free);
}

}  // namespace

Status OpenSharedStore(const std::string& url, std::uint32_t timeout_ms,
                       std::unique_ptr<Store>* out) {
  StoreUrl parsed;
  SHMFLAKE_RETURN_IF_ERROR(ParseStoreUrl(url, &parsed));
  const shmflake_store_plugin* plugin = nullptr;
  SHMFLAKE_RETURN_IF_ERROR(LoadPlugin(parsed.scheme, &plugin));
  *out = MakeSharedStore(parsed, plugin, timeout_ms);
  return Status::Ok();
}

std::unique_ptr<Store> MakeSharedStore(const StoreUrl& url, const shmflake_store_plugin* plugin,
                                       std::uint32_t timeout_ms) {
  return std::make_unique<SharedStore>(url, plugin, timeout_ms);
}

}  // namespace shmflake
