// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's tables of namespaces and leases. Their times are by the server's clock, in columns
// that do not depend on a time zone.
#ifndef SHMFLAKE_CORE_STORE_POSTGRES_LEASES_H_
#define SHMFLAKE_CORE_STORE_POSTGRES_LEASES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/mysql_postgres_lease.h"
#include "core/store/postgres_session.h"

namespace shmflake {

[[nodiscard]] SqlTable PostgresNamespaceTable();
[[nodiscard]] SqlTable PostgresLeaseTable();

class PostgresLeases : public SqlLeases {
 public:
  explicit PostgresLeases(PostgresSession* session) : session_(*session) {}

  Outcome SetUp() override { return {}; }
  Outcome Read(const std::string& id_namespace, std::int64_t worker_id, LeaseCells* cells) override;
  Outcome InsertNamespace(const LeaseNamespace& record, bool* done, std::string* words) override;
  Outcome InsertLease(const LeaseNamespace& record, const shmflake_store_lease& lease, bool* done,
                      std::string* words) override;
  Outcome UpdateLease(const LeaseNamespace& record, const LeaseRow& old,
                      const shmflake_store_lease& lease, bool* done) override;

 private:
  Outcome Insert(const std::string& sql, const std::vector<std::string>& parameters, bool* done,
                 std::string* words);

  PostgresSession& session_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_POSTGRES_LEASES_H_
