// SPDX-License-Identifier: Apache-2.0
// One row of shmflake_leases: what the store remembers of a (namespace, worker ID), checked as it
// is read.
#ifndef SHMFLAKE_CORE_STORE_LEASE_ROW_H_
#define SHMFLAKE_CORE_STORE_LEASE_ROW_H_

#include <cstdint>
#include <string>

#include "core/function_ref.h"
#include "core/id_format.h"
#include "core/status.h"
#include "core/store/sqlite_session.h"
#include "core/store/store.h"

namespace shmflake {

struct LeaseRow {
  std::string id_namespace;
  std::uint32_t worker_id = 0;
  std::uint64_t horizon = 0;
  std::uint64_t base = 0;  // the horizon that the present, or last, holder began at
  std::uint64_t holder = 0;
  std::string holder_region;
  std::string holder_host;
  IdFormat format;
  std::int64_t updated_unix_ms = 0;
};

// The key's row. LEASE_LOST when there is none; STORE_CORRUPT; STORE_LAYOUT when its format is not
// the key's.
Status FindLeaseRow(SqliteSession* session, const LeaseKey& key, LeaseRow* row);

// The same, but reads and checks the whole file, so that a missing row is missing, and not lost to
// damage. *exists is false when there is none. STORE_LAYOUT also when any row of the namespace has
// another format: the IDs of two layouts may be equal.
Status FindLeaseRowInSoundFile(SqliteSession* session, const LeaseKey& key, bool* exists,
                               LeaseRow* row);

// Reads and checks the whole file, and visits the namespace's rows, ascending by worker ID, until a
// visit fails.
Status VisitLeaseRows(SqliteSession* session, const std::string& id_namespace,
                      const FunctionRef<Status(const LeaseRow&)>& visit);

// Writes a row whose horizon is no lower than the present one's.
Status RaiseLeaseRow(SqliteSession* session, const LeaseRow& changed);

// Writes a row whose horizon is between the present one's base and horizon, and which has no
// holder.
Status LowerLeaseRow(SqliteSession* session, const LeaseRow& changed, std::uint64_t old_holder);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_LEASE_ROW_H_
