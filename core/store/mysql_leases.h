// SPDX-License-Identifier: Apache-2.0
// MariaDB's tables of namespaces and leases. Their times are UTC, by the server's clock, in columns
// that know no time zone.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_LEASES_H_
#define SHMFLAKE_CORE_STORE_MYSQL_LEASES_H_

#include <cstdint>
#include <string>

#include "core/store/mysql_postgres_lease.h"
#include "core/store/mysql_session.h"

namespace shmflake {

[[nodiscard]] SqlTable MysqlNamespaceTable();
[[nodiscard]] SqlTable MysqlLeaseTable();

class MysqlLeases : public SqlLeases {
 public:
  explicit MysqlLeases(MysqlSession* session) : session_(*session) {}

  Outcome SetUp() override;
  Outcome Read(const std::string& id_namespace, std::int64_t worker_id, LeaseCells* cells) override;
  Outcome InsertNamespace(const LeaseNamespace& record, bool* done, std::string* words) override;
  Outcome InsertLease(const LeaseNamespace& record, const shmflake_store_lease& lease, bool* done,
                      std::string* words) override;
  Outcome UpdateLease(const LeaseNamespace& record, const LeaseRow& old,
                      const shmflake_store_lease& lease, bool* done) override;

 private:
  Outcome Insert(const std::string& sql, bool* done, std::string* words);

  MysqlSession& session_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_LEASES_H_
