// SPDX-License-Identifier: Apache-2.0
// The running part of a hunt: starts the processes, kills some, starts others in their place, and
// waits until all is drawn.
#ifndef SHMFLAKE_TOOLS_STRESS_HUNT_H_
#define SHMFLAKE_TOOLS_STRESS_HUNT_H_

#include <sys/types.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "region_options.h"
#include "stress_log.h"
#include "stress_plan.h"
#include "stress_progress.h"

namespace tool {

enum class StressEnd : std::uint32_t { kRunning, kFinished, kKilled, kFailed };

// One process that was started; its place in the list is its record in the log.
struct StressProcess {
  pid_t pid = 0;
  StressEnd end = StressEnd::kRunning;
};

struct StressOutcome {
  std::vector<StressProcess> processes;
  std::uint64_t kills = 0;
  bool interrupted = false;
  std::string error;  // why the hunt broke off; "" if it did not
};

class StressHunt {
 public:
  StressHunt(const StressPlan& plan, const RegionOptions& region, StressLog* log,
             StressProgress* progress);

  // Returns when no process is left.
  [[nodiscard]] StressOutcome Run();

 private:
  bool Spawn();
  void WaitUntilReady();
  void Watch();
  void Reap();
  void Ended(std::size_t index, int status);
  void MaybeKill(double fraction);
  void BreakOff(const std::string& error);
  void Stop();
  void KillRest();
  [[nodiscard]] std::size_t Living() const;
  [[nodiscard]] std::uint64_t Drawn();

  const StressPlan& plan_;
  const RegionOptions& region_;
  StressLog* log_;
  StressProgress* progress_;
  StressOutcome outcome_;
  std::vector<double> kill_at_;  // fractions of the hunt, the next one last
  std::vector<bool> killed_;     // was sent SIGKILL
  std::mt19937_64 random_;
  std::string own_path_;
  std::uint64_t stop_ns_ = 0;    // when the stop sign went up; 0: not yet
  std::size_t full_chunks_ = 0;  // Drawn(): the chunks before this one are known
  std::uint64_t full_ids_ = 0;   // ... and hold so many IDs
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_HUNT_H_
