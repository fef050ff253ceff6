// SPDX-License-Identifier: Apache-2.0
// A virtual host: directories of its own, clocks that may say anything, processes that come and go.
#ifndef SHMFLAKE_TESTS_SIM_VIRTUAL_HOST_H_
#define SHMFLAKE_TESTS_SIM_VIRTUAL_HOST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/options.h"
#include "tests/sim/world.h"

namespace shmflake::sim {

// Where virtual time begins on clocks that are right: 2026-01-01.
inline constexpr std::int64_t kBeginNs = 1'767'225'600 * kSecond;

class VirtualHost {
 public:
  // static_worker_id: -1, or the one that is configured.
  VirtualHost(World* world, std::uint32_t index, const std::string& root,
              std::int64_t static_worker_id);

  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] bool is_static() const { return settings_.worker_id.given; }

  // ---- Clocks
  [[nodiscard]] std::int64_t RealtimeNs() const;
  [[nodiscard]] std::int64_t UptimeNs() const { return world_->now() - booted_ + kSecond; }
  void StepClock(std::int64_t by_ns);
  void SlewClock(std::int64_t parts_per_million);
  void FreezeClock();
  void SetClockRight();

  // ---- Processes
  void Run(std::uint32_t wanted);  // so many, from now on
  [[nodiscard]] const std::vector<std::uint64_t>& processes() const { return processes_; }
  void StartDrawer();
  void StartRetirer();
  void Ended(Process* process);
  void Pause(Time how_long) { paused_until_ = std::max(paused_until_, world_->now() + how_long); }
  void Resume() { paused_until_ = 0; }
  [[nodiscard]] Time paused_until() const { return paused_until_; }

  // ---- What happens to hosts
  void KillAll();
  void Reboot();           // tmpfs is empty, the state directory is as it was
  void MoveToContainer();  // both are empty, and the name is another
  void RemoveRegion();     // under its processes

  // Grows when IDs need not be ordered any more with those before: the region is gone, and another
  // worker ID may come.
  [[nodiscard]] std::uint64_t life() const { return life_; }
  void EndLife() { ++life_; }

  // What its processes noticed, for the end of a run.
  bool drew = false;
  Code last_refusal = Code::OK;
  std::string last_words;

 private:
  void MakeDirectories();
  void StartLater();

  World* world_;
  std::uint32_t index_;
  std::string name_;
  std::string root_;
  Settings settings_;
  std::uint32_t wanted_ = 0;
  std::uint32_t containers_ = 0;
  std::uint64_t life_ = 0;
  std::vector<std::uint64_t> processes_;
  Time paused_until_ = 0;
  Time booted_ = 0;
  // The wall clock: what it said at a time, and how fast it runs.
  std::int64_t clock_ns_ = kBeginNs;
  Time clock_set_ = 0;
  std::int64_t clock_rate_ = 1'000'000;  // millionths; 0: frozen
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_VIRTUAL_HOST_H_
