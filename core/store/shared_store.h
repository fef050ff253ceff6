// SPDX-License-Identifier: Apache-2.0
// Leases in a store that many hosts trust, through a plug-in (store_plugin.h). What a lease means is
// decided here, once for all of them; a plug-in reads, compares and writes.
//
// Invariants, besides store.h's:
//   (1) A record is written only in place of the one that was decided on: a plug-in compares.
//   (2) A namespace's identity and format are written once, by whoever comes first.
//   (3) Whoever takes a worker ID over begins at the horizon that its record has, alive or not as
//       the last holder may be.
#ifndef SHMFLAKE_CORE_STORE_SHARED_STORE_H_
#define SHMFLAKE_CORE_STORE_SHARED_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "core/store/store.h"
#include "core/store/store_plugin.h"
#include "core/store/store_url.h"

namespace shmflake {

// Opens no connection. All steps together wait at most timeout_ms. STORE_URL; STORE_PLUGIN when
// there is no plug-in for the URL's scheme.
Status OpenSharedStore(const std::string& url, std::uint32_t timeout_ms,
                       std::unique_ptr<Store>* out);
// The same, with the plug-in at hand.
[[nodiscard]] std::unique_ptr<Store> MakeSharedStore(const StoreUrl& url,
                                                     const shmflake_store_plugin* plugin,
                                                     std::uint32_t timeout_ms);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SHARED_STORE_H_
