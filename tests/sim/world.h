// SPDX-License-Identifier: Apache-2.0
// Virtual time, and the virtual processes that live in it: each is a fiber that runs the real core.
// At every point it may be set back in the queue, stopped for years, or killed, as the seed says.
//
// One thread. Invariants:
//   (1) Nothing but the seed decides what happens: neither time nor randomness of the machine.
//   (2) A killed process is never resumed. The kernel sees its descriptors closed and its mappings
//       gone, as at a kill -9; no destructor of it runs.
//   (3) Virtual time rises with every reading of a clock, so that whoever polls comes to an end.
#ifndef SHMFLAKE_TESTS_SIM_WORLD_H_
#define SHMFLAKE_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "tests/sim/fiber.h"
#include "tests/sim/heap.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"
#include "tests/sim/report.h"

namespace shmflake::sim {

class VirtualHost;

// When there is much to do, and when hardly anything.
struct Rhythm {
  Time quiet_until = 0;  // before now: everybody is at work
  bool over = false;     // who looks ends
};

struct Mapping {
  void* address;
  std::size_t size;
  std::uint64_t inode;  // 0: of no file
};

struct Process {
  using Body = void (*)(Process& self);

  std::uint64_t id = 0;
  VirtualHost* host = nullptr;
  Body body = nullptr;
  std::unique_ptr<Fiber> fiber;
  Heap heap;
  Heap* allocates_on = nullptr;
  bool dying = false;
  bool is_drawer = false;  // one that its host wants to have
  std::vector<int> files;
  std::vector<Mapping> mappings;
  std::uint64_t event = 0;  // the one that it waits for
  Time due = 0;             // when it would have gone on by itself
  Time delayed = 0;         // how long it was kept from going on, altogether
  Time stopped_until = 0;
  std::int64_t highest_reading_ns = 0;  // of the wall clock, since its call began
};

class World {
 public:
  explicit World(const Plan& plan, Report* report);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Null outside of a run.
  static World* Get() noexcept;
  // The virtual process at work; null: the simulation itself.
  [[nodiscard]] Process* current() const noexcept { return current_; }

  [[nodiscard]] Time now() const noexcept { return now_; }
  [[nodiscard]] Random& random() noexcept { return random_; }
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] Report& report() noexcept { return *report_; }
  [[nodiscard]] Rhythm& rhythm() noexcept { return rhythm_; }

  // ---- For virtual processes

  enum class Step { kDraw, kRare };
  // A point at which somebody else may go on.
  void Point(Step step);
  void Sleep(Time ns);
  void PassTime(Time ns) noexcept { now_ += ns; }

  // ---- For the simulation

  void At(Time when, std::function<void()> action);
  Process* Start(VirtualHost* host, Process::Body body);
  void Kill(Process* process);
  void Stop(Process* process, Time how_long);
  void Wake(Process* process);  // from a stop
  [[nodiscard]] Process* Find(std::uint64_t id);
  // Until nothing is left to happen before `end`.
  void RunUntil(Time end);
  // No more kills, stops or delays.
  void CalmDown() noexcept { calm_ = true; }
  // How many region files are mapped, named or not.
  [[nodiscard]] std::size_t mapped_files() const noexcept { return mapped_files_.size(); }
  void CountMapping(const Mapping& mapping, bool mapped);

  // What happened becomes part of the run's hash.
  void Note(const char* what, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0);
  // A promise is broken: ends the run.
  [[noreturn]] void Fail(const std::string& promise, const std::string& details);

 private:
  struct Event {
    Time at;
    std::uint64_t order;
    std::uint64_t process;  // 0: an action
    std::function<void()> action;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void Push(Time at, Process* process, std::function<void()> action);
  // The fiber at work leaves until `at`; it would have gone on at `due`.
  void LeaveUntil(Time at, Time due);
  void Resume(Process* process);
  void Bury(Process* process);
  void Disturb(Step step);
  static void RunBody(void* process);

  const Plan plan_;
  Report* const report_;
  Random random_;
  Time now_ = 0;
  Rhythm rhythm_;
  bool calm_ = false;
  std::uint64_t draw_points_left_ = 1;
  std::uint64_t rare_points_left_ = 1;
  std::uint64_t last_order_ = 0;
  std::uint64_t last_process_ = 0;
  Process* current_ = nullptr;
  std::priority_queue<Event> events_;
  std::map<std::uint64_t, std::unique_ptr<Process>> processes_;
  std::map<std::uint64_t, int> mapped_files_;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_WORLD_H_
