// SPDX-License-Identifier: Apache-2.0
// A host's addresses, looked up in the calling thread: libcurl would start one.
#ifndef SHMFLAKE_CORE_STORE_ETCD_RESOLVE_H_
#define SHMFLAKE_CORE_STORE_ETCD_RESOLVE_H_

#include <cstdint>
#include <string>

#include "core/store/etcd_text.h"

namespace shmflake {

// "10.0.0.1,[fd00::1]", in the system's order; a numeric address is its own. The system's resolver
// counts in seconds: with a name server that is dead, it may take one or two more than it is given.
EtcdResult ResolveEtcdHost(const std::string& host, std::int64_t timeout_ms,
                           std::string* addresses);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_RESOLVE_H_
