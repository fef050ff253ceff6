// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres_leases.h"

#include <optional>

#include "core/store/postgres_errors.h"
#include "core/store/postgres_schema.h"

namespace shmflake {
namespace {

// Parameters of a statement that writes a lease: $1..$3 are the namespace's record.
constexpr char kValues[] =
    "$4::bigint, $5::bigint, $6::bigint, $7::bigint, $8, $9, $10,"
    " CASE WHEN $7::bigint <> 0"
    " THEN clock_timestamp() + $11::bigint * interval '1 microsecond' END, clock_timestamp()";
constexpr char kColumns[] =
    "worker_id, horizon, base, holder, owner, region, host, expires_at, updated_at";

std::vector<std::string> Parameters(const LeaseNamespace& record,
                                    const shmflake_store_lease& lease) {
  return {record.name,
          record.identity,
          record.format,
          std::to_string(lease.worker_id),
          std::to_string(lease.horizon),
          std::to_string(lease.base),
          std::to_string(lease.holder),
          lease.owner,
          lease.region,
          lease.host,
          std::to_string(TtlUs(lease))};
}

// As decide() saw it.
std::string IsNamespace() {
  return PostgresIsText("n.id_namespace", "$1") + " AND " + PostgresIsText("n.identity", "$2") +
         " AND " + PostgresIsText("n.format", "$3");
}

}  // namespace

SqlTable PostgresNamespaceTable() {
  return NamespaceTable(
      "CREATE TABLE " + std::string(kNamespaceTable) +
      " (id_namespace varchar(63) COLLATE \"C\" PRIMARY KEY,"
      " identity varchar(32) COLLATE \"C\" NOT NULL, format varchar(120) COLLATE \"C\" NOT NULL,"
      " created_at timestamptz NOT NULL)");
}

SqlTable PostgresLeaseTable() {
  return LeaseTable("CREATE TABLE " + std::string(kLeaseTable) +
                    " (id_namespace varchar(63) COLLATE \"C\" NOT NULL, worker_id bigint NOT NULL,"
                    " horizon bigint NOT NULL, base bigint NOT NULL, holder bigint NOT NULL,"
                    " owner varchar(120) COLLATE \"C\" NOT NULL,"
                    " region varchar(63) COLLATE \"C\" NOT NULL,"
                    " host varchar(64) COLLATE \"C\" NOT NULL, version bigint NOT NULL,"
                    " expires_at timestamptz, updated_at timestamptz NOT NULL,"
                    " PRIMARY KEY (id_namespace, worker_id))");
}

Outcome PostgresLeases::Read(const std::string& id_namespace, std::int64_t worker_id,
                             LeaseCells* cells) {
  // One statement, so that all is of one moment.
  const std::string of_leases = PostgresIsText("l.id_namespace", "$1");
  std::string sql =
      "SELECT pg_is_in_recovery()::integer AS read_only, CASE WHEN n.identity IS NULL THEN (SELECT"
      " min(l.worker_id) FROM shmflake_leases AS l WHERE " +
      of_leases +
      ") END AS ownerless, n.identity, n.format, l.worker_id, l.horizon, l.base, l.holder, l.owner,"
      " l.region, l.host, l.version, CASE WHEN isfinite(l.expires_at) THEN"
      " (EXTRACT(EPOCH FROM (l.expires_at - clock_timestamp())) * 1000000)::bigint END AS ttl_us,"
      " CASE WHEN isfinite(l.updated_at) THEN"
      " (EXTRACT(EPOCH FROM l.updated_at) * 1000000)::bigint END AS updated_us,"
      " l.expires_at, l.updated_at FROM (SELECT 1) AS o LEFT JOIN shmflake_namespaces AS n ON " +
      PostgresIsText("n.id_namespace", "$1") + " LEFT JOIN shmflake_leases AS l ON " + of_leases;
  std::vector<std::string> parameters = {id_namespace};
  if (worker_id >= 0) {
    sql += " AND l.worker_id = $2::bigint";
    parameters.push_back(std::to_string(worker_id));
  }
  PostgresResult result;
  Outcome asked = session_.Run(kReadingLeases, sql + " ORDER BY l.worker_id", parameters, &result);
  if (!asked.ok()) {
    if (session_.sqlstate() == kPostgresUndefinedTable) asked.message += kRunInit;
    return asked;
  }
  std::vector<std::optional<SqlKind>> kinds;
  for (std::size_t i = 0; i < LeaseCells::kColumns; ++i) kinds.push_back(LeaseCellKind(i));
  if (Outcome types = CheckPostgresTypes(&session_, kReadingLeases, result.get(), kinds);
      !types.ok()) {
    return types;
  }
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    LeaseCells::Row& copy = cells->rows.emplace_back(LeaseCells::kColumns);
    for (int i = 0; i < PQnfields(result.get()); ++i) {
      if (PQgetisnull(result.get(), row, i) != 0) continue;
      copy[static_cast<std::size_t>(i)] = PQgetvalue(result.get(), row, i);
    }
  }
  return {};
}

Outcome PostgresLeases::Insert(const std::string& sql, const std::vector<std::string>& parameters,
                               bool* done, std::string* words) {
  PostgresResult result;
  Outcome inserted = session_.Run(kWritingLease, sql, parameters, &result);
  *done = inserted.ok() && PQcmdTuples(result.get()) == std::string("1");
  if (inserted.ok() || session_.sqlstate() != kPostgresUniqueViolation) return inserted;
  *words = session_.words();
  return {};
}

Outcome PostgresLeases::InsertNamespace(const LeaseNamespace& record, bool* done,
                                        std::string* words) {
  return Insert(
      "INSERT INTO shmflake_namespaces (id_namespace, identity, format, created_at)"
      " VALUES ($1, $2, $3, clock_timestamp())",
      {record.name, record.identity, record.format}, done, words);
}

Outcome PostgresLeases::InsertLease(const LeaseNamespace& record, const shmflake_store_lease& lease,
                                    bool* done, std::string* words) {
  return Insert("INSERT INTO shmflake_leases (id_namespace, version, " + std::string(kColumns) +
                    ") SELECT $1, 1, " + kValues + " FROM shmflake_namespaces AS n WHERE " +
                    IsNamespace(),
                Parameters(record, lease), done, words);
}

Outcome PostgresLeases::UpdateLease(const LeaseNamespace& record, const LeaseRow& old,
                                    const shmflake_store_lease& lease, bool* done) {
  std::vector<std::string> parameters = Parameters(record, lease);
  for (const std::int64_t seen : {old.version, old.lease.horizon, old.lease.holder}) {
    parameters.push_back(std::to_string(seen));
  }
  PostgresResult result;
  Outcome updated = session_.Run(
      kWritingLease,
      "UPDATE shmflake_leases SET version = version + 1, (" + std::string(kColumns) + ") = ROW(" +
          kValues + ") WHERE " + PostgresIsText("id_namespace", "$1") +
          " AND worker_id = $4::bigint AND version = $12::bigint AND horizon = $13::bigint"
          " AND holder = $14::bigint AND EXISTS (SELECT 1 FROM shmflake_namespaces AS n WHERE " +
          IsNamespace() + ")",
      parameters, &result);
  *done = updated.ok() && PQcmdTuples(result.get()) == std::string("1");
  return updated;
}

}  // namespace shmflake
