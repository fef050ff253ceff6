// SPDX-License-Identifier: Apache-2.0
// A store: what remembers, for every (namespace, worker ID) and for ever, the highest horizon that
// it ever granted. Policy (how far to grant) is lease.h's; a store only makes each step one durable
// transaction.
//
// Invariants, which every implementation but "none" keeps:
//   (1) Once a step has returned a horizon, no later Acquire of the same key ever plans from a
//       lower one, after a crash of anything, unless the holder itself gave the part above back
//       by Release. No holder can give back what its predecessors had.
//   (2) At most one holder: Extend and Release by an instance that is not the holder change
//       nothing.
//   (3) A failed step has granted nothing that the caller may use. (It may have moved the
//       horizon: a gap.)
//   (4) A Store object works on the records that it was opened on: when they are exchanged or
//       gone, every step is STORE_REPLACED.
//   (5) All records of a namespace have one ID format: IDs of two formats may be equal.
//
// Thread safety: a Store object is used by one thread at a time; many objects, processes and hosts
// may use one store at once. Fork safety: a child may go on using an object, and fork() waits for
// a step in progress; in a copy that a raw clone() made in the middle of a step, every step is
// STORE_LOCKED.
#ifndef SHMFLAKE_CORE_STORE_STORE_H_
#define SHMFLAKE_CORE_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/id_format.h"
#include "core/status.h"

namespace shmflake {

// Who asks, for what. The format is part of the record: invariant (5).
struct LeaseKey {
  std::string id_namespace;
  std::uint32_t worker_id = 0;
  IdFormat format;
  std::uint64_t instance_id = 0;  // the region's random identity; never 0
  std::string region_name;        // for people
  std::string host;               // for people
};

struct LeaseRecord {
  bool exists = false;        // false: the key was never leased
  std::uint64_t horizon = 0;  // ticks; the first tick that was never granted
  std::uint64_t holder = 0;   // instance ID; 0: released
  std::string holder_region;  // for people
  std::string holder_host;    // for people
};

// Given the record as it stands, decides the new horizon (>= record.horizon) or refuses.
using LeasePlan = std::function<Status(const LeaseRecord& record, std::uint64_t* new_horizon)>;

class Store {
 public:
  virtual ~Store() = default;

  // The store's own random identity, made with it: 32 hex digits. A store that lost its records has
  // another one. Known since the store was opened: does no I/O.
  virtual Status Identity(std::string* id) = 0;

  // In one transaction: reads the record, asks the plan, makes the key's instance the holder up to
  // the new horizon, whoever held it before. The plan is called at most once, with the store
  // locked; it must not use a store itself. Its error is returned as it is, and nothing changes.
  // STORE_LAYOUT when the namespace has records of another format.
  virtual Status Acquire(const LeaseKey& key, const LeasePlan& plan) = 0;

  // Moves the holder's horizon up to at least `horizon`; *granted is what stands then.
  // LEASE_LOST when another instance, or none, holds the key.
  virtual Status Extend(const LeaseKey& key, std::uint64_t horizon, std::uint64_t* granted) = 0;

  // The holder ends, and the key has no holder: the horizon is set to `used` (the first tick not
  // issued), which may be lower, but to no less than the one that the holder began at, and no more
  // than the one it has. *released is false, and nothing changes, when the instance is not the
  // holder.
  virtual Status Release(const LeaseKey& key, std::uint64_t used, bool* released) = 0;
};

enum class StoreKind : std::uint32_t { kNone = 1, kSqlite = 2 };

// "sqlite" or "none"; STORE_UNKNOWN for others.
Status ParseStoreKind(const std::string& text, StoreKind* kind);
[[nodiscard]] const char* StoreKindName(StoreKind kind);

// Opens the store of that kind in the state directory, and makes what is missing of both: the file
// with `mode`, the directory (not its parents) with the same and the right to search. Waits at most
// busy_timeout_ms for other users of it, in all, in each step: STORE_LOCKED. kNone gives a store
// that remembers nothing, grants all, and has the identity 000...0.
Status OpenStore(StoreKind kind, const std::string& state_directory, std::uint32_t mode,
                 std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_STORE_H_
