// SPDX-License-Identifier: Apache-2.0
// Leases of worker IDs, for people and as JSON.
#ifndef SHMFLAKE_TOOLS_LEASE_REPORT_H_
#define SHMFLAKE_TOOLS_LEASE_REPORT_H_

#include <shmflake/shmflake.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "output.h"

namespace tool {

// The store's records at one moment of this host's clock.
struct Leases {
  std::int64_t now_unix_ms = 0;
  std::vector<shmflake_lease> records;  // ascending by worker ID

  [[nodiscard]] const shmflake_lease* Find(std::uint32_t worker_id) const;
};

[[nodiscard]] Json LeaseToJson(const shmflake_lease& lease, std::int64_t now_unix_ms);
// A table, a line a worker ID.
[[nodiscard]] std::string ListLeases(const Leases& leases);
// 'region "orders" on host "db-1"'.
[[nodiscard]] std::string DescribeHolder(const shmflake_lease& lease);

// Of status: "sqlite", "etcd" ...
[[nodiscard]] const char* StoreName(std::uint32_t store);
// Of status: who holds the worker ID, where, for how long.
[[nodiscard]] std::string DescribeOwnLease(const shmflake_status_info& info);
// The same, beside what status has already.
void AddOwnLease(const shmflake_status_info& info, Json* json);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_LEASE_REPORT_H_
