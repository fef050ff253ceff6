// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_leases.h"

#include <mysqld_error.h>

#include <optional>
#include <vector>

#include "core/store/mysql_schema.h"

namespace shmflake {
namespace {

constexpr char kNow[] = "UTC_TIMESTAMP(6)";

std::string Text(const char* text) { return "_utf8mb4 " + MysqlLiteral(text); }

std::string ExpiresAt(const shmflake_store_lease& lease) {
  if (lease.holder == 0) return "NULL";
  return std::string(kNow) + " + INTERVAL " + std::to_string(TtlUs(lease)) + " MICROSECOND";
}

// As decide() saw it. The record that is compared is locked against changes, of which there are none.
std::string IsNamespace(const LeaseNamespace& record) {
  return MysqlIsText("n.id_namespace", record.name) + " AND " +
         MysqlIsText("n.identity", record.identity) + " AND " +
         MysqlIsText("n.format", record.format);
}

}  // namespace

SqlTable MysqlNamespaceTable() {
  return NamespaceTable("CREATE TABLE IF NOT EXISTS " + std::string(kNamespaceTable) +
                        " (id_namespace varchar(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
                        " identity varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
                        " format varchar(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
                        " created_at datetime(6) NOT NULL COMMENT 'UTC',"
                        " PRIMARY KEY (id_namespace)) ENGINE = InnoDB");
}

SqlTable MysqlLeaseTable() {
  return LeaseTable("CREATE TABLE IF NOT EXISTS " + std::string(kLeaseTable) +
                    " (id_namespace varchar(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
                    " worker_id bigint NOT NULL, horizon bigint NOT NULL, base bigint NOT NULL,"
                    " holder bigint NOT NULL,"
                    " owner varchar(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
                    " region varchar(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
                    " host varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,"
                    " version bigint NOT NULL, expires_at datetime(6) COMMENT 'UTC',"
                    " updated_at datetime(6) NOT NULL COMMENT 'UTC',"
                    " PRIMARY KEY (id_namespace, worker_id)) ENGINE = InnoDB");
}

Outcome MysqlLeases::SetUp() {
  // Plain reads see one moment and lock nothing, whatever the server's default; and what is written
  // can be in a log of statements.
  return session_.Run("set up the session in",
                      "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
}

Outcome MysqlLeases::Read(const std::string& id_namespace, std::int64_t worker_id,
                          LeaseCells* cells) {
  const std::string of_leases = MysqlIsText("l.id_namespace", id_namespace);
  std::string sql =
      "SELECT @@GLOBAL.read_only AS read_only, CASE WHEN n.identity IS NULL THEN (SELECT"
      " MIN(l.worker_id) FROM shmflake_leases AS l WHERE " +
      of_leases +
      ") END AS ownerless, n.identity, n.format, l.worker_id, l.horizon, l.base, l.holder, l.owner,"
      " l.region, l.host, l.version,"
      " TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), l.expires_at) AS ttl_us,"
      " TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', l.updated_at) AS updated_us,"
      " l.expires_at, l.updated_at FROM (SELECT 1 AS one) AS o LEFT JOIN shmflake_namespaces AS n"
      " ON " +
      MysqlIsText("n.id_namespace", id_namespace) + " LEFT JOIN shmflake_leases AS l ON " +
      of_leases;
  if (worker_id >= 0) sql += " AND l.worker_id = " + std::to_string(worker_id);
  sql += " ORDER BY l.worker_id";
  if (Outcome asked = session_.Run(kReadingLeases, sql, true); !asked.ok()) {
    if (session_.error() == ER_NO_SUCH_TABLE) asked.message += kRunInit;
    return asked;
  }
  MysqlResult rows;
  if (Outcome stored = session_.Store(kReadingLeases, &rows); !stored.ok()) return stored;
  std::vector<std::optional<SqlKind>> kinds;
  for (std::size_t i = 0; i < LeaseCells::kColumns; ++i) kinds.push_back(LeaseCellKind(i));
  if (Outcome types = CheckMysqlTypes(session_, kReadingLeases, rows.get(), kinds); !types.ok()) {
    return types;
  }
  while (MYSQL_ROW row = mysql_fetch_row(rows.get())) {
    const unsigned long* sizes = mysql_fetch_lengths(rows.get());
    LeaseCells::Row& copy = cells->rows.emplace_back(LeaseCells::kColumns);
    for (std::size_t i = 0; i < LeaseCells::kColumns; ++i) {
      if (row[i] != nullptr) copy[i] = std::string(row[i], sizes[i]);
    }
  }
  return {};
}

Outcome MysqlLeases::Insert(const std::string& sql, bool* done, std::string* words) {
  Outcome inserted = session_.Run(kWritingLease, sql, true);
  *done = inserted.ok() && session_.found_rows() == 1;
  if (inserted.ok() || session_.error() != ER_DUP_ENTRY) return inserted;
  *words = session_.words();
  return {};
}

Outcome MysqlLeases::InsertNamespace(const LeaseNamespace& record, bool* done, std::string* words) {
  return Insert(
      "INSERT INTO shmflake_namespaces (id_namespace, identity, format, created_at)"
      " VALUES (" +
          Text(record.name.c_str()) + ", " + Text(record.identity.c_str()) + ", " +
          Text(record.format.c_str()) + ", " + kNow + ")",
      done, words);
}

Outcome MysqlLeases::InsertLease(const LeaseNamespace& record, const shmflake_store_lease& lease,
                                 bool* done, std::string* words) {
  return Insert(
      "INSERT INTO shmflake_leases (id_namespace, worker_id, horizon, base, holder, owner,"
      " region, host, version, expires_at, updated_at) SELECT " +
          Text(record.name.c_str()) + ", " + std::to_string(lease.worker_id) + ", " +
          std::to_string(lease.horizon) + ", " + std::to_string(lease.base) + ", " +
          std::to_string(lease.holder) + ", " + Text(lease.owner) + ", " + Text(lease.region) +
          ", " + Text(lease.host) + ", 1, " + ExpiresAt(lease) + ", " + kNow +
          " FROM shmflake_namespaces AS n WHERE " + IsNamespace(record),
      done, words);
}

Outcome MysqlLeases::UpdateLease(const LeaseNamespace& record, const LeaseRow& old,
                                 const shmflake_store_lease& lease, bool* done) {
  const std::string sql =
      "UPDATE shmflake_leases SET horizon = " + std::to_string(lease.horizon) +
      ", base = " + std::to_string(lease.base) + ", holder = " + std::to_string(lease.holder) +
      ", owner = " + Text(lease.owner) + ", region = " + Text(lease.region) +
      ", host = " + Text(lease.host) + ", version = version + 1, expires_at = " + ExpiresAt(lease) +
      ", updated_at = " + kNow + " WHERE " + MysqlIsText("id_namespace", record.name) +
      " AND worker_id = " + std::to_string(lease.worker_id) +
      " AND version = " + std::to_string(old.version) +
      " AND horizon = " + std::to_string(old.lease.horizon) +
      " AND holder = " + std::to_string(old.lease.holder) +
      " AND EXISTS (SELECT 1 FROM shmflake_namespaces AS n WHERE " + IsNamespace(record) + ")";
  if (Outcome updated = session_.Run(kWritingLease, sql, true); !updated.ok()) return updated;
  *done = session_.found_rows() == 1;
  return {};
}

}  // namespace shmflake
