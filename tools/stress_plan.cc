// SPDX-License-Identifier: Apache-2.0
#include "stress_plan.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "text.h"

namespace tool {
namespace {

constexpr std::uint64_t kDefaultIds = 30'000'000;
// More than any machine draws; with only a time given, the memory is the limit.
constexpr std::uint64_t kIdsPerSecondBound = 200'000'000;

// MemAvailable of /proc/meminfo, in bytes; everything when it is not told.
std::uint64_t HostMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kib = 0;
  std::string unit;
  while (file >> key >> kib) {
    std::getline(file, unit);
    if (key == "MemAvailable:") return kib * 1024;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

// What is left of the container's memory limit (cgroup v2), which MemAvailable does not know.
std::uint64_t ContainerMemory() {
  std::uint64_t most = 0;
  std::uint64_t used = 0;
  if (!(std::ifstream("/sys/fs/cgroup/memory.max") >> most) ||
      !(std::ifstream("/sys/fs/cgroup/memory.current") >> used)) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return most - std::min(most, used);
}

}  // namespace

void FitToMachine(StressPlan* plan) {
  const std::uint64_t free = std::min(HostMemory(), ContainerMemory());
  const std::uint64_t most =
      std::clamp<std::uint64_t>(free / 2 / sizeof(std::uint64_t), 1, kMaxIds);
  if (plan->ids == 0) {
    plan->until_memory = plan->seconds != 0;
    plan->ids = plan->seconds == 0 ? std::min(kDefaultIds, most)
                                   : std::min(plan->seconds * kIdsPerSecondBound, most);
    return;
  }
  if (plan->ids <= most) return;
  plan->note = WithCommas(plan->ids) + " IDs do not fit into half of the free memory (" +
               Bytes(free) + "): reduced to " + WithCommas(most);
  plan->ids = most;
}

}  // namespace tool
