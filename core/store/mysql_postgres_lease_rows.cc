// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_postgres_lease_rows.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::int64_t kMostHorizon = std::int64_t{1} << 62;
constexpr std::int64_t kMostWorkerId = UINT32_MAX;
constexpr std::int64_t kMost = INT64_MAX;
constexpr std::size_t kIdentitySize = 32;
constexpr std::size_t kLongestFormat = 120;
constexpr std::size_t kLongestOwner = 120;
constexpr std::size_t kLongestRegion = 63;
constexpr std::size_t kLongestHost = 64;
constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kLongestTtlMs = 100LL * 366 * 24 * 3600 * 1000;

using Cells = LeaseCells;

const char* CellName(std::size_t column) {
  static constexpr const char* kNames[Cells::kColumns] = {
      "read_only",  "ownerless",  "identity",   "format",    "worker_id", "horizon",
      "base",       "holder",     "owner",      "region",    "host",      "version",
      "expires_at", "updated_at", "expires_at", "updated_at"};
  return kNames[column];
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool IsPlainUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = Utf8Length(text);
    if (size == 1 && !IsPrintableAscii(text.substr(0, 1))) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool IsIdentity(std::string_view text) {
  return text.size() == kIdentitySize &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Reads the cells of one row. The first that is impossible is remembered as `fault`.
class RowReader {
 public:
  explicit RowReader(const Cells::Row& row) : row_(row) {}

  std::int64_t Integer(std::size_t column, std::int64_t least, std::int64_t most) {
    const std::string rule = least == INT64_MIN
                                 ? "fit 64 bits with a sign"
                                 : "be " + std::to_string(least) + ".." + std::to_string(most);
    std::int64_t value = 0;
    if (!row_[column]) {
      Fault(column, rule, "NULL");
    } else if (ReadInteger(*row_[column], &value) != IntegerText::kInteger || value < least ||
               value > most) {
      Fault(column, rule, *row_[column]);
      value = least;
    }
    return value;
  }

  std::string Text(std::size_t column, std::size_t most, bool is_utf8 = false) {
    const std::string rule = "have 0.." + std::to_string(most) + " bytes of " +
                             (is_utf8 ? "UTF-8 without control characters" : "printable ASCII");
    if (!row_[column]) {
      Fault(column, rule, "NULL");
      return {};
    }
    const std::string& text = *row_[column];
    if (text.size() > most || !(is_utf8 ? IsPlainUtf8(text) : IsPrintableAscii(text))) {
      Fault(column, rule, Quote(text));
    }
    return text;
  }

  [[nodiscard]] bool has(std::size_t column) const { return row_[column].has_value(); }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  void Fault(std::size_t column, const std::string& rule, const std::string& value) {
    if (!fault_.empty()) return;
    fault_ = std::string(CellName(column)) + " must " + rule + ": " + value;
  }

 private:
  const Cells::Row& row_;
  std::string fault_;
};

// Rounded so that what has not ended is 1 at least.
std::int64_t TtlMs(std::int64_t us) { return us > 0 ? (us - 1) / kUsPerMs + 1 : us / kUsPerMs; }

// The fault; "" for none.
std::string ParseRecord(const Cells::Row& row, LeaseRows* found) {
  RowReader reader(row);
  if (!reader.has(Cells::kIdentity)) return {};
  found->identity = *row[Cells::kIdentity];
  if (!IsIdentity(found->identity)) {
    reader.Fault(Cells::kIdentity, "have 32 hex digits", Quote(found->identity));
  }
  found->format = reader.Text(Cells::kFormat, kLongestFormat);
  if (found->format.empty()) reader.Fault(Cells::kFormat, "have 1..120 bytes", "\"\"");
  return reader.fault();
}

std::string ParseLease(const Cells::Row& row, LeaseRow* parsed) {
  RowReader reader(row);
  shmflake_store_lease& lease = parsed->lease;
  lease.worker_id = static_cast<std::uint32_t>(reader.Integer(Cells::kWorkerId, 0, kMostWorkerId));
  lease.horizon = reader.Integer(Cells::kHorizon, 0, kMostHorizon);
  lease.base = reader.Integer(Cells::kBase, 0, lease.horizon);
  lease.holder = reader.Integer(Cells::kHolder, INT64_MIN, INT64_MAX);
  parsed->owner = reader.Text(Cells::kOwner, kLongestOwner);
  parsed->region = reader.Text(Cells::kRegion, kLongestRegion);
  parsed->host = reader.Text(Cells::kHost, kLongestHost, true);
  parsed->version = reader.Integer(Cells::kVersion, 1, kMost);
  if (lease.holder != 0) lease.ttl_ms = TtlMs(reader.Integer(Cells::kTtlUs, -kMost, kMost));
  lease.updated_unix_ms = reader.Integer(Cells::kUpdatedUs, 0, kMost) / kUsPerMs;
  return reader.fault();
}

// Once the rows stay where they are.
void PointToTexts(LeaseRows* found) {
  for (LeaseRow& row : found->rows) {
    row.lease.owner = row.owner.c_str();
    row.lease.region = row.region.c_str();
    row.lease.host = row.host.c_str();
  }
}

}  // namespace

SqlTable NamespaceTable(std::string create) {
  return {kNamespaceTable,
          {{"id_namespace", SqlKind::kText},
           {"identity", SqlKind::kText},
           {"format", SqlKind::kText},
           {"created_at", SqlKind::kTime}},
          {"id_namespace"},
          std::move(create),
          "use the table shmflake_namespaces in",
          "make the table shmflake_namespaces in"};
}

SqlTable LeaseTable(std::string create) {
  SqlTable table{
      kLeaseTable,       {{"id_namespace", SqlKind::kText}}, {"id_namespace", "worker_id"},
      std::move(create), "use the table shmflake_leases in", "make the table shmflake_leases in"};
  for (std::size_t column = Cells::kWorkerId; column < Cells::kColumns; ++column) {
    if (const std::optional<SqlKind> kind = LeaseCellKind(column)) {
      table.columns.push_back({CellName(column), *kind});
    }
  }
  return table;
}

std::optional<SqlKind> LeaseCellKind(std::size_t column) {
  switch (column) {
    case Cells::kIdentity:
    case Cells::kFormat:
    case Cells::kOwner:
    case Cells::kRegion:
    case Cells::kHost:
      return SqlKind::kText;
    case Cells::kWorkerId:
    case Cells::kHorizon:
    case Cells::kBase:
    case Cells::kHolder:
    case Cells::kVersion:
      return SqlKind::kInteger;
    case Cells::kExpiresAt:
    case Cells::kUpdatedAt:
      return SqlKind::kTime;
    default:
      return std::nullopt;
  }
}

Outcome ParseLeases(const std::string& id_namespace, const LeaseCells& cells,
                    const std::string& where, LeaseRows* found) {
  *found = {};
  const auto corrupt = [&](const std::string& whose, const std::string& fault) {
    return Failed(SHMFLAKE_STORE_CORRUPT, kReadingLeases, where,
                  whose + "namespace " + Quote(id_namespace) + ": " + fault);
  };
  if (cells.rows.empty()) {
    return Failed(SHMFLAKE_STORE_SCHEMA, kReadingLeases, where, "the server returned no row");
  }
  const Cells::Row& first = cells.rows.front();
  if (const std::string read_only = first[Cells::kReadOnly].value_or("0");
      read_only != "0" && read_only != "OFF") {
    Outcome refused = Failed(SHMFLAKE_STORE_UNAVAILABLE, kReadingLeases, where,
                             "the server only reads: a copy of it may be behind");
    refused.other_host = true;
    return refused;
  }
  if (const std::string fault = ParseRecord(first, found); !fault.empty()) {
    return corrupt("the record of ", fault);
  }
  if (found->identity.empty() && first[Cells::kOwnerless]) {
    return corrupt("the lease of worker ID " + *first[Cells::kOwnerless] + " in ",
                   "the namespace has no record in the table shmflake_namespaces");
  }
  for (const Cells::Row& row : cells.rows) {
    if (!row[Cells::kWorkerId]) continue;  // only the namespace's record
    const std::string whose = "the lease of worker ID " + *row[Cells::kWorkerId] + " in ";
    LeaseRow parsed;
    if (const std::string fault = ParseLease(row, &parsed); !fault.empty()) {
      return corrupt(whose, fault);
    }
    if (!found->rows.empty() && found->rows.back().lease.worker_id == parsed.lease.worker_id) {
      return Failed(SHMFLAKE_STORE_SCHEMA, kReadingLeases, where,
                    "table shmflake_leases has several rows for worker ID " +
                        *row[Cells::kWorkerId] + " in namespace " + Quote(id_namespace));
    }
    found->rows.push_back(std::move(parsed));
  }
  PointToTexts(found);
  return {};
}

std::int64_t TtlUs(const shmflake_store_lease& lease) {
  return std::clamp<std::int64_t>(lease.ttl_ms, 1, kLongestTtlMs) * kUsPerMs;
}

}  // namespace shmflake
