// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/chaos.h"

#include <algorithm>

namespace shmflake::sim {
namespace {

constexpr std::size_t kMostMappedFiles = 450;  // of half a megabyte each

}  // namespace

Chaos::Chaos(World* world, VirtualStore* store, const Hosts* hosts)
    : world_(world), store_(store), hosts_(hosts) {
  Next();
}

void Chaos::Next() {
  const Time left = world_->rhythm().quiet_until - world_->now();
  Time pause = static_cast<Time>(
      world_->random().Below(2 * static_cast<std::uint64_t>(world_->plan().chaos)));
  // In a long quiet time a few things happen, at any moment of it.
  if (left > pause) pause = world_->random().Log(std::max(pause, kMs), std::max(left, 2 * kMs));
  world_->At(world_->now() + pause, [this] {
    SaveMemory();
    if (!calm_) Strike();
    Next();
  });
}

void Chaos::SaveMemory() {
  for (std::size_t i = 0; i < hosts_->size() && world_->mapped_files() > kMostMappedFiles; ++i) {
    (*hosts_)[i]->Reboot();
    ++world_->report().reboots;
  }
}

void Chaos::Strike() {
  Random& random = world_->random();
  Report& report = world_->report();
  VirtualHost* host = (*hosts_)[random.Below(hosts_->size())].get();
  switch (random.Below(17)) {
    case 0:
    case 1:
    case 2:
    case 3:
      StrikeClock(host);
      break;
    case 4:
    case 5:
    case 6:
      StrikeStore();
      break;
    case 7:
      ++report.reboots;
      host->Reboot();
      break;
    case 8:
      if (random.OneIn(3)) {
        ++report.containers;
        host->MoveToContainer();
      }
      break;
    case 9:
      ++report.removed_regions;
      host->RemoveRegion();
      // Whoever starts now must not be born beside those who have not noticed yet.
      if (random.OneIn(2)) host->StartDrawer();
      break;
    case 10:
    case 11:
    case 12:
      host->StartRetirer();
      break;
    case 13:
      (void)store_->Free(
          static_cast<std::uint32_t>(random.Below(std::uint64_t{1} << world_->plan().worker_bits)));
      break;
    default:
      StrikeProcesses(host);
      break;
  }
}

void Chaos::StrikeClock(VirtualHost* host) {
  Random& random = world_->random();
  const std::uint32_t worst = world_->plan().worst_clock;
  if (worst == 0) return;
  ++world_->report().clock_changes;
  const std::int64_t sign = random.OneIn(2) ? 1 : -1;
  const std::uint64_t kind = random.Below(10);
  world_->Note("clock", host->index(), kind);
  if (kind < 3) {
    host->StepClock(sign * random.Log(kUs, 200 * kMs));
  } else if (kind == 3) {
    host->FreezeClock();
  } else if (kind == 4) {
    host->SlewClock(sign * random.Log(1, 100'000));
  } else if (kind < 7 || worst == 1) {
    host->SetClockRight();
  } else if (kind < 9 || worst == 2 || !random.OneIn(4)) {
    host->StepClock(sign * random.Log(kMs, kHour));
  } else {
    host->StepClock(sign * random.Log(kDay, 40 * kYear));
  }
}

void Chaos::StrikeStore() {
  Random& random = world_->random();
  switch (random.Below(4)) {
    case 0:
      store_->GoDown(random.Log(kMs, 20 * kSecond), random.OneIn(2));
      break;
    case 1:
      store_->GoDown(random.Log(kMs, 200 * kMs), random.OneIn(2));
      break;
    case 2:
      store_->Restart();
      break;
    default:
      ++world_->report().store_faults;
      store_->StepClock((random.OneIn(2) ? 1 : -1) * random.Log(kMs, kDay));
      break;
  }
}

void Chaos::StrikeProcesses(VirtualHost* host) {
  Random& random = world_->random();
  switch (random.Below(4)) {
    case 0:
      host->KillAll();
      break;
    case 1:  // the whole machine stands still, with its clock going on
      ++world_->report().stops;
      host->Pause(random.Log(kMs, world_->plan().longest_stop));
      break;
    default:
      if (host->processes().empty()) break;
      Process* process = world_->Find(host->processes()[random.Below(host->processes().size())]);
      if (random.OneIn(2)) {
        world_->Kill(process);
      } else {
        world_->Stop(process, random.Log(kMs, world_->plan().longest_stop));
      }
      break;
  }
}

}  // namespace shmflake::sim
