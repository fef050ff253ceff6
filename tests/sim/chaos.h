// SPDX-License-Identifier: Apache-2.0
// What happens to hosts, to their clocks, and to the store, whether their processes are ready or not.
#ifndef SHMFLAKE_TESTS_SIM_CHAOS_H_
#define SHMFLAKE_TESTS_SIM_CHAOS_H_

#include <memory>
#include <vector>

#include "tests/sim/program.h"
#include "tests/sim/virtual_host.h"
#include "tests/sim/virtual_store.h"
#include "tests/sim/world.h"

namespace shmflake::sim {

class Chaos {
 public:
  using Hosts = std::vector<std::unique_ptr<VirtualHost>>;
  Chaos(World* world, VirtualStore* store, const Hosts* hosts);

  void CalmDown() { calm_ = true; }

 private:
  void Next();
  void Strike();
  void StrikeClock(VirtualHost* host);
  void StrikeStore();
  void StrikeProcesses(VirtualHost* host);
  // Mappings of regions that are gone take memory until their processes end.
  void SaveMemory();

  World* const world_;
  VirtualStore* const store_;
  const Hosts* const hosts_;
  bool calm_ = false;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_CHAOS_H_
