// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/plan.h"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace shmflake::sim {
namespace {

constexpr std::uint64_t kCallsPerSecond = 6'000;  // of all processes together, virtual
constexpr std::uint32_t kMostProcesses = 700;

std::uint32_t U32(std::int64_t value) { return static_cast<std::uint32_t>(value); }

void PlanSettings(Random& random, Plan* plan) {
  // From scarce to three times as many as there are hosts.
  const std::uint64_t wanted = plan->hosts + random.Below(2 * plan->hosts + 1);
  plan->worker_bits = std::max(
      1U, static_cast<std::uint32_t>(std::bit_width(std::max<std::uint64_t>(1, wanted - 1))));
  plan->sequence_bits = U32(random.Between(2, 12));
  plan->tick_us = random.OneIn(4) ? U32(random.Between(1, 4)) * 5'000 : 1'000;
  plan->max_backward_ms = U32(random.OneIn(3) ? random.Log(2 * plan->tick_us / 1000, 100)
                                              : 2 * plan->tick_us / 1000 + 8);
  plan->horizon_ms = std::max(U32(random.Log(100, 2'500)), 4 * plan->max_backward_ms);
  plan->max_recovery_ms = U32(random.Log(1'000, 60'000));
  plan->max_forward_ms = random.OneIn(5) ? U32(random.Log(100, 60'000)) : 0;
  plan->wait_timeout_ms = U32(random.Log(50, 2'000));
  plan->lease_ttl_ms = std::max(2 * plan->horizon_ms, U32(random.Log(1'000, 30'000)));
  plan->relaxed = random.OneIn(6);
}

}  // namespace

Plan MakePlan(std::uint64_t seed) {
  Random random(seed);
  Plan plan;
  plan.seed = seed;
  switch (random.Below(3)) {
    case 0:  // few, so that they meet often
      plan.hosts = U32(random.Between(2, 8));
      plan.processes = U32(random.Between(2, 8));
      break;
    case 1:
      plan.hosts = U32(random.Between(10, 60));
      plan.processes = U32(random.Between(1, 5));
      break;
    default:
      plan.hosts = U32(random.Between(100, 240));
      plan.processes = U32(random.Between(1, 4));
      break;
  }
  plan.processes = std::min(plan.processes, kMostProcesses / plan.hosts);
  plan.static_hosts_in = random.OneIn(2) ? U32(random.Between(3, 12)) : 0;
  plan.twins_in = random.OneIn(2) ? 2 : 0;
  PlanSettings(random, &plan);

  plan.phases = U32(random.Between(4, 14));
  plan.longest_phase = random.Log(kSecond / 5, kSecond);
  plan.longest_gap = random.Log(kDay, 4 * kYear);
  const std::uint64_t drawers = plan.hosts * ((plan.processes + 1) / 2 + 1);
  plan.think = static_cast<Time>(drawers * kSecond / kCallsPerSecond);
  plan.most_ids = 1'000'000;

  plan.draw_points = U32(random.Log(20, 2'000));
  plan.rare_points = U32(random.Log(2, 20));
  plan.kill_in = U32(random.Log(4, 200));
  plan.stop_in = U32(random.Log(4, 100));
  plan.longest_stop = random.Log(10 * kMs, 4 * kYear);
  plan.longest_delay = random.Log(10 * kUs, 20 * kMs);
  plan.chaos = random.Log(2 * kMs, 400 * kMs);
  plan.worst_clock = U32(static_cast<std::int64_t>(random.Below(4)));

  // Twice there and back must be well within a call's time.
  plan.latency = random.Log(100 * kUs, plan.wait_timeout_ms * kMs / 12);
  const bool sound = random.OneIn(5);
  const auto fault_in = [&] { return sound ? 0 : U32(random.Log(3, 100)); };
  plan.lost_request_in = fault_in();
  plan.lost_answer_in = fault_in();
  plan.late_commit_in = sound ? 0 : 2;
  plan.stale_in = fault_in();
  return plan;
}

std::string Describe(const Plan& plan) {
  char text[512];
  std::snprintf(text, sizeof(text),
                "hosts %u x %u, worker bits %u, sequence bits %u, tick %u us, horizon %u ms, "
                "max_backward %u ms, max_forward %u ms, max_recovery %u ms, timeout %u ms, "
                "ttl %u ms, %s, phases %u, points %u/%u, kill 1/%u, stop 1/%u, clocks %u",
                plan.hosts, plan.processes, plan.worker_bits, plan.sequence_bits, plan.tick_us,
                plan.horizon_ms, plan.max_backward_ms, plan.max_forward_ms, plan.max_recovery_ms,
                plan.wait_timeout_ms, plan.lease_ttl_ms, plan.relaxed ? "relaxed" : "strict",
                plan.phases, plan.draw_points, plan.rare_points, plan.kill_in, plan.stop_in,
                plan.worst_clock);
  return text;
}

}  // namespace shmflake::sim
