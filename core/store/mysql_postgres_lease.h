// SPDX-License-Identifier: Apache-2.0
// The leases of a plug-in whose store speaks SQL: what it does in a transaction.
//
// Invariants:
//   (1) Nothing is locked between reading and writing: what is written compares the row's version, and
//       more of it, with what decide() saw, and the namespace's record as well.
//   (2) A new row is inserted only where the table lets no second one in.
//   (3) Each attempt reads in a transaction of its own: it sees whoever was quicker.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_LEASE_H_
#define SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_LEASE_H_

#include <cstdint>
#include <string>

#include "core/store/mysql_postgres_lease_rows.h"
#include "core/store/mysql_postgres_run.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// The namespace whose record must be as it was for a lease to be written.
struct LeaseNamespace {
  std::string name;
  std::string identity;
  std::string format;
};

// The rows of leases, in a session's transaction.
class SqlLeases {
 public:
  virtual ~SqlLeases() = default;

  // Once in a session, before its first transaction.
  virtual Outcome SetUp() = 0;
  // Without a lock, all as it was at one moment. worker_id -1: all of them.
  virtual Outcome Read(const std::string& id_namespace, std::int64_t worker_id,
                       LeaseCells* cells) = 0;
  // *done is false when the row is not as it was, or, inserting, when there is one already (then
  // *words has what the server says); or when the namespace's record is not.
  virtual Outcome InsertNamespace(const LeaseNamespace& record, bool* done, std::string* words) = 0;
  virtual Outcome InsertLease(const LeaseNamespace& record, const shmflake_store_lease& lease,
                              bool* done, std::string* words) = 0;
  virtual Outcome UpdateLease(const LeaseNamespace& record, const LeaseRow& old,
                              const shmflake_store_lease& lease, bool* done) = 0;
};

// The call of a plug-in. It throws nothing.
int LeaseBySql(const MakeSqlSession& make, const shmflake_store_target* target,
               const char* id_namespace, std::int64_t worker_id, std::int64_t timeout_ms,
               shmflake_store_decide_lease decide, void* context,
               shmflake_store_error* error) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_LEASE_H_
