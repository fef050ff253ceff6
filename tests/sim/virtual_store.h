// SPDX-License-Identifier: Apache-2.0
// The store that all virtual hosts share, behind the interface of a plug-in (store_plugin.h). What it
// has committed it never forgets; whatever else a store and a network can do to a caller it does: it
// is slow, loses requests and answers, commits after its caller has given up, shows old versions
// that the compare must refuse, is down, restarts, and has a clock of its own that is wrong.
#ifndef SHMFLAKE_TESTS_SIM_VIRTUAL_STORE_H_
#define SHMFLAKE_TESTS_SIM_VIRTUAL_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/store/store_plugin.h"
#include "tests/sim/witness.h"
#include "tests/sim/world.h"

namespace shmflake::sim {

class VirtualStore {
 public:
  VirtualStore(World* world, Witness* witness);
  ~VirtualStore();
  VirtualStore(const VirtualStore&) = delete;
  VirtualStore& operator=(const VirtualStore&) = delete;

  static VirtualStore* Get() noexcept;

  int Lease(std::int64_t worker_id, std::int64_t timeout_ms, shmflake_store_decide_lease decide,
            void* context, shmflake_store_error* error);

  // ---- Faults
  void GoDown(Time how_long, bool silent);  // silent: it does not even refuse
  void Restart();                           // what is under way is lost, what was committed is not
  void StepClock(std::int64_t by_ns) { clock_offset_ += by_ns; }
  // As an operator does; false when nobody holds it.
  bool Free(std::uint32_t worker_id);
  void CalmDown();

  // Whether a host that asks for any worker ID at `now_tick` must get one.
  [[nodiscard]] bool HasFree(std::uint64_t now_tick, std::uint64_t max_recovery_ticks) const;

 private:
  struct Record {
    shmflake_store_lease lease{};
    std::string owner, region, host;
    std::uint64_t version = 0;
    Time ends = 0;  // by the server's clock
  };
  struct Namespace {
    std::string identity, format;
  };
  struct Write {
    Namespace record;
    bool has_lease = false;
    Record lease;
    std::uint64_t namespace_version = 0;
    std::uint64_t lease_version = 0;
  };
  // What a transaction reads.
  struct Versions {
    Namespace record;
    std::uint64_t namespace_version = 0;
    std::map<std::uint32_t, Record> leases;
  };
  enum class Fate { kArrives, kLost, kRefused };

  [[nodiscard]] Time Clock() const { return world_->now() + clock_offset_; }
  Fate Travel(Time deadline);
  static int Give(int result, const char* words, shmflake_store_error* error);
  int GiveUp(Time deadline, bool lost, shmflake_store_error* error);
  // All records, or that of one worker ID.
  static Versions Read(const Versions& from, std::int64_t worker_id);
  // False when it was declined.
  bool Ask(const Versions& seen, shmflake_store_decide_lease decide, void* context, Write* write);
  // Only if all is as it was read.
  bool Commit(const Write& write);
  void CommitLater(const Write& write);
  void CheckWrite(const shmflake_store_lease_write& write, const Versions& seen);

  World* const world_;
  Witness* const witness_;
  Versions current_;
  Versions old_;  // as it was a while ago
  Time old_taken_ = 0;
  Time down_until_ = 0;
  bool silent_ = false;
  bool calm_ = false;
  std::uint64_t restarts_ = 0;
  std::uint64_t last_version_ = 0;
  std::int64_t clock_offset_ = 0;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_VIRTUAL_STORE_H_
