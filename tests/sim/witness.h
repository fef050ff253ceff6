// SPDX-License-Identifier: Apache-2.0
// Sees everything that is issued and everything that the store committed, and knows what was
// promised. Whatever does not agree ends the run.
#ifndef SHMFLAKE_TESTS_SIM_WITNESS_H_
#define SHMFLAKE_TESTS_SIM_WITNESS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/generator.h"
#include "core/store/store_plugin.h"
#include "tests/sim/id_set.h"
#include "tests/sim/order_log.h"
#include "tests/sim/world.h"

namespace shmflake::sim {

class Witness {
 public:
  explicit Witness(World* world) : world_(world) {}

  // ---- The store's side
  // `before` is null where there was no record.
  void Commit(const shmflake_store_lease* before, const shmflake_store_lease& after,
              const std::string& host);
  // At the end: no two rectangles of one worker ID meet.
  void CheckRectangles();

  // ---- A process's side
  struct Call {
    std::uint64_t order = 0;  // of its beginning
    std::uint64_t life = 0;
    Time began = 0;
    Time delayed = 0;
  };
  [[nodiscard]] Call Begin(Process& process);
  // Every call ends in time, and with words if it fails. `waits`: it does what it can before.
  void End(Process& process, const Call& call, const char* what, const Status& status,
           bool waits = true);
  // One call's, ascending in strict ordering.
  void Ids(Process& process, const Call& call, Generator& generator, const std::uint64_t* ids,
           std::size_t count);
  void Uuid(Process& process, const Call& call, Generator& generator, std::uint64_t state);
  // No ID of this host that is drawn from now on is below.
  void Watermark(Process& process, Generator& generator, std::uint64_t id);
  // The next ID of this region is larger.
  void Observed(Process& process, Generator& generator, std::uint64_t id);

  // Some ID that was issued lately, anywhere; 0: none yet.
  [[nodiscard]] std::uint64_t last_id() const { return last_id_; }

 private:
  // What a holder was granted: [base, end) of a worker ID's ticks.
  struct Rectangle {
    std::uint64_t instance;
    std::uint64_t base;
    std::uint64_t end;
    std::uint64_t issued_to;  // the first tick above all that it issued
    bool ended;
    std::string host;
    std::uint64_t life;   // of the host, when it was leased
    std::uint64_t birth;  // larger than that of all that were leased before
  };
  struct HostLog {
    std::map<std::uint32_t, OrderLog> ids_of_worker;
    std::map<std::uint32_t, OrderLog> uuids_of_worker;
    OrderLog births;  // of the regions that were drawn from
    OrderLog ids;     // of all its worker IDs, in this life
    std::uint64_t life = 0;
  };

  Rectangle* FindRectangle(std::uint32_t worker_id, std::uint64_t instance);
  // Its rectangle.
  const Rectangle& CheckId(Process& process, Generator& generator, std::uint64_t id);
  HostLog& LogOf(const VirtualHost& host);
  void CheckOrder(const OrderLog& log, const Call& call, std::uint64_t value, const char* what);
  [[noreturn]] void Broken(const char* promise, const char* format, ...)
      __attribute__((format(printf, 3, 4)));

  World* const world_;
  std::uint64_t last_order_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_birth_ = 0;
  IdSet ids_;
  IdSet uuids_;
  std::map<std::uint32_t, std::vector<Rectangle>> rectangles_;
  std::map<std::uint32_t, HostLog> hosts_;
  std::map<std::uint32_t, std::uint64_t> last_region_of_;  // of a worker ID
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_WITNESS_H_
