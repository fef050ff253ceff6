// SPDX-License-Identifier: Apache-2.0
// The tables of the SQLite store (docs/store.md). Persisted: never change version 1, add a version.
#ifndef SHMFLAKE_CORE_STORE_SQLITE_SCHEMA_H_
#define SHMFLAKE_CORE_STORE_SQLITE_SCHEMA_H_

#include <cstdint>
#include <string>

#include "core/status.h"
#include "core/store/sqlite_session.h"

namespace shmflake {

inline constexpr std::int64_t kStoreApplicationId = 0x73666c6b;  // "sflk"
inline constexpr std::int64_t kStoreSchemaVersion = 1;

// Begins a write transaction on a store of this schema; *store_id is its identity. An empty file
// becomes a new store within the transaction, if `may_create`; else it is STORE_REPLACED.
// STORE_SCHEMA and STORE_CORRUPT, with nothing changed, for what is not a store of this schema.
Status BeginOnSchema(SqliteSession* session, bool may_create, std::string* store_id);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SQLITE_SCHEMA_H_
