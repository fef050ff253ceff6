// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_lease_snapshot.h"

#include <algorithm>
#include <limits>

#include "core/store/etcd_ranges.h"
#include "core/store/etcd_ttl.h"
#include "core/store/plugin_support.h"

namespace shmflake {
namespace {

constexpr std::size_t kWorkerDigits = 10;
constexpr std::size_t kMostTtlsAsked = 16;

std::string WorkerDigits(std::uint32_t worker_id) {
  const std::string digits = std::to_string(worker_id);
  return std::string(kWorkerDigits - digits.size(), '0') + digits;
}

EtcdResult WrongKey(const std::string& key, const EtcdResult& wrong) {
  return {wrong.code, "the key " + key + ": " + wrong.message};
}

EtcdResult CorruptKey(const std::string& key, const std::string& what) {
  return WrongKey(key, {SHMFLAKE_STORE_CORRUPT, what});
}

// What stands after `directory` in the key.
EtcdResult ReadWorkerId(const std::string& key, const std::string& directory,
                        std::uint32_t* worker_id) {
  const std::string digits = key.substr(directory.size());
  std::int64_t value = 0;
  if (ReadInteger(digits, &value) != IntegerText::kInteger || value < 0 ||
      value > std::numeric_limits<std::uint32_t>::max() ||
      WorkerDigits(static_cast<std::uint32_t>(value)) != digits) {
    return CorruptKey(key, "it must end in a worker ID of ten digits");
  }
  *worker_id = static_cast<std::uint32_t>(value);
  return {};
}

EtcdResult ReadLease(const EtcdKey& found, const EtcdLeaseKeys& keys, EtcdLeaseSnapshot* snapshot) {
  EtcdLeaseRecord lease;
  lease.mod_revision = found.mod_revision;
  EtcdResult result = ReadWorkerId(found.key, keys.Leases(), &lease.worker_id);
  if (!result.ok()) return result;
  result = lease.document.Parse(found.text);
  if (!result.ok()) return WrongKey(found.key, result);
  // It would go with whoever holds it, and with it what was ever given.
  if (found.ttl_id != 0) return CorruptKey(found.key, "it has a time to live");
  snapshot->leases.push_back(std::move(lease));
  return {};
}

EtcdResult ReadHolder(const EtcdKey& found, const EtcdLeaseKeys& keys,
                      EtcdLeaseSnapshot* snapshot) {
  std::uint32_t worker_id = 0;
  EtcdResult result = ReadWorkerId(found.key, keys.Holders(), &worker_id);
  if (!result.ok()) return result;
  EtcdHolderDocument holder;
  result = holder.Parse(found.text);
  if (!result.ok()) return WrongKey(found.key, result);
  if (found.ttl_id == 0) return CorruptKey(found.key, "it has no time to live");
  const EtcdLeaseRecord* of = snapshot->Find(worker_id);
  if (of == nullptr) {
    return CorruptKey(found.key, "it has no record, the key " + keys.Lease(worker_id));
  }
  if (of->document.holder != holder.holder) {
    return CorruptKey(found.key,
                      "its holder " + std::to_string(holder.holder) +
                          " must be that of the record: " + std::to_string(of->document.holder));
  }
  EtcdLeaseRecord& lease = snapshot->leases[static_cast<std::size_t>(of - snapshot->leases.data())];
  lease.ttl_id = found.ttl_id;
  lease.ttl_ms = holder.ttl_ms;
  return {};
}

EtcdResult ReadNamespace(const EtcdRange& range, const EtcdLeaseKeys& keys,
                         EtcdLeaseSnapshot* snapshot) {
  if (range.found.empty()) {
    // Who made a new one would give it another identity, and perhaps another format.
    return snapshot->leases.empty()
               ? EtcdResult{}
               : CorruptKey(keys.Namespace(), "it is missing, but the key " +
                                                  keys.Lease(snapshot->leases[0].worker_id) +
                                                  " is there");
  }
  snapshot->namespace_revision = range.found[0].mod_revision;
  EtcdResult result = snapshot->record.Parse(range.found[0].text);
  if (!result.ok()) return WrongKey(keys.Namespace(), result);
  return range.found[0].ttl_id == 0 ? EtcdResult{}
                                    : CorruptKey(keys.Namespace(), "it has a time to live");
}

EtcdResult AskTtls(EtcdGateway* server, EtcdLeaseSnapshot* snapshot) {
  const auto is_held = [](const EtcdLeaseRecord& lease) { return lease.ttl_id != 0; };
  const auto held = std::count_if(snapshot->leases.begin(), snapshot->leases.end(), is_held);
  if (static_cast<std::size_t>(held) > kMostTtlsAsked) return {};
  for (EtcdLeaseRecord& lease : snapshot->leases) {
    if (!is_held(lease)) continue;
    EtcdResult result = ReadEtcdTtl(server, lease.ttl_id, &lease.ttl_ms);
    if (!result.ok()) return result;
  }
  return {};
}

}  // namespace

std::string EtcdLeaseKeys::Lease(std::uint32_t worker_id) const {
  return leases_ + WorkerDigits(worker_id);
}

std::string EtcdLeaseKeys::Holder(std::uint32_t worker_id) const {
  return holders_ + WorkerDigits(worker_id);
}

shmflake_store_lease EtcdLeaseRecord::View() const {
  shmflake_store_lease view{};
  view.worker_id = worker_id;
  view.horizon = document.horizon;
  view.base = document.base;
  view.holder = document.holder;
  view.ttl_ms = ttl_ms;
  view.updated_unix_ms = document.updated_unix_ms;
  view.owner = document.owner.c_str();
  view.region = document.region.c_str();
  view.host = document.host.c_str();
  return view;
}

const EtcdLeaseRecord* EtcdLeaseSnapshot::Find(std::uint32_t worker_id) const {
  const auto found = std::lower_bound(
      leases.begin(), leases.end(), worker_id,
      [](const EtcdLeaseRecord& lease, std::uint32_t id) { return lease.worker_id < id; });
  return found == leases.end() || found->worker_id != worker_id ? nullptr : &*found;
}

EtcdResult ReadEtcdLeases(EtcdGateway* server, const EtcdLeaseKeys& keys, std::int64_t worker_id,
                          EtcdLeaseSnapshot* snapshot) {
  *snapshot = EtcdLeaseSnapshot();
  std::vector<EtcdRange> ranges(3);
  ranges[0].begin = keys.Namespace();
  if (worker_id < 0) {
    ranges[1].begin = keys.Leases();
    ranges[1].end = EndOfEtcdDirectory(keys.Leases());
    ranges[2].begin = keys.Holders();
    ranges[2].end = EndOfEtcdDirectory(keys.Holders());
  } else {
    ranges[1].begin = keys.Lease(static_cast<std::uint32_t>(worker_id));
    ranges[2].begin = keys.Holder(static_cast<std::uint32_t>(worker_id));
  }
  EtcdResult result = ReadEtcdRanges(server, &ranges);
  for (const EtcdKey& found : ranges[1].found) {
    if (result.ok()) result = ReadLease(found, keys, snapshot);
  }
  for (const EtcdKey& found : ranges[2].found) {
    if (result.ok()) result = ReadHolder(found, keys, snapshot);
  }
  if (result.ok()) result = ReadNamespace(ranges[0], keys, snapshot);
  return result.ok() ? AskTtls(server, snapshot) : result;
}

}  // namespace shmflake
