// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/virtual_host.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "core/settings.h"
#include "tests/sim/program.h"

namespace shmflake::sim {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
// 1970 and 2200: nanoseconds since 1970 end in 2262.
constexpr std::int64_t kEarliestNs = kSecond;
constexpr std::int64_t kLatestNs = 230 * kYear;

// Of the machine that the simulation runs on nothing is asked.
class NoMachine final : public Host {
 public:
  [[nodiscard]] std::optional<std::string> Variable(const char* /*name*/) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::string DefaultConfigFile() const override {
    return "/nonexistent/snowflake.toml";
  }
  [[nodiscard]] std::int64_t NowUnixMs() const override { return kBeginNs / kMs; }
  [[nodiscard]] std::optional<std::string> HomeDirectory() const override { return std::nullopt; }
  [[nodiscard]] std::string Name() const override { return "host"; }
  [[nodiscard]] std::optional<std::uint32_t> Ipv4Address() const override { return std::nullopt; }
};

}  // namespace

VirtualHost::VirtualHost(World* world, std::uint32_t index, const std::string& root,
                         std::int64_t static_worker_id)
    : world_(world),
      index_(index),
      name_("host-" + std::to_string(index)),
      root_(root + "/" + std::to_string(index)) {
  const Plan& plan = world_->plan();
  Options options;
  options.directory = root_ + "/regions";
  options.state_directory = root_ + "/state";
  options.id_namespace = "fleet";
  options.store = "etcd://sim/ns";
  options.worker_id_bits = plan.worker_bits;
  options.sequence_bits = plan.sequence_bits;
  options.tick_us = plan.tick_us;
  options.horizon_ms = plan.horizon_ms;
  options.max_backward_ms = plan.max_backward_ms;
  options.max_recovery_ms = plan.max_recovery_ms;
  if (plan.max_forward_ms != 0) options.max_forward_ms = plan.max_forward_ms;
  options.wait_timeout_ms = plan.wait_timeout_ms;
  options.ordering = plan.relaxed ? "relaxed" : "strict";
  options.sigbus_guard = false;
  options.lease_ttl_ms = plan.lease_ttl_ms;
  if (static_worker_id >= 0) options.worker_id = static_cast<std::uint32_t>(static_worker_id);
  const Status status = ResolveSettingsOn(NoMachine(), "fleet", options, &settings_);
  if (!status.ok()) world_->Fail("a plan's settings are accepted", status.message());
  booted_ = world_->now();
  MakeDirectories();
}

void VirtualHost::MakeDirectories() {
  for (const std::string& each : {settings_.directory.value, settings_.state_directory.value}) {
    std::filesystem::create_directories(each);
    ::chmod(each.c_str(), 0700);
  }
}

std::int64_t VirtualHost::RealtimeNs() const {
  const Time passed = world_->now() - clock_set_;
  const Time fast = passed / kMillion * (clock_rate_ - kMillion) +
                    passed % kMillion * (clock_rate_ - kMillion) / kMillion;
  return clock_ns_ + passed + fast;
}

void VirtualHost::StepClock(std::int64_t by_ns) {
  clock_ns_ = std::clamp(RealtimeNs() + by_ns, kEarliestNs, kLatestNs);
  clock_set_ = world_->now();
}

void VirtualHost::SlewClock(std::int64_t parts_per_million) {
  StepClock(0);
  clock_rate_ = kMillion + parts_per_million;
}

void VirtualHost::FreezeClock() { SlewClock(-kMillion); }

void VirtualHost::SetClockRight() {
  clock_ns_ = kBeginNs + world_->now();
  clock_set_ = world_->now();
  clock_rate_ = kMillion;
}

void VirtualHost::StartDrawer() {
  Process* process = world_->Start(this, &Draw);
  process->is_drawer = true;
  processes_.push_back(process->id);
}

void VirtualHost::StartRetirer() { processes_.push_back(world_->Start(this, &Retire)->id); }

void VirtualHost::StartLater() {
  // In a quiet time nobody is in a hurry.
  Random& random = world_->random();
  const Time left = world_->rhythm().quiet_until - world_->now();
  const Time pause = left > 0 && !random.OneIn(4) ? random.Between(left / 4, left + kSecond)
                                                  : random.Log(kUs, 500 * kMs);
  world_->At(world_->now() + pause, [this] {
    std::uint32_t drawers = 0;
    for (const std::uint64_t id : processes_) drawers += world_->Find(id)->is_drawer ? 1 : 0;
    if (drawers < wanted_) StartDrawer();
  });
}

void VirtualHost::Run(std::uint32_t wanted) {
  wanted_ = wanted;
  for (std::uint32_t i = 0; i < wanted; ++i) StartLater();
}

void VirtualHost::Ended(Process* process) {
  std::erase(processes_, process->id);
  if (process->is_drawer) StartLater();
}

void VirtualHost::KillAll() {
  while (!processes_.empty()) world_->Kill(world_->Find(processes_.back()));
}

void VirtualHost::Reboot() {
  ++life_;
  world_->Note("reboot", index_);
  KillAll();
  std::filesystem::remove_all(settings_.directory.value);
  MakeDirectories();
  booted_ = world_->now();
  paused_until_ = 0;
}

void VirtualHost::MoveToContainer() {
  ++life_;
  world_->Note("container", index_);
  KillAll();
  std::filesystem::remove_all(root_);
  MakeDirectories();
  name_ = "host-" + std::to_string(index_) + "-" + std::to_string(++containers_);
  paused_until_ = 0;
}

void VirtualHost::RemoveRegion() {
  ++life_;
  world_->Note("remove", index_);
  std::filesystem::remove(settings_.directory.value + "/" + settings_.name + ".region");
}

}  // namespace shmflake::sim
