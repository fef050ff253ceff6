// SPDX-License-Identifier: Apache-2.0
// Ranges of keys as they all stood at one revision, however many there are.
#ifndef SHMFLAKE_CORE_STORE_ETCD_RANGES_H_
#define SHMFLAKE_CORE_STORE_ETCD_RANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/etcd_gateway.h"
#include "core/store/etcd_text.h"

namespace shmflake {

struct EtcdKey {
  std::string key;
  std::int64_t mod_revision = 0;
  std::int64_t ttl_id = 0;  // etcd_ttl.h: what the key goes with; 0: it stays
  std::string text;
};

struct EtcdRange {
  std::string begin;
  std::string end;             // the first key after it; "": the one key `begin`
  std::vector<EtcdKey> found;  // ascending
};

// Linearizable: sees every write that was answered before. All ranges are read in one transaction; what
// is more than a page of one is read at that transaction's revision.
EtcdResult ReadEtcdRanges(EtcdGateway* server, std::vector<EtcdRange>* ranges);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_RANGES_H_
