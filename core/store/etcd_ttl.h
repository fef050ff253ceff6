// SPDX-License-Identifier: Apache-2.0
// A time to live that etcd counts down by its own clock: keys that are attached to one are deleted
// when it ends. etcd calls it a lease; here that is something else.
#ifndef SHMFLAKE_CORE_STORE_ETCD_TTL_H_
#define SHMFLAKE_CORE_STORE_ETCD_TTL_H_

#include <cstdint>

#include "core/store/etcd_gateway.h"
#include "core/store/etcd_text.h"

namespace shmflake {

struct EtcdTtl {
  std::int64_t id = 0;      // 0: none
  std::int64_t ttl_ms = 0;  // etcd counts in seconds, and has a shortest time of its own
};

// At least `ttl_ms` from now.
EtcdResult StartEtcdTtl(EtcdGateway* server, std::int64_t ttl_ms, EtcdTtl* started);

// Best effort, and soon: it ends by itself anyway. Keys that are attached to it go.
void EndEtcdTtl(EtcdGateway* server, std::int64_t id);

// How much is left of it: at least 1, as whoever asks has seen a key that was attached to it. It may
// have ended since, or another one taken its place.
EtcdResult ReadEtcdTtl(EtcdGateway* server, std::int64_t id, std::int64_t* left_ms);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_TTL_H_
