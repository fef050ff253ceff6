// SPDX-License-Identifier: Apache-2.0
// One seed, from its first region to its last ID.
#ifndef SHMFLAKE_TESTS_SIM_SIMULATION_H_
#define SHMFLAKE_TESTS_SIM_SIMULATION_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/chaos.h"
#include "tests/sim/program.h"
#include "tests/sim/virtual_host.h"
#include "tests/sim/virtual_store.h"
#include "tests/sim/witness.h"
#include "tests/sim/world.h"

namespace shmflake::sim {

class Simulation {
 public:
  // Its hosts' directories are made in `root`, which is its caller's to remove.
  Simulation(const Plan& plan, const std::string& root, Report* report);

  // Ends the process with status 1 when a promise is broken; *report says which.
  void Run();

 private:
  void MakeHosts(const std::string& root);
  void RunPhases();
  // All is well again: who cannot draw then is stuck.
  void CheckRecovery();
  void CheckEverybodyDraws(const char* when, bool restarted);
  [[nodiscard]] bool MayBeRefused(const VirtualHost& host, bool restarted) const;

  Report* const report_;
  World world_;
  Witness witness_;
  VirtualStore store_;
  std::vector<std::unique_ptr<VirtualHost>> hosts_;
  std::unique_ptr<Chaos> chaos_;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_SIMULATION_H_
