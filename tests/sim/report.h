// SPDX-License-Identifier: Apache-2.0
// What a run counts. Plain numbers: it lies in memory that the run shares with its parent.
#ifndef SHMFLAKE_TESTS_SIM_REPORT_H_
#define SHMFLAKE_TESTS_SIM_REPORT_H_

#include <cstdint>

namespace shmflake::sim {

// clang-format off
#define SHMFLAKE_SIM_COUNTS(X) \
  X(hosts, "hosts") \
  X(processes, "processes") \
  X(switches, "switches") \
  X(kills, "kills") \
  X(stops, "stops") \
  X(reboots, "reboots") \
  X(containers, "new containers") \
  X(removed_regions, "removed regions") \
  X(retirements, "retirements") \
  X(clock_changes, "clock changes") \
  X(store_calls, "store calls") \
  X(store_faults, "store faults") \
  X(store_races, "lost races") \
  X(late_commits, "late commits") \
  X(freed_leases, "leases freed") \
  X(leases_taken, "leases taken") \
  X(leases_moved, "leases moved") \
  X(leases_lost, "leases lost") \
  X(calls, "calls") \
  X(refusals, "refusals") \
  X(observations, "observations") \
  X(uuids, "UUIDs") \
  X(ids, "IDs") \
  X(repeats, "repeats")
// clang-format on

struct Report {
#define SHMFLAKE_SIM_MEMBER(name, shown) std::uint64_t name = 0;
  SHMFLAKE_SIM_COUNTS(SHMFLAKE_SIM_MEMBER)
#undef SHMFLAKE_SIM_MEMBER
  std::int64_t virtual_ns = 0;
  double host_years = 0;
  std::int64_t longest_overtime_ns = 0;  // a call's, beyond its wait_timeout_ms
  std::uint64_t hash = 0;
  bool ended = false;
  bool broken = false;
  char promise[160] = {};
  char details[1200] = {};

  // Faults of every kind.
  [[nodiscard]] std::uint64_t faults() const {
    return kills + stops + reboots + containers + removed_regions + clock_changes + store_faults +
           store_races + freed_leases;
  }
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_REPORT_H_
