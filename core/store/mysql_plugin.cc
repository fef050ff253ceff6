// SPDX-License-Identifier: Apache-2.0
// The store "mysql": MariaDB or MySQL.
#include <mysql.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/store/mysql_leases.h"
#include "core/store/mysql_postgres_lease.h"
#include "core/store/mysql_postgres_take.h"
#include "core/store/mysql_schema.h"
#include "core/store/mysql_segments.h"
#include "core/store/mysql_session.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

class MysqlStore : public SqlSession {
 public:
  explicit MysqlStore(const shmflake_store_target& target)
      : session_(target),
        segments_(&session_, target.table),
        leases_(&session_),
        tables_{MysqlSegmentTable(target.table), MysqlNamespaceTable(), MysqlLeaseTable()} {}

  Outcome Connect(const shmflake_store_host* host, const std::string& where,
                  const CallDeadline& share, const CallDeadline& deadline) override {
    return session_.Connect(host, where, share, deadline);
  }
  Outcome Begin() override {
    return session_.Run("begin a transaction in", "START TRANSACTION READ WRITE");
  }
  Outcome Commit() override { return session_.Run("commit to", "COMMIT"); }
  // A server may be set to end the connection with it, unless told otherwise.
  Outcome Rollback() override {
    return session_.Run("roll back in", "ROLLBACK AND NO CHAIN NO RELEASE");
  }

  SqlSegments& segments() override { return segments_; }
  SqlLeases& leases() override { return leases_; }
  const std::vector<SqlTable>& tables() override { return tables_; }

  Outcome CheckColumns(const SqlTable& table, bool* exists) override {
    return CheckMysqlColumns(&session_, table, exists);
  }
  Outcome CheckUnique(const SqlTable& table) override { return CheckMysqlUnique(&session_, table); }
  Outcome CreateTable(const SqlTable& table) override {
    return session_.Run(table.make_it, table.create, true);
  }

 private:
  MysqlSession session_;
  MysqlSegments segments_;
  MysqlLeases leases_;
  std::vector<SqlTable> tables_;
};

std::unique_ptr<SqlSession> MakeStore(const shmflake_store_target& target) {
  return std::make_unique<MysqlStore>(target);
}

int Take(const shmflake_store_target* target, const char* tag, std::int64_t timeout_ms,
         shmflake_store_decide decide, void* context, shmflake_store_error* error) {
  return TakeBySql(MakeStore, target, tag, timeout_ms, decide, context, error);
}

int Init(const shmflake_store_target* target, std::int64_t timeout_ms,
         shmflake_store_error* error) {
  return InitBySql(MakeStore, target, timeout_ms, error);
}

int Lease(const shmflake_store_target* target, const char* id_namespace, std::int64_t worker_id,
          std::int64_t timeout_ms, shmflake_store_decide_lease decide, void* context,
          shmflake_store_error* error) {
  return LeaseBySql(MakeStore, target, id_namespace, worker_id, timeout_ms, decide, context, error);
}

}  // namespace
}  // namespace shmflake

extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_store_plugin_v2() {
  static const std::string about = std::string("MariaDB Connector/C ") + mysql_get_client_info();
  static const shmflake_store_plugin plugin = {SHMFLAKE_STORE_PLUGIN_VERSION,
                                               0,
                                               "mysql",
                                               about.c_str(),
                                               shmflake::Take,
                                               shmflake::Init,
                                               shmflake::Lease};
  return &plugin;
}
