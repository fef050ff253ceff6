// SPDX-License-Identifier: Apache-2.0
// The store "postgres": PostgreSQL.
//
// All that a transaction needs is set within it, so that it may go through a pool of connections.
#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/store/mysql_postgres_lease.h"
#include "core/store/mysql_postgres_take.h"
#include "core/store/postgres_leases.h"
#include "core/store/postgres_schema.h"
#include "core/store/postgres_segments.h"
#include "core/store/postgres_session.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

class PostgresStore : public SqlSession {
 public:
  explicit PostgresStore(const shmflake_store_target& target)
      : session_(target),
        segments_(&session_, target.table),
        leases_(&session_),
        tables_{PostgresSegmentTable(target.table), PostgresNamespaceTable(),
                PostgresLeaseTable()} {}

  Outcome Connect(const shmflake_store_host* host, const std::string& where,
                  const CallDeadline& share, const CallDeadline& deadline) override {
    return session_.Connect(host, where, share, deadline);
  }
  Outcome Begin() override;
  Outcome Commit() override;
  Outcome Rollback() override {
    PostgresResult result;
    return session_.Run("roll back in", "ROLLBACK", {}, &result);
  }

  SqlSegments& segments() override { return segments_; }
  SqlLeases& leases() override { return leases_; }
  const std::vector<SqlTable>& tables() override { return tables_; }

  Outcome CheckColumns(const SqlTable& table, bool* exists) override {
    return CheckPostgresColumns(&session_, table, exists);
  }
  Outcome CheckUnique(const SqlTable& table) override {
    return CheckPostgresUnique(&session_, table);
  }
  Outcome CreateTable(const SqlTable& table) override {
    return CreatePostgresTable(&session_, table);
  }

 private:
  PostgresSession session_;
  PostgresSegments segments_;
  PostgresLeases leases_;
  std::vector<SqlTable> tables_;
};

Outcome PostgresStore::Begin() {
  PostgresResult result;
  return session_.Run("begin a transaction in",
                      PostgresBegin(session_) +
                          "; SELECT set_config('synchronous_commit', 'on', true)"
                          " WHERE current_setting('synchronous_commit') = 'off'",
                      {}, &result);
}

Outcome PostgresStore::Commit() {
  static constexpr char kCommitting[] = "commit to";
  PostgresResult result;
  Outcome committed = session_.Run(kCommitting, "COMMIT", {}, &result);
  if (committed.ok() && PQcmdStatus(result.get()) != std::string("COMMIT")) {
    return session_.Error(SHMFLAKE_STORE_UNAVAILABLE, kCommitting, "the server rolled back");
  }
  // Committed here, but not where the server was told to have it too.
  if (committed.ok() && !session_.warning().empty()) {
    committed = session_.Error(SHMFLAKE_STORE_UNAVAILABLE, kCommitting, session_.warning());
  }
  return committed;
}

std::unique_ptr<SqlSession> MakeStore(const shmflake_store_target& target) {
  return std::make_unique<PostgresStore>(target);
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

std::string About() {
  const int version = PQlibVersion();
  return "libpq " + std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

}  // namespace
}  // namespace shmflake

extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_store_plugin_v2() {
  static const std::string about = shmflake::About();
  static const shmflake_store_plugin plugin = {SHMFLAKE_STORE_PLUGIN_VERSION,
                                               0,
                                               "postgres",
                                               about.c_str(),
                                               shmflake::Take,
                                               shmflake::Init,
                                               shmflake::Lease};
  return &plugin;
}
