// SPDX-License-Identifier: Apache-2.0
// Real processes that do one thing as fast as they can, counted over a window of time.
#ifndef SHMFLAKE_BENCH_SUPPORT_FLEET_H_
#define SHMFLAKE_BENCH_SUPPORT_FLEET_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace bench {

inline constexpr int kMaxProcesses = 64;
// A process makes its count known after this many steps.
inline constexpr std::uint64_t kStepsAPost = 64;

// What the processes and their parent share; each process writes a line pair of its own.
struct FleetBoard {
  std::atomic<std::uint32_t> ready;
  std::atomic<std::uint32_t> go;
  std::atomic<std::uint32_t> stop;
  struct alignas(128) Tally {
    std::atomic<std::uint64_t> steps;
  } tallies[kMaxProcesses];
};

// One process's view of the board.
class Worker {
 public:
  Worker(FleetBoard& board, int index) : board_(board), tally_(board.tallies[index]) {}

  // After the worker's own preparations, until all are ready.
  void WaitForStart();

  // Calls step() until the fleet stops.
  template <typename Step>
  void Run(Step&& step) {
    for (std::uint64_t steps = 0; board_.stop.load(std::memory_order_relaxed) == 0;) {
      for (std::uint64_t i = 0; i < kStepsAPost; ++i) step();
      tally_.steps.store(steps += kStepsAPost, std::memory_order_relaxed);
    }
  }

 private:
  FleetBoard& board_;
  FleetBoard::Tally& tally_;
};

struct FleetResult {
  double seconds = 0;       // of the window
  std::uint64_t steps = 0;  // of all processes within it
  double cpu_seconds = 0;   // of all processes within it
  double user_seconds = 0;  // of all processes over their whole life, as getrusage tells
  double system_seconds = 0;
};

// Forks `processes` children that each run `body`, lets them run for `warm_up` seconds, then counts
// for `window` seconds. `at_edge`, called right after each reading of the window's edges (0, 1),
// may read more.
FleetResult RunFleet(int processes, double warm_up, double window,
                     const std::function<void(Worker&)>& body,
                     const std::function<void(int)>& at_edge = {});

// Prints the steps a second of a fleet as `what`, and how much of the processors it had as
// `processors`: below min(processes, processors) others ran too.
void MeasureFleet(const char* what, const char* processors, int processes, double window,
                  const std::function<void(Worker&)>& body);

}  // namespace bench

#endif  // SHMFLAKE_BENCH_SUPPORT_FLEET_H_
