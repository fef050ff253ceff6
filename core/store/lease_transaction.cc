// SPDX-License-Identifier: Apache-2.0
#include "core/store/lease_transaction.h"

#include <algorithm>

#include "core/platform.h"
#include "core/store/format_text.h"
#include "core/text.h"

namespace shmflake {
namespace {

// The step behind a C callback.
struct LeaseDecision {
  FunctionRef<Status(const shmflake_store_namespace&, const shmflake_store_lease*, std::size_t,
                     shmflake_store_lease_write*)>
      decide;
  Status status;

  static int Decide(void* context, const shmflake_store_namespace* record,
                    const shmflake_store_lease* leases, std::size_t count,
                    shmflake_store_lease_write* write) {
    auto* self = static_cast<LeaseDecision*>(context);
    return DecideFor(&self->status, [&] { return self->decide(*record, leases, count, write); });
  }
};

}  // namespace

LeaseInfo InfoOf(const shmflake_store_lease& lease, const IdFormat& format) {
  LeaseInfo info;
  info.record.worker_id = lease.worker_id;
  info.record.exists = true;
  info.record.horizon = static_cast<std::uint64_t>(lease.horizon);
  info.record.holder = static_cast<std::uint64_t>(lease.holder);
  info.record.holder_region = lease.region;
  info.record.holder_host = lease.host;
  info.format = format;
  info.owner = lease.owner;
  info.ttl_ms = lease.ttl_ms;
  info.updated_unix_ms = lease.updated_unix_ms;
  return info;
}

void NewLease::Set(const shmflake_store_lease& from) {
  owner = from.owner;
  region = from.region;
  host = from.host;
  lease = from;
  lease.owner = owner.c_str();
  lease.region = region.c_str();
  lease.host = host.c_str();
}

const shmflake_store_lease* LeaseRecords::Find(std::uint32_t worker_id) const {
  const auto* found = std::find_if(leases, leases + count, [&](const shmflake_store_lease& lease) {
    return lease.worker_id == worker_id;
  });
  return found == leases + count ? nullptr : found;
}

std::vector<LeaseInfo> LeaseRecords::List() const {
  std::vector<LeaseInfo> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(InfoOf(leases[i], format));
  return list;
}

LeaseTransactions::LeaseTransactions(const StoreUrl& url, const shmflake_store_plugin* plugin,
                                     std::uint32_t timeout_ms)
    : caller_(url, plugin), deadline_ns_(MonotonicNs() + timeout_ms * kNsPerMs) {}

Status LeaseTransactions::CheckNamespace(const std::string& id_namespace,
                                         const shmflake_store_namespace& record,
                                         const IdFormat* format, LeaseRecords* records) const {
  const std::string name =
      Format("namespace %s in %s", Quote(id_namespace).c_str(), caller_.shown().c_str());
  const char* const where = name.c_str();
  const std::string identity = record.identity;
  records->exist = !identity.empty();
  const bool is_hex = identity.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (records->exist && (identity.size() != 32 || !is_hex)) {
    return Fail(Code::STORE_CORRUPT, "%s has an identity that is none: %s", where,
                Quote(identity).c_str());
  }
  if (!expected_.empty() && identity != expected_) {
    return Fail(Code::STORE_REPLACED,
                "%s is not the one that was started with (%s, now %s): its horizons are lost; "
                "restore the store",
                where, expected_.c_str(), identity.empty() ? "none" : identity.c_str());
  }
  if (!records->exist && format == nullptr) {
    return Fail(Code::NOT_FOUND, "there is no %s", where);
  }
  if (!records->exist) {
    records->format = *format;
    return Status::Ok();
  }
  if (!ParseFormatText(record.format, &records->format)) {
    return Fail(Code::STORE_CORRUPT, "%s has an ID layout that is none: %s", where,
                Quote(record.format).c_str());
  }
  if (format != nullptr && *format != records->format) {
    return Fail(Code::STORE_LAYOUT,
                "%s has the ID layout %s, not %s: IDs of both may be equal; use another "
                "id_namespace",
                where, FormatText(records->format).c_str(), FormatText(*format).c_str());
  }
  return Status::Ok();
}

Status LeaseTransactions::Run(const std::string& id_namespace, const IdFormat* format,
                              std::int64_t worker_id, const LeaseStep& step) {
  if (caller_.plugin().lease == nullptr) {
    return Fail(Code::STORE_PLUGIN, "the plug-in for %s (%s) keeps no leases",
                caller_.plugin().scheme, caller_.plugin().about);
  }
  const std::string fresh = RandomHex(16);
  const std::string format_text = format == nullptr ? "" : FormatText(*format);
  const auto decide = [&](const shmflake_store_namespace& record,
                          const shmflake_store_lease* leases, std::size_t count,
                          shmflake_store_lease_write* write) {
    LeaseRecords records;
    SHMFLAKE_RETURN_IF_ERROR(CheckNamespace(id_namespace, record, format, &records));
    records.leases = leases;
    records.count = count;
    identity_ = records.exist ? record.identity : fresh;
    *write = {};
    write->record = {identity_.c_str(), format_text.c_str()};
    return step(records, &write->lease);
  };
  LeaseDecision decision{decide, Status::Ok()};
  const std::int64_t left_ms = std::max<std::int64_t>(1, (deadline_ns_ - MonotonicNs()) / kNsPerMs);
  const Status status =
      caller_.Call([&](const shmflake_store_target& target, shmflake_store_error* error) {
        return caller_.plugin().lease(&target, id_namespace.c_str(), worker_id, left_ms,
                                      LeaseDecision::Decide, &decision, error);
      });
  return decision.status.ok() ? status : decision.status;
}

}  // namespace shmflake
