// SPDX-License-Identifier: Apache-2.0
// The records of a namespace's leases, as they all stood at one revision.
#ifndef SHMFLAKE_CORE_STORE_ETCD_LEASE_SNAPSHOT_H_
#define SHMFLAKE_CORE_STORE_ETCD_LEASE_SNAPSHOT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/etcd_gateway.h"
#include "core/store/etcd_lease_document.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// Where they are. Worker IDs have ten digits, so that keys sort as numbers do. Persisted.
class EtcdLeaseKeys {
 public:
  EtcdLeaseKeys(const std::string& prefix, const std::string& id_namespace)
      : record_(prefix + "/namespaces/" + id_namespace),
        leases_(prefix + "/leases/" + id_namespace + "/"),
        holders_(prefix + "/holders/" + id_namespace + "/") {}

  [[nodiscard]] const std::string& Namespace() const { return record_; }
  [[nodiscard]] const std::string& Leases() const { return leases_; }    // all that begin with it
  [[nodiscard]] const std::string& Holders() const { return holders_; }  // the same
  [[nodiscard]] std::string Lease(std::uint32_t worker_id) const;
  [[nodiscard]] std::string Holder(std::uint32_t worker_id) const;

 private:
  std::string record_;
  std::string leases_;
  std::string holders_;
};

struct EtcdLeaseRecord {
  std::uint32_t worker_id = 0;
  std::int64_t mod_revision = 0;
  EtcdLeaseDocument document;
  std::int64_t ttl_id = 0;  // what the holder's key is attached to; 0: it has none
  std::int64_t ttl_ms = 0;  // what is left; 0: it has ended

  // Its texts live as long as this.
  [[nodiscard]] shmflake_store_lease View() const;
};

struct EtcdLeaseSnapshot {
  std::int64_t namespace_revision = 0;  // 0: there is no record of the namespace yet
  EtcdNamespaceDocument record;
  std::vector<EtcdLeaseRecord> leases;  // ascending by worker ID

  [[nodiscard]] const EtcdLeaseRecord* Find(std::uint32_t worker_id) const;
};

// The record of worker_id only, or all of them if it is -1: then, where there are more than 16 holders,
// the time to live that each began with stands for what is left of it. CORRUPT or SCHEMA with the
// key's name.
EtcdResult ReadEtcdLeases(EtcdGateway* server, const EtcdLeaseKeys& keys, std::int64_t worker_id,
                          EtcdLeaseSnapshot* snapshot);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_LEASE_SNAPSHOT_H_
