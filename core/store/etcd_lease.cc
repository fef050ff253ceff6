// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_lease.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/etcd_call.h"
#include "core/store/etcd_lease_document.h"
#include "core/store/etcd_lease_snapshot.h"
#include "core/store/etcd_ttl.h"

namespace shmflake {
namespace {

constexpr std::size_t kLongestNamespace = 63;
constexpr std::string_view kTtlIsGone = "requested lease not found";

struct LeaseCall {
  EtcdLeaseKeys keys;
  std::int64_t worker_id;
  shmflake_store_decide_lease decide;
  void* context;
};

// What decide() wants written, checked: what is persisted stays for ever.
struct Wanted {
  shmflake_store_namespace record{};
  const shmflake_store_lease* lease = nullptr;
};

EtcdResult Impossible(const std::string& what) {
  return {SHMFLAKE_STORE_CORRUPT, "what is to be written is impossible: " + what};
}

// False when it wants nothing written.
bool Decide(const LeaseCall& call, const EtcdLeaseSnapshot& snapshot, Wanted* wanted) {
  std::vector<shmflake_store_lease> leases;
  leases.reserve(snapshot.leases.size());
  for (const EtcdLeaseRecord& lease : snapshot.leases) leases.push_back(lease.View());
  const shmflake_store_namespace record = {snapshot.record.identity.c_str(),
                                           snapshot.record.format.c_str()};
  shmflake_store_lease_write write{};
  if (call.decide(call.context, &record, leases.data(), leases.size(), &write) != 0) return false;
  wanted->record = write.record;
  wanted->lease = write.lease;
  return true;
}

EtcdResult AddNamespace(const LeaseCall& call, const EtcdLeaseSnapshot& snapshot,
                        const Wanted& wanted, EtcdTransaction* transaction) {
  transaction->unchanged.push_back({call.keys.Namespace(), snapshot.namespace_revision});
  if (snapshot.namespace_revision != 0) return {};
  const EtcdNamespaceDocument document = {
      wanted.record.identity == nullptr ? "" : wanted.record.identity,
      wanted.record.format == nullptr ? "" : wanted.record.format};
  EtcdResult result = document.Check();
  if (!result.ok()) return Impossible(result.message);
  transaction->puts.push_back({call.keys.Namespace(), document.Text()});
  return {};
}

std::int64_t UnixMs(const EtcdGateway& server) {
  if (server.server_unix_ms() != 0) return server.server_unix_ms();
  using std::chrono::milliseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::max(std::int64_t{0},
                  std::int64_t{std::chrono::duration_cast<milliseconds>(now).count()});
}

EtcdResult AddLease(const LeaseCall& call, const EtcdLeaseRecord* old,
                    const shmflake_store_lease& lease, std::int64_t unix_ms,
                    EtcdTransaction* transaction) {
  if (call.worker_id >= 0 && call.worker_id != lease.worker_id) {
    return Impossible("worker ID " + std::to_string(lease.worker_id) + " was not read");
  }
  if (lease.ttl_ms < 0 || (lease.holder == 0 && lease.ttl_ms != 0)) {
    return Impossible("ttl_ms must be 1 or more with a holder, and 0 without: " +
                      std::to_string(lease.ttl_ms));
  }
  const EtcdLeaseDocument document = {lease.horizon, lease.base, lease.holder, lease.owner,
                                      lease.region,  lease.host, unix_ms};
  EtcdResult result = document.Check();
  if (!result.ok()) return Impossible(result.message);
  const std::string key = call.keys.Lease(lease.worker_id);
  transaction->unchanged.push_back({key, old == nullptr ? 0 : old->mod_revision});
  transaction->puts.push_back({key, document.Text()});
  if (lease.ttl_ms == 0) transaction->deletes.push_back(call.keys.Holder(lease.worker_id));
  return {};
}

EtcdResult Commit(EtcdGateway* server, const EtcdTransaction& transaction, bool* written) {
  EtcdResult result = server->Commit(transaction, written);
  if (IsEtcdOutage(result.code)) result.message += "; it may have been written all the same";
  return result;
}

// Commits, with the holder's key attached to a time to live that begins now.
EtcdResult CommitWithHolder(EtcdGateway* server, const LeaseCall& call,
                            const shmflake_store_lease& lease, EtcdTransaction* transaction,
                            bool* written) {
  EtcdTtl ttl;
  EtcdResult result = StartEtcdTtl(server, lease.ttl_ms, &ttl);
  if (!result.ok()) return result;
  const EtcdHolderDocument document = {lease.holder, ttl.ttl_ms};
  transaction->puts.push_back({call.keys.Holder(lease.worker_id), document.Text(), ttl.id});
  result = Commit(server, *transaction, written);
  if (result.message.find(kTtlIsGone) != std::string::npos) return {};  // as a race that was lost
  if (!*written && !IsEtcdOutage(result.code)) EndEtcdTtl(server, ttl.id);
  return result;
}

// One try; *written is false when somebody else was quicker.
EtcdResult TryToLease(EtcdGateway* server, const LeaseCall& call, bool* written) {
  *written = false;
  EtcdLeaseSnapshot snapshot;
  EtcdResult result = ReadEtcdLeases(server, call.keys, call.worker_id, &snapshot);
  if (!result.ok()) return result;
  const std::int64_t unix_ms = UnixMs(*server);
  Wanted wanted;
  if (!Decide(call, snapshot, &wanted)) return {SHMFLAKE_STORE_DECLINED, ""};

  EtcdTransaction transaction;
  result = AddNamespace(call, snapshot, wanted, &transaction);
  if (!result.ok()) return result;
  const EtcdLeaseRecord* old = nullptr;
  if (wanted.lease != nullptr) {
    old = snapshot.Find(wanted.lease->worker_id);
    result = AddLease(call, old, *wanted.lease, unix_ms, &transaction);
    if (!result.ok()) return result;
  }
  if (transaction.puts.empty()) {
    *written = true;  // all that is wanted is there
    return {};
  }
  result = wanted.lease != nullptr && wanted.lease->ttl_ms > 0
               ? CommitWithHolder(server, call, *wanted.lease, &transaction, written)
               : Commit(server, transaction, written);
  if (*written && old != nullptr && old->ttl_id != 0) EndEtcdTtl(server, old->ttl_id);
  return result;
}

EtcdResult CheckArguments(std::string_view id_namespace, std::int64_t worker_id) {
  const bool plain = std::all_of(id_namespace.begin(), id_namespace.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (id_namespace.empty() || id_namespace.size() > kLongestNamespace || !plain) {
    return {SHMFLAKE_STORE_CORRUPT,
            "the namespace must be 1..63 of [A-Za-z0-9._-]: " + Excerpt(id_namespace)};
  }
  if (worker_id < -1 || worker_id > std::numeric_limits<std::uint32_t>::max()) {
    return {SHMFLAKE_STORE_CORRUPT,
            "the worker ID must be 0..4294967295, or -1 for all: " + std::to_string(worker_id)};
  }
  return {};
}

}  // namespace

int LeaseInEtcd(const shmflake_store_target* target, const char* id_namespace,
                std::int64_t worker_id, std::int64_t timeout_ms, shmflake_store_decide_lease decide,
                void* context, shmflake_store_error* error) {
  return GuardEtcdCall(target, error, [&] {
    const std::string shown = "\"" + OneLine(id_namespace, kLongestNamespace) + "\"";
    const std::string what = worker_id < 0 ? "cannot lease in namespace " + shown
                                           : "cannot lease worker ID " + std::to_string(worker_id) +
                                                 " of namespace " + shown;
    EtcdResult result = CheckArguments(id_namespace, worker_id);
    if (!result.ok()) {
      result.message = std::string(target->shown) + ": " + what + ": " + result.message;
      return result;
    }
    const LeaseCall call = {EtcdLeaseKeys(EtcdPrefix(*target), id_namespace), worker_id, decide,
                            context};
    const std::string contested =
        worker_id < 0 ? "the keys under " + call.keys.Leases()
                      : "the key " + call.keys.Lease(static_cast<std::uint32_t>(worker_id));
    return TryEtcdHosts(
        *target, what, timeout_ms, [&](EtcdGateway* server, const EtcdDeadline& deadline) {
          return RepeatWhileLost(contested, deadline,
                                 [&](bool* written) { return TryToLease(server, call, written); });
        });
  });
}

EtcdResult CheckEtcdLeaseAccess(EtcdGateway* server, const shmflake_store_target& target) {
  EtcdResult result;
  for (const char* directory : {"/namespaces/", "/leases/", "/holders/"}) {
    if (result.ok()) result = server->CheckAccess(EtcdPrefix(target) + directory);
  }
  return result;
}

}  // namespace shmflake
