// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/simulation.h"

#include <algorithm>

#include "core/lease.h"
#include "core/random_pool.h"

namespace shmflake::sim {

void InstallPointHook();  // libc.cc

Simulation::Simulation(const Plan& plan, const std::string& root, Report* report)
    : report_(report), world_(plan, report), witness_(&world_), store_(&world_, &witness_) {
  InstallPointHook();
  SetWitness(&witness_);
  // The page of random bits is the thread's, which all virtual processes share: made before the
  // first of them, and filled by the seed.
  (void)PooledRandom();
  internal::t_random_page->left = 0;
  MakeHosts(root);
  chaos_ = std::make_unique<Chaos>(&world_, &store_, &hosts_);
}

void Simulation::MakeHosts(const std::string& root) {
  const Plan& plan = world_.plan();
  Random random(plan.seed ^ 0x405f5);
  // The highest worker IDs are configured: the pool hands out the low ones first.
  const std::int64_t all = std::int64_t{1} << plan.worker_bits;
  std::int64_t next_static = all - 1;
  report_->hosts = plan.hosts;
  for (std::uint32_t i = 0; i < plan.hosts; ++i) {
    std::int64_t worker_id = -1;
    if (random.OneIn(plan.static_hosts_in) && next_static >= all / 2) {
      worker_id = next_static;
      if (!random.OneIn(plan.twins_in)) --next_static;
    }
    hosts_.push_back(std::make_unique<VirtualHost>(&world_, i, root, worker_id));
    // From the beginning no two clocks agree.
    if (plan.worst_clock > 0) hosts_.back()->StepClock(random.Between(-20, 20) * kMs);
  }
}

void Simulation::RunPhases() {
  const Plan& plan = world_.plan();
  Random& random = world_.random();
  for (const auto& host : hosts_)
    host->Run(1 + static_cast<std::uint32_t>(random.Below(plan.processes)));
  for (std::uint32_t phase = 0; phase < plan.phases && report_->ids < plan.most_ids; ++phase) {
    const Time busy_until = world_.now() + random.Log(plan.longest_phase / 8, plan.longest_phase);
    world_.RunUntil(busy_until);
    const Time gap = random.OneIn(2) ? random.Between(plan.longest_gap / 8, plan.longest_gap)
                                     : random.Log(kSecond / 2, plan.longest_gap);
    world_.rhythm().quiet_until = busy_until + gap;
    world_.Note("quiet", static_cast<std::uint64_t>(gap));
    world_.RunUntil(world_.rhythm().quiet_until);
  }
}

// What a host may still say with its clock right and the store at hand.
bool Simulation::MayBeRefused(const VirtualHost& host, bool restarted) const {
  const Settings& settings = host.settings();
  std::uint64_t now = 0;
  (void)TickOfUnixNs(settings.format, host.RealtimeNs(), &now);
  switch (host.last_refusal) {
    case Code::WORKERS_EXHAUSTED:
    case Code::RECOVERY:
      if (host.is_static()) return true;  // issued far ahead, by a wrong clock: people must decide
      return !restarted ||
             !store_.HasFree(now, TicksOfMs(settings.format, settings.max_recovery_ms.value));
    case Code::WORKER_HELD:
      return host.is_static();  // another is configured alike
    case Code::CLOCK_BEHIND:    // its region issued ahead of the right time
    case Code::EXHAUSTED:
    case Code::CLOCK_JUMP:
      return !restarted;
    default:
      return false;
  }
}

void Simulation::CheckEverybodyDraws(const char* when, bool restarted) {
  for (const auto& host : hosts_) {
    if (host->drew || MayBeRefused(*host, restarted)) continue;
    world_.Fail(
        "a host whose store answers draws again",
        host->name() + ", " + when + ": " + CodeName(host->last_refusal) + ", " + host->last_words);
  }
}

void Simulation::CheckRecovery() {
  const Plan& plan = world_.plan();
  world_.CalmDown();
  chaos_->CalmDown();
  store_.CalmDown();
  for (const auto& host : hosts_) {
    host->SetClockRight();
    host->Resume();
    for (const std::uint64_t id : host->processes()) world_.Wake(world_.Find(id));
  }
  world_.rhythm().quiet_until = 0;
  // Until those who hold a worker ID and will not come back have lost it.
  const Time patience = 5 * kSecond + (plan.lease_ttl_ms + plan.max_recovery_ms) * kMs;
  world_.RunUntil(world_.now() + patience / 4);
  world_.rhythm().quiet_until = world_.now() + patience;
  world_.RunUntil(world_.rhythm().quiet_until);
  const auto forget = [this] {
    for (const auto& host : hosts_) {
      host->drew = false;
      host->last_refusal = Code::OK;
      host->last_words = "no call ended";
    }
  };
  const Time long_enough = 4 * kSecond + 2 * plan.wait_timeout_ms * kMs;
  forget();
  world_.RunUntil(world_.now() + long_enough);
  CheckEverybodyDraws("when all is well again", false);
  for (const auto& host : hosts_) {
    if (!host->drew) host->Reboot();  // as its operator would
  }
  world_.rhythm().quiet_until = world_.now() + patience;
  world_.RunUntil(world_.rhythm().quiet_until);
  forget();
  world_.RunUntil(world_.now() + long_enough);
  CheckEverybodyDraws("after a reboot", true);
}

void Simulation::Run() {
  RunPhases();
  CheckRecovery();
  world_.rhythm().over = true;
  for (const auto& host : hosts_) host->Run(0);
  world_.RunUntil(world_.now() + 10 * kSecond);
  witness_.CheckRectangles();
  report_->virtual_ns = world_.now();
  report_->host_years = static_cast<double>(world_.now()) / static_cast<double>(kYear) *
                        static_cast<double>(hosts_.size());
  world_.Note("over");
  report_->ended = true;
}

}  // namespace shmflake::sim
