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
//   (6) Times to live, and clocks, decide who is asked to wait, never what may be granted.
//
// Thread safety: a Store object is used by one thread at a time; many objects, processes and hosts
// may use one store at once. Fork safety: a child may go on using an object; of SQLite, fork() waits for
// a step in progress; in a copy that a raw clone() made in the middle of a step, every step is
// STORE_LOCKED.
#ifndef SHMFLAKE_CORE_STORE_STORE_H_
#define SHMFLAKE_CORE_STORE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/function_ref.h"
#include "core/id_format.h"
#include "core/status.h"

namespace shmflake {

// Who asks, for what. The format is part of the record: invariant (5).
struct LeaseKey {
  std::string id_namespace;
  std::uint32_t worker_id = 0;
  IdFormat format;
  std::uint64_t instance_id = 0;  // the region's random identity; never 0
  // Of a store that hosts share. Who may take over from a holder that never ended: who has the same
  // owner, a state directory's lock ID in 32 hex digits, "/", the region's name. Of another region in
  // that state directory: who asks for this very worker ID, since the lock file tells whether
  // anybody is in it.
  std::string owner;
  std::uint32_t ttl_ms = 0;  // for how long nobody else takes it over
  std::uint64_t now = 0;     // AcquireAny: the clock, in ticks
  // Extend, Release: what was granted before; 0: not known. A store that has less was set back.
  std::uint64_t known_horizon = 0;
  std::string region_name;  // for people
  std::string host;         // for people

  LeaseKey();
  LeaseKey(const LeaseKey& other);
  LeaseKey(LeaseKey&& other) noexcept;
  LeaseKey& operator=(const LeaseKey& other);
  ~LeaseKey();
};

struct LeaseRecord {
  std::uint32_t worker_id = 0;
  bool exists = false;        // false: the key was never leased
  std::uint64_t horizon = 0;  // ticks; the first tick that was never granted
  std::uint64_t holder = 0;   // instance ID; 0: released
  std::string holder_region;  // for people
  std::string holder_host;    // for people
};

// What List tells.
struct LeaseInfo {
  LeaseRecord record;
  IdFormat format;
  std::string owner;  // "" where it is not kept
  // Until the holder's time to live ends, by the store's clock; kNoTtl: the store keeps none.
  static constexpr std::int64_t kNoTtl = INT64_MAX;
  std::int64_t ttl_ms = kNoTtl;
  std::int64_t updated_unix_ms = 0;
};

// Given the record as it stands, decides the new horizon (>= record.horizon) or refuses.
using LeasePlan = FunctionRef<Status(const LeaseRecord& record, std::uint64_t* new_horizon)>;

class Store {
 public:
  virtual ~Store() = default;

  // The random identity of what keeps the key's namespace, made with it: 32 hex digits. One that
  // lost its records has another.
  virtual Status Identify(const LeaseKey& key, std::string* id) = 0;
  // Later steps are for that identity alone: STORE_REPLACED, here or there, when it is another.
  virtual Status Expect(const std::string& id) = 0;

  // In one transaction: reads the record, asks the plan, makes the key's instance the holder up to
  // the new horizon. The plan must not use a store itself; its error is returned as it is, and
  // nothing changes. A store of one host gives the key whoever held it before, and asks once; one
  // that is shared is WORKER_HELD while the time to live of a holder elsewhere runs, and may ask
  // again, when somebody else was quicker. STORE_LAYOUT when the namespace has records of another
  // format.
  virtual Status Acquire(const LeaseKey& key, const LeasePlan& plan) = 0;

  // The same, of any free worker ID, which key->worker_id says then. It asks for one after the other,
  // those first that suit best, until the plan says neither RECOVERY, WORKER_HELD nor TIME_RANGE.
  // WORKERS_EXHAUSTED when none is free. A store that is not shared has none to choose from:
  // STORE_UNKNOWN.
  virtual Status AcquireAny(LeaseKey* key, const LeasePlan& plan);

  // Moves the holder's horizon up to at least `horizon`, and renews its time to live; *granted is
  // what stands then. LEASE_LOST when another instance, or none, holds the key. Of a store that is
  // shared: STORE_BACKWARDS when the horizon is below known_horizon, since what others were granted
  // is forgotten then as well.
  virtual Status Extend(const LeaseKey& key, std::uint64_t horizon, std::uint64_t* granted) = 0;

  // The holder ends, and the key has no holder: the horizon is set to `used` (the first tick not
  // issued), which may be lower, but to no less than the one that the holder began at, and no more
  // than the one it has. *released is false when the instance is not the holder; nothing changes then,
  // unless a store that hosts share was set back: it learns what was issued, and whoever holds the key
  // there holds it no more. STORE_BACKWARDS then.
  virtual Status Release(const LeaseKey& key, std::uint64_t used, bool* released) = 0;

  // All records of the namespace, ascending by worker ID.
  virtual Status List(const std::string& id_namespace, std::vector<LeaseInfo>* out) = 0;

  // Whoever holds the worker ID holds it no more; the horizon stays. A region that still has it
  // draws up to its ceiling, and then finds its lease lost. *freed is false when nobody held it;
  // NOT_FOUND when there is no record.
  virtual Status Free(const std::string& id_namespace, std::uint32_t worker_id, bool* freed) = 0;
};

// For implementations and messages.

// WORKER_ID, LAYOUT, STORE_UNAVAILABLE: what no caller may ask for.
Status CheckLeaseKey(const LeaseKey& key);
// 'worker ID 3 of namespace "orders"'.
[[nodiscard]] std::string DescribeKey(const LeaseKey& key);
// The horizon that a release leaves, of a record with `base` and `horizon`, when `used` is the first
// tick that was not issued. No lower than where the holder began: what lies below was its
// predecessors'. No higher than what it was granted: what lies above cannot have issued. A store that
// was set back (key.known_horizon) learns what was issued.
[[nodiscard]] std::uint64_t ReleasedHorizon(const LeaseKey& key, std::uint64_t base,
                                            std::uint64_t horizon, std::uint64_t used);
// What is wrong with a horizon below key.known_horizon.
[[nodiscard]] std::string DescribeBackwards(const LeaseKey& key, std::uint64_t horizon);

// Pinned: part of the region header.
enum class StoreKind : std::uint32_t {
  kNone = 1,
  kSqlite = 2,
  kMysql = 3,
  kPostgres = 4,
  kEtcd = 5,
};
// Whether many hosts trust it, and lease worker IDs from it.
[[nodiscard]] constexpr bool IsShared(StoreKind kind) { return kind >= StoreKind::kMysql; }

inline constexpr const char* kStoreRule =
    "must be \"sqlite\", \"none\", or the URL of a store that hosts share, mysql://, postgres:// "
    "or "
    "etcd://";
// "sqlite", "none", or a URL of mysql, postgres or etcd (store_url.h); STORE_UNKNOWN for others,
// STORE_URL for a URL that is not understood.
Status ParseStoreKind(const std::string& text, StoreKind* kind);
[[nodiscard]] const char* StoreKindName(StoreKind kind);

// Opens the store of that kind, which is not shared, in the state directory, and makes what is missing of both: the file
// with `mode`, the directory (not its parents) with the same and the right to search. Waits at most
// busy_timeout_ms for other users of it, in all, in each step: STORE_LOCKED. kNone gives a store
// that remembers nothing, grants all, and has the identity 000...0.
Status OpenStore(StoreKind kind, const std::string& state_directory, std::uint32_t mode,
                 std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_STORE_H_
