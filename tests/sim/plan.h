// SPDX-License-Identifier: Apache-2.0
// What a seed means: how many hosts there are, how they are configured, and how often what goes
// wrong. Calm seeds reach far; wild ones are dense.
#ifndef SHMFLAKE_TESTS_SIM_PLAN_H_
#define SHMFLAKE_TESTS_SIM_PLAN_H_

#include <cstdint>
#include <string>

#include "tests/sim/random.h"

namespace shmflake::sim {

// Rates are "one in so many"; 0 is never.
struct Plan {
  std::uint64_t seed = 0;

  std::uint32_t hosts = 0;
  std::uint32_t processes = 0;        // of a host, at most
  std::uint32_t static_hosts_in = 0;  // hosts whose worker ID is configured
  std::uint32_t twins_in = 0;         // of those: configured like another

  std::uint32_t worker_bits = 0;
  std::uint32_t sequence_bits = 0;
  std::uint32_t tick_us = 1000;
  std::uint32_t horizon_ms = 0;
  std::uint32_t max_backward_ms = 0;
  std::uint32_t max_recovery_ms = 0;
  std::uint32_t max_forward_ms = 0;  // 0: jumps are followed
  std::uint32_t wait_timeout_ms = 0;
  std::uint32_t lease_ttl_ms = 0;
  bool relaxed = false;

  // Time goes in phases: everybody draws for a while, and then hardly anybody for long.
  std::uint32_t phases = 0;
  Time longest_phase = 0;
  Time longest_gap = 0;
  Time think = 0;              // a process's pause between calls, on average
  std::uint64_t most_ids = 0;  // then the rest of the phases is left out

  // At every so many points: in a draw, and at the rare steps of a birth, an extension, an end.
  std::uint32_t draw_points = 0;
  std::uint32_t rare_points = 0;
  std::uint32_t kill_in = 0;  // of those: killed, stopped, else set back in the queue
  std::uint32_t stop_in = 0;
  Time longest_stop = 0;
  Time longest_delay = 0;

  Time chaos = 0;                 // between two of chaos.h's faults, on average
  std::uint32_t worst_clock = 0;  // 0: right; 1: milliseconds; 2: hours; 3: decades

  // Of the store.
  Time latency = 0;  // at most, one way
  std::uint32_t lost_request_in = 0;
  std::uint32_t lost_answer_in = 0;
  std::uint32_t late_commit_in = 0;  // of the lost: it commits after its caller gave up
  std::uint32_t stale_in = 0;        // an old version is shown first; the compare must refuse it
};

[[nodiscard]] Plan MakePlan(std::uint64_t seed);

// One line, for people.
[[nodiscard]] std::string Describe(const Plan& plan);

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_PLAN_H_
