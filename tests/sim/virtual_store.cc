// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/virtual_store.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

namespace shmflake::sim {
namespace {

constexpr std::size_t kLongestText = 120;
constexpr Time kOldEvery = 50 * kMs;

VirtualStore* g_store = nullptr;

bool IsPrintable(const char* text, std::size_t most) {
  const std::size_t size = text == nullptr ? most + 1 : std::strlen(text);
  return size <= most &&
         std::all_of(text, text + size, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

VirtualStore* VirtualStore::Get() noexcept { return g_store; }

VirtualStore::VirtualStore(World* world, Witness* witness) : world_(world), witness_(witness) {
  g_store = this;
}
VirtualStore::~VirtualStore() { g_store = nullptr; }

int VirtualStore::Give(int result, const char* words, shmflake_store_error* error) {
  std::snprintf(error->message, sizeof(error->message), "%s", words);
  return result;
}

// One way, to or from the server.
VirtualStore::Fate VirtualStore::Travel(Time deadline) {
  const Plan& plan = world_->plan();
  const std::uint64_t restarts = restarts_;
  world_->Sleep(std::min(world_->random().Log(10 * kUs, plan.latency),
                         std::max<Time>(0, deadline - world_->now())));
  if (world_->now() < down_until_) {
    ++world_->report().store_faults;
    return silent_ ? Fate::kLost : Fate::kRefused;
  }
  if (restarts != restarts_) return Fate::kRefused;
  return world_->now() >= deadline ? Fate::kLost : Fate::kArrives;
}

int VirtualStore::GiveUp(Time deadline, bool lost, shmflake_store_error* error) {
  if (!lost) {
    return Give(SHMFLAKE_STORE_UNAVAILABLE, "etcd://sim/ns: connection refused", error);
  }
  if (world_->now() < deadline) world_->Sleep(deadline - world_->now());
  return Give(SHMFLAKE_STORE_TIMED_OUT, "etcd://sim/ns: no answer in time", error);
}

// What store_plugin.h asks of a caller.
void VirtualStore::CheckWrite(const shmflake_store_lease_write& write, const Versions& seen) {
  std::string wrong;
  if (seen.record.identity.empty() &&
      (write.record.identity == nullptr || std::strlen(write.record.identity) != 32)) {
    wrong = "a new namespace's identity has 32 digits";
  }
  if (write.lease != nullptr) {
    const shmflake_store_lease& lease = *write.lease;
    if (lease.horizon < 0 || lease.horizon > (INT64_C(1) << 62) || lease.base < 0 ||
        lease.base > lease.horizon) {
      wrong = "0 <= base <= horizon <= 2^62";
    }
    if ((lease.holder != 0) != (lease.ttl_ms >= 1)) wrong = "a holder has a time to live";
    if (!IsPrintable(lease.owner, kLongestText) || !IsPrintable(lease.region, 63)) {
      wrong = "texts are printable and short";
    }
  }
  if (!wrong.empty()) world_->Fail("the library keeps the plug-ins' contract", wrong);
}

VirtualStore::Versions VirtualStore::Read(const Versions& from, std::int64_t worker_id) {
  if (worker_id < 0) return from;
  Versions seen;
  seen.record = from.record;
  seen.namespace_version = from.namespace_version;
  const auto found = from.leases.find(static_cast<std::uint32_t>(worker_id));
  if (found != from.leases.end()) seen.leases.insert(*found);
  return seen;
}

bool VirtualStore::Ask(const Versions& seen, shmflake_store_decide_lease decide, void* context,
                       Write* write) {
  std::vector<shmflake_store_lease> leases;
  for (const auto& [id, record] : seen.leases) {
    shmflake_store_lease lease = record.lease;
    lease.ttl_ms = lease.holder == 0 ? 0 : (record.ends - Clock()) / kMs;
    lease.owner = record.owner.c_str();
    lease.region = record.region.c_str();
    lease.host = record.host.c_str();
    leases.push_back(lease);
  }
  const shmflake_store_namespace record = {seen.record.identity.c_str(),
                                           seen.record.format.c_str()};
  shmflake_store_lease_write asked{};
  if (decide(context, &record, leases.data(), leases.size(), &asked) != 0) return false;
  CheckWrite(asked, seen);
  write->namespace_version = seen.namespace_version;
  if (seen.record.identity.empty()) {
    write->record = {asked.record.identity, asked.record.format};
  }
  write->has_lease = asked.lease != nullptr;
  write->lease_version = 0;
  if (asked.lease == nullptr) return true;
  Record& lease = write->lease;
  lease.lease = *asked.lease;
  lease.owner = asked.lease->owner;
  lease.region = asked.lease->region;
  lease.host = asked.lease->host;
  const auto found = seen.leases.find(asked.lease->worker_id);
  if (found != seen.leases.end()) write->lease_version = found->second.version;
  return true;
}

bool VirtualStore::Commit(const Write& write) {
  const HeapScope own;
  if (write.namespace_version != current_.namespace_version) return false;
  const std::uint32_t worker_id = write.lease.lease.worker_id;
  const auto found = current_.leases.find(worker_id);
  const std::uint64_t version = found == current_.leases.end() ? 0 : found->second.version;
  if (write.has_lease && write.lease_version != version) return false;
  if (world_->now() - old_taken_ > kOldEvery) {
    old_ = current_;
    old_taken_ = world_->now();
  }
  if (!write.record.identity.empty()) {
    current_.record = {std::string(write.record.identity), std::string(write.record.format)};
    current_.namespace_version = ++last_version_;
  }
  if (!write.has_lease) return true;
  const shmflake_store_lease* before = version == 0 ? nullptr : &found->second.lease;
  witness_->Commit(before, write.lease.lease, write.lease.host);
  Record& record = current_.leases[worker_id];
  record = write.lease;
  record.version = ++last_version_;
  record.ends = Clock() + write.lease.lease.ttl_ms * kMs;
  world_->Note("commit", worker_id, static_cast<std::uint64_t>(write.lease.lease.holder),
               static_cast<std::uint64_t>(write.lease.lease.horizon));
  return true;
}

void VirtualStore::CommitLater(const Write& write) {
  const HeapScope own;
  const auto kept = std::make_shared<Write>(write);
  const Time when = world_->now() + world_->random().Log(kMs, 20 * kSecond);
  world_->At(when, [this, kept] {
    if (Commit(*kept)) ++world_->report().late_commits;
  });
}

int VirtualStore::Lease(std::int64_t worker_id, std::int64_t timeout_ms,
                        shmflake_store_decide_lease decide, void* context,
                        shmflake_store_error* error) {
  const Plan& plan = world_->plan();
  Random& random = world_->random();
  Report& report = world_->report();
  const Time deadline = world_->now() + timeout_ms * kMs;
  ++report.store_calls;
  // What is made here is its process's: it may be killed at any of the waits below.
  for (int tries = 0;; ++tries) {
    const Fate there = Travel(deadline);
    if (there != Fate::kArrives) return GiveUp(deadline, there == Fate::kLost, error);
    if (!calm_ && random.OneIn(plan.lost_request_in)) {
      ++report.store_faults;
      return GiveUp(deadline, random.OneIn(2), error);
    }
    const bool stale = !calm_ && tries == 0 && random.OneIn(plan.stale_in);
    const Versions seen = Read(stale ? old_ : current_, worker_id);
    auto write = std::make_unique<Write>();
    // What an old version has declined is asked again at once: that is no answer.
    if (!Ask(seen, decide, context, write.get()) &&
        (!stale || !Ask(Read(current_, worker_id), decide, context, write.get()))) {
      return Give(SHMFLAKE_STORE_DECLINED, "", error);
    }
    // The network may deliver it twice, and its sender may not live to see it.
    if (!calm_ && random.OneIn(4 * plan.late_commit_in)) CommitLater(*write);
    const Fate back = Travel(deadline);
    if (back != Fate::kArrives) {
      // The request to write is under way, or was never sent.
      if (!calm_ && random.OneIn(plan.late_commit_in)) CommitLater(*write);
      return GiveUp(deadline, back == Fate::kLost, error);
    }
    if (!Commit(*write)) {
      ++report.store_races;
      if (world_->now() >= deadline) return GiveUp(deadline, true, error);
      continue;
    }
    if (!calm_ && random.OneIn(plan.lost_answer_in)) {
      ++report.store_faults;
      return GiveUp(deadline, random.OneIn(2), error);
    }
    world_->Sleep(random.Log(10 * kUs, plan.latency) / 2);
    return SHMFLAKE_STORE_OK;
  }
}

void VirtualStore::GoDown(Time how_long, bool silent) {
  ++world_->report().store_faults;
  world_->Note("down", static_cast<std::uint64_t>(how_long), silent ? 1 : 0);
  down_until_ = world_->now() + how_long;
  silent_ = silent;
}

void VirtualStore::Restart() {
  ++world_->report().store_faults;
  world_->Note("restart");
  ++restarts_;
}

bool VirtualStore::Free(std::uint32_t worker_id) {
  const auto found = current_.leases.find(worker_id);
  if (found == current_.leases.end() || found->second.lease.holder == 0) return false;
  Write write;
  write.namespace_version = current_.namespace_version;
  write.has_lease = true;
  write.lease = found->second;
  write.lease.lease.holder = 0;
  write.lease.lease.ttl_ms = 0;
  write.lease_version = found->second.version;
  ++world_->report().freed_leases;
  return Commit(write);
}

void VirtualStore::CalmDown() {
  calm_ = true;
  down_until_ = 0;
}

bool VirtualStore::HasFree(std::uint64_t now_tick, std::uint64_t max_recovery_ticks) const {
  const std::uint64_t all = std::uint64_t{1} << world_->plan().worker_bits;
  std::uint64_t taken = 0;
  for (const auto& [id, record] : current_.leases) {
    const bool held = record.lease.holder != 0 && record.ends > Clock();
    const bool ahead =
        static_cast<std::uint64_t>(record.lease.horizon) > now_tick + max_recovery_ticks;
    taken += held || ahead ? 1 : 0;
  }
  return taken < all;
}

}  // namespace shmflake::sim

namespace {

int NoSegments(const shmflake_store_target* /*target*/, const char* /*tag*/,
               std::int64_t /*timeout_ms*/, shmflake_store_decide /*decide*/, void* /*context*/,
               shmflake_store_error* /*error*/) {
  return SHMFLAKE_STORE_UNAVAILABLE;
}

int NoInit(const shmflake_store_target* /*target*/, std::int64_t /*timeout_ms*/,
           shmflake_store_error* /*error*/) {
  return SHMFLAKE_STORE_UNAVAILABLE;
}

int Lease(const shmflake_store_target* /*target*/, const char* /*id_namespace*/,
          std::int64_t worker_id, std::int64_t timeout_ms, shmflake_store_decide_lease decide,
          void* context, shmflake_store_error* error) {
  return shmflake::sim::VirtualStore::Get()->Lease(worker_id, timeout_ms, decide, context, error);
}

}  // namespace

// What store-etcd.so hands to the core: plugin.c.
extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_sim_store_plugin() {
  static const shmflake_store_plugin plugin = {
      SHMFLAKE_STORE_PLUGIN_VERSION, 0, "etcd", "simulated", NoSegments, NoInit, Lease};
  return &plugin;
}
