// SPDX-License-Identifier: Apache-2.0
// What a repeat hunt is to do, and what this machine's memory allows of it.
#ifndef SHMFLAKE_TOOLS_STRESS_PLAN_H_
#define SHMFLAKE_TOOLS_STRESS_PLAN_H_

#include <cstdint>
#include <string>

namespace tool {

inline constexpr std::uint64_t kMaxProcesses = 4096;
inline constexpr std::uint64_t kMaxIds = 100'000'000'000;
inline constexpr std::uint64_t kMaxSeconds = 86'400;
inline constexpr std::uint64_t kMaxKills = 100'000;
inline constexpr std::uint64_t kMaxBatch = 4096;

struct StressPlan {
  std::uint64_t processes = 8;
  std::uint64_t ids = 0;      // 0: not said, until FitToMachine()
  std::uint64_t seconds = 0;  // 0: no limit
  std::uint64_t kills = 5;
  std::uint64_t batch = 1;  // IDs a call; 1 is shmflake_next
  bool use_region = false;
  bool plant_repeat = false;

  bool until_memory = false;  // only the time was said: ids is what fits
  std::string note;           // what was reduced, for people; "" if nothing
};

// Fills in what was not said, and reduces the IDs to what fits into half of the memory that is
// free: every one of them is kept until the end, to be compared.
void FitToMachine(StressPlan* plan);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_PLAN_H_
