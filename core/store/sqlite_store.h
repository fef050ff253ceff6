// SPDX-License-Identifier: Apache-2.0
// The embedded store: leases.db in the state directory. docs/store.md has its schema and what it
// promises.
#ifndef SHMFLAKE_CORE_STORE_SQLITE_STORE_H_
#define SHMFLAKE_CORE_STORE_SQLITE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "core/status.h"
#include "core/store/store.h"

namespace shmflake {

// Makes the file if there is none. The result holds no connection between its steps, so that it may
// be kept over fork().
Status OpenSqliteStore(const std::string& state_directory, std::uint32_t mode,
                       std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SQLITE_STORE_H_
