// SPDX-License-Identifier: Apache-2.0
// Leases in etcd: for each worker ID a record that is never deleted, and beside it a key of its holder
// that etcd deletes when the holder's time to live has ended. Both, and the namespace's record, change
// in one transaction that compares their revisions.
//
// A horizon stands once the transaction is committed: a time to live that was begun for one that lost
// its race is ended again, and one whose transaction has an unknown outcome is left to end by itself,
// for the holder's key may be attached to it.
#ifndef SHMFLAKE_CORE_STORE_ETCD_LEASE_H_
#define SHMFLAKE_CORE_STORE_ETCD_LEASE_H_

#include <cstdint>

#include "core/store/etcd_gateway.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// The plug-in's `lease`.
int LeaseInEtcd(const shmflake_store_target* target, const char* id_namespace,
                std::int64_t worker_id, std::int64_t timeout_ms, shmflake_store_decide_lease decide,
                void* context, shmflake_store_error* error);

// Whether the keys of all namespaces may be read and written. Writes nothing.
EtcdResult CheckEtcdLeaseAccess(EtcdGateway* server, const shmflake_store_target& target);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_LEASE_H_
