// SPDX-License-Identifier: Apache-2.0
#include "lease_report.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "text.h"

namespace tool {
namespace {

constexpr std::int64_t kNoTtl = std::numeric_limits<std::int64_t>::max();

const char* StateName(const shmflake_lease& lease) {
  if (lease.held == 0) return "free";
  return lease.is_free != 0 ? "expired" : "held";
}

// "in 8.2 s", "3.5 min ago".
std::string FromNow(std::int64_t ms) {
  return ms >= 0 ? "in " + ShortSpan(ms) : ShortSpan(-ms) + " ago";
}

std::string DescribeRegion(const char* region, const char* host) {
  return "region \"" + Printable(region) + "\" on host \"" + Printable(host) + "\"";
}

std::string TimeToLive(const shmflake_lease& lease) {
  if (lease.held == 0 || lease.ttl_ms == kNoTtl) return "-";
  return lease.ttl_ms > 0 ? ShortSpan(lease.ttl_ms) : "over";
}

}  // namespace

const shmflake_lease* Leases::Find(std::uint32_t worker_id) const {
  const auto found = std::find_if(records.begin(), records.end(), [&](const shmflake_lease& lease) {
    return lease.worker_id == worker_id;
  });
  return found == records.end() ? nullptr : &*found;
}

Json LeaseToJson(const shmflake_lease& lease, std::int64_t now_unix_ms) {
  Json json{{"worker_id", lease.worker_id},
            {"state", StateName(lease)},
            {"is_free", lease.is_free != 0},
            {"region", lease.region},
            {"host", lease.host},
            {"this_host", lease.this_host != 0},
            {"instance_id", nullptr},
            {"horizon_unix_ms", lease.horizon_unix_ms},
            {"horizon_in_ms", lease.horizon_unix_ms - now_unix_ms},
            {"ttl_ms", nullptr},
            {"updated_unix_ms", lease.updated_unix_ms}};
  if (lease.held != 0) {
    json["instance_id"] = Hex(lease.instance_id);
    if (lease.ttl_ms != kNoTtl) json["ttl_ms"] = lease.ttl_ms;
  }
  return json;
}

std::string ListLeases(const Leases& leases) {
  using enum Table::Align;
  Table table({kRight, kLeft, kLeft, kLeft, kLeft, kRight, kRight, kLeft});
  table.Row({"worker ID", "state", "region", "host", "horizon", "from now", "time to live", ""});
  for (const shmflake_lease& lease : leases.records) {
    table.Row({std::to_string(lease.worker_id), StateName(lease), Printable(lease.region),
               Printable(lease.host), IsoTime(lease.horizon_unix_ms),
               FromNow(lease.horizon_unix_ms - leases.now_unix_ms), TimeToLive(lease),
               lease.this_host != 0 ? "(this host)" : ""});
  }
  return table.Text("");
}

std::string DescribeHolder(const shmflake_lease& lease) {
  return DescribeRegion(lease.region, lease.host);
}

const char* StoreName(std::uint32_t store) {
  switch (store) {
    case SHMFLAKE_STORE_NONE:
      return "none";
    case SHMFLAKE_STORE_SQLITE:
      return "sqlite";
    case SHMFLAKE_STORE_MYSQL:
      return "mysql";
    case SHMFLAKE_STORE_POSTGRES:
      return "postgres";
    case SHMFLAKE_STORE_ETCD:
      return "etcd";
    default:
      return "unknown";
  }
}

std::string DescribeOwnLease(const shmflake_status_info& info) {
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  table.Row(
      {"holder", DescribeRegion(info.name, info.host) + ", instance " + Hex(info.instance_id)});
  const bool shared = info.store_url[0] != '\0';
  if (shared) {
    table.Row({"leased from", Printable(info.store_url)});
  } else if (info.store == SHMFLAKE_STORE_NONE) {
    table.Row({"leased from", "nobody: the store is none"});
  } else {
    table.Row({"leased from", std::string(StoreName(info.store)) + ", for this host alone"});
  }
  table.Row({"time to live", shared ? ShortSpan(info.lease_ttl_ms) +
                                          " from each extension on; then another host may take it"
                                    : std::string("none: no other host asks there")});
  table.Row({"horizon", IsoTime(info.ceiling_unix_ms) + ", " + FromNow(info.ceiling_in_ms) +
                            "; taken " + ShortSpan(info.horizon_ms) + " ahead"});
  return table.Text("  ");
}

void AddOwnLease(const shmflake_status_info& info, Json* json) {
  const bool shared = info.store_url[0] != '\0';
  (*json)["store_url"] = shared ? Json(info.store_url) : Json();
  (*json)["lease_ttl_ms"] = shared ? Json(info.lease_ttl_ms) : Json();
  (*json)["holder"] = {
      {"region", info.name}, {"host", info.host}, {"instance_id", Hex(info.instance_id)}};
}

}  // namespace tool
