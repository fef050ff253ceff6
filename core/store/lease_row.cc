// SPDX-License-Identifier: Apache-2.0
#include "core/store/lease_row.h"

#include <ctime>
#include <limits>

#include "core/bits.h"
#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::uint64_t kMaxHorizon = std::uint64_t{1} << 62;

#define SHMFLAKE_LEASE_COLUMNS                                                                \
  "namespace, worker_id, horizon, base, holder, holder_region, holder_host, timestamp_bits, " \
  "datacenter_bits, machine_bits, sequence_bits, tick_us, epoch_ms, updated_unix_ms, row_check"

constexpr char kFindOne[] =
    "SELECT " SHMFLAKE_LEASE_COLUMNS " FROM shmflake_leases WHERE namespace = ? AND worker_id = ?";
constexpr char kFindAll[] =
    "SELECT " SHMFLAKE_LEASE_COLUMNS " FROM shmflake_leases ORDER BY worker_id";

// Invariant (1) of store.h, once more: SQLite itself does not let a horizon fall.
constexpr char kRaise[] =
    "INSERT INTO shmflake_leases (" SHMFLAKE_LEASE_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (namespace, worker_id) DO UPDATE SET horizon = excluded.horizon, base = "
    "excluded.base,"
    " holder = excluded.holder, holder_region = excluded.holder_region,"
    " holder_host = excluded.holder_host, updated_unix_ms = excluded.updated_unix_ms,"
    " row_check = excluded.row_check"
    " WHERE horizon <= excluded.horizon";

constexpr char kLower[] =
    "UPDATE shmflake_leases SET horizon = ?1, holder = 0, updated_unix_ms = ?2, row_check = ?3"
    " WHERE namespace = ?4 AND worker_id = ?5 AND holder = ?6 AND base <= ?1 AND horizon >= ?1";

std::int64_t NowUnixMs() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// FNV-1a over all other columns. Each of its steps is a bijection of what was before, so that one
// changed byte always shows. SQLite has no checksums: without this one, a flipped bit would be a
// lower horizon.
class RowCheck {
 public:
  void Add(std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
      AddByte(static_cast<unsigned char>(value >> shift));
  }
  void Add(const std::string& text) {
    Add(text.size());
    for (const char c : text) AddByte(static_cast<unsigned char>(c));
  }
  [[nodiscard]] std::int64_t value() const { return Signed(hash_); }

 private:
  void AddByte(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

// sequence_bits, and 256 more where the worker ID comes after the sequence: a library that does not
// know that order finds the row corrupt, and leaves it alone.
constexpr std::uint32_t kWorkerLastMark = 256;
std::uint32_t SequenceColumn(const IdFormat& format) {
  return format.sequence_bits + (format.order == FieldOrder::kWorkerLast ? kWorkerLastMark : 0);
}

std::int64_t CheckOf(const LeaseRow& row) {
  RowCheck check;
  check.Add(row.id_namespace);
  check.Add(row.worker_id);
  check.Add(row.horizon);
  check.Add(row.base);
  check.Add(row.holder);
  check.Add(row.holder_region);
  check.Add(row.holder_host);
  check.Add(row.format.timestamp_bits);
  check.Add(row.format.datacenter_bits);
  check.Add(row.format.machine_bits);
  check.Add(SequenceColumn(row.format));
  check.Add(row.format.tick_us);
  check.Add(static_cast<std::uint64_t>(row.format.epoch_ms));
  check.Add(static_cast<std::uint64_t>(row.updated_unix_ms));
  return check.value();
}

bool ReadSmall(SqliteStatement* query, std::uint32_t* value) {
  std::int64_t wide = 0;
  if (!query->Read(&wide) || wide < 0 || wide > std::numeric_limits<std::uint32_t>::max())
    return false;
  *value = static_cast<std::uint32_t>(wide);
  return true;
}

bool ReadTicks(SqliteStatement* query, std::uint64_t* value) {
  std::int64_t wide = 0;
  if (!query->Read(&wide) || wide < 0 || wide > Signed(kMaxHorizon)) return false;
  *value = static_cast<std::uint64_t>(wide);
  return true;
}

// Every column has its type and range, and the check is right.
Status ReadRow(SqliteSession* session, SqliteStatement* query, LeaseRow* row) {
  std::int64_t holder = 0;
  std::int64_t check = 0;
  IdFormat& format = row->format;
  if (!query->Read(&row->id_namespace) || !ReadSmall(query, &row->worker_id) ||
      !ReadTicks(query, &row->horizon) || !ReadTicks(query, &row->base) || !query->Read(&holder) ||
      !query->Read(&row->holder_region) || !query->Read(&row->holder_host) ||
      !ReadSmall(query, &format.timestamp_bits) || !ReadSmall(query, &format.datacenter_bits) ||
      !ReadSmall(query, &format.machine_bits) || !ReadSmall(query, &format.sequence_bits) ||
      !ReadSmall(query, &format.tick_us) || !query->Read(&format.epoch_ms) ||
      !query->Read(&row->updated_unix_ms) || !query->Read(&check)) {
    return session->Corrupt("a row of shmflake_leases has an impossible value");
  }
  row->holder = static_cast<std::uint64_t>(holder);
  if (format.sequence_bits >= kWorkerLastMark) {
    format.sequence_bits -= kWorkerLastMark;
    format.order = FieldOrder::kWorkerLast;
  }
  const std::string name = "the row of worker ID " + std::to_string(row->worker_id) +
                           " of namespace " + Quote(row->id_namespace);
  if (check != CheckOf(*row)) return session->Corrupt(name + " does not match its row_check");
  if (const Status valid = ValidateFormat(format); !valid.ok()) {
    return session->Corrupt(name + ": " + valid.message());
  }
  if (row->worker_id > format.max_worker_id() || row->base > row->horizon) {
    return session->Corrupt(name + " has a worker ID or a base that is too large");
  }
  return Status::Ok();
}

Status CheckLayout(const SqliteSession& session, const LeaseKey& key, const LeaseRow& row) {
  if (row.format == key.format) return Status::Ok();
  return Fail(Code::STORE_LAYOUT,
              "%s is asked for with the ID layout %s, but %s has the namespace's worker ID %s with "
              "%s, whose IDs may be equal; use another id_namespace",
              DescribeKey(key).c_str(), DescribeFormat(key.format).c_str(), session.path().c_str(),
              std::to_string(row.worker_id).c_str(), DescribeFormat(row.format).c_str());
}

// Runs a change that must meet exactly one row.
Status ChangeOneRow(SqliteSession* session, SqliteStatement* change, const LeaseRow& row) {
  bool has_row = false;
  SHMFLAKE_RETURN_IF_ERROR(change->Step(&has_row));
  if (session->changes() == 1) return Status::Ok();
  return Fail(
      Code::STORE_UNAVAILABLE,
      "%s: the horizon %s must not be lower than what was granted to worker ID %s of namespace %s",
      session->path().c_str(), std::to_string(row.horizon).c_str(),
      std::to_string(row.worker_id).c_str(), Quote(row.id_namespace).c_str());
}

}  // namespace

Status FindLeaseRow(SqliteSession* session, const LeaseKey& key, LeaseRow* row) {
  SqliteStatement query(session, kFindOne);
  query.Bind(key.id_namespace).Bind(std::int64_t{key.worker_id});
  bool has_row = false;
  SHMFLAKE_RETURN_IF_ERROR(query.Step(&has_row));
  if (!has_row) {
    return Fail(Code::LEASE_LOST, "%s has no record of %s", session->path().c_str(),
                DescribeKey(key).c_str());
  }
  SHMFLAKE_RETURN_IF_ERROR(ReadRow(session, &query, row));
  return CheckLayout(*session, key, *row);
}

Status VisitLeaseRows(SqliteSession* session, const std::string& id_namespace,
                      const FunctionRef<Status(const LeaseRow&)>& visit) {
  std::string verdict;
  SHMFLAKE_RETURN_IF_ERROR(session->ReadText("PRAGMA integrity_check(1)", &verdict));
  if (verdict != "ok") return session->Corrupt(verdict);
  SqliteStatement query(session, kFindAll);
  for (;;) {
    bool has_row = false;
    LeaseRow found;
    SHMFLAKE_RETURN_IF_ERROR(query.Step(&has_row));
    if (!has_row) return Status::Ok();
    SHMFLAKE_RETURN_IF_ERROR(ReadRow(session, &query, &found));
    if (found.id_namespace == id_namespace) SHMFLAKE_RETURN_IF_ERROR(visit(found));
  }
}

Status FindLeaseRowInSoundFile(SqliteSession* session, const LeaseKey& key, bool* exists,
                               LeaseRow* row) {
  *exists = false;
  return VisitLeaseRows(session, key.id_namespace, [&](const LeaseRow& found) {
    SHMFLAKE_RETURN_IF_ERROR(CheckLayout(*session, key, found));
    if (found.worker_id == key.worker_id) {
      *exists = true;
      *row = found;
    }
    return Status::Ok();
  });
}

Status RaiseLeaseRow(SqliteSession* session, const LeaseRow& changed) {
  LeaseRow row = changed;
  row.updated_unix_ms = NowUnixMs();
  if (row.horizon > kMaxHorizon) {
    return Fail(Code::STORE_UNAVAILABLE, "%s: a horizon must be at most 2^62 ticks: %s",
                session->path().c_str(), std::to_string(row.horizon).c_str());
  }
  SqliteStatement raise(session, kRaise);
  raise.Bind(row.id_namespace).Bind(std::int64_t{row.worker_id});
  raise.Bind(Signed(row.horizon)).Bind(Signed(row.base)).Bind(Signed(row.holder));
  raise.Bind(row.holder_region).Bind(row.holder_host);
  const IdFormat& format = row.format;
  for (const std::uint32_t value : {format.timestamp_bits, format.datacenter_bits,
                                    format.machine_bits, SequenceColumn(format), format.tick_us}) {
    raise.Bind(std::int64_t{value});
  }
  raise.Bind(format.epoch_ms).Bind(row.updated_unix_ms).Bind(CheckOf(row));
  return ChangeOneRow(session, &raise, row);
}

Status LowerLeaseRow(SqliteSession* session, const LeaseRow& changed, std::uint64_t old_holder) {
  LeaseRow row = changed;
  row.holder = 0;
  row.updated_unix_ms = NowUnixMs();
  SqliteStatement lower(session, kLower);
  lower.Bind(Signed(row.horizon)).Bind(row.updated_unix_ms).Bind(CheckOf(row));
  lower.Bind(row.id_namespace).Bind(std::int64_t{row.worker_id}).Bind(Signed(old_holder));
  return ChangeOneRow(session, &lower, row);
}

}  // namespace shmflake
