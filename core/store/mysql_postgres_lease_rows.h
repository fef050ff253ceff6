// SPDX-License-Identifier: Apache-2.0
// A namespace's records as the tables of leases have them: their columns, what a statement reads of
// them, and what no record can be. Pure.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_LEASE_ROWS_H_
#define SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_LEASE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/store/mysql_postgres_call.h"
#include "core/store/mysql_postgres_run.h"
#include "core/store/store_plugin.h"

namespace shmflake {

inline constexpr char kNamespaceTable[] = "shmflake_namespaces";
inline constexpr char kLeaseTable[] = "shmflake_leases";
inline constexpr char kReadingLeases[] = "read the leases in";
inline constexpr char kWritingLease[] = "write the lease in";
inline constexpr char kRunInit[] = " (run shmflake store init)";

// The two tables, as `create_...` makes them.
[[nodiscard]] SqlTable NamespaceTable(std::string create);
[[nodiscard]] SqlTable LeaseTable(std::string create);

// One row for each lease, and at least one: they stand beside the namespace's record. A cell is empty
// for NULL.
struct LeaseCells {
  // read_only: '0' or 'OFF', unless the server is a copy that may be behind. ownerless: the worker ID
  // of a lease of the namespace, where that has no record. ttl_us: from now to expires_at;
  // updated_us: from 1970 to updated_at. The times themselves, last, are there for their type.
  enum Column : std::size_t {
    kReadOnly,
    kOwnerless,
    kIdentity,
    kFormat,
    kWorkerId,
    kHorizon,
    kBase,
    kHolder,
    kOwner,
    kRegion,
    kHost,
    kVersion,
    kTtlUs,
    kUpdatedUs,
    kExpiresAt,
    kUpdatedAt,
    kColumns
  };
  using Row = std::vector<std::optional<std::string>>;
  std::vector<Row> rows;
};
// What the columns of the tables must be, by LeaseCells::Column; none for what is computed.
[[nodiscard]] std::optional<SqlKind> LeaseCellKind(std::size_t column);

struct LeaseRow {
  shmflake_store_lease lease{};  // its texts are those below
  std::string owner;
  std::string region;
  std::string host;
  std::int64_t version = 0;
};

struct LeaseRows {
  std::string identity;  // "": the namespace has no record
  std::string format;
  std::vector<LeaseRow> rows;  // ascending by worker ID
};

// UNAVAILABLE, for another host, when the server only reads; CORRUPT with what is impossible, and
// whose it is.
Outcome ParseLeases(const std::string& id_namespace, const LeaseCells& cells,
                    const std::string& where, LeaseRows* found);

// In microseconds; nobody needs more than a hundred years, and the columns hold no more than some
// thousands.
[[nodiscard]] std::int64_t TtlUs(const shmflake_store_lease& lease);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_POSTGRES_LEASE_ROWS_H_
