// SPDX-License-Identifier: Apache-2.0
// A store of segments: one row a tag, (max_id, step), changed in one durable transaction. What to
// write is decided by segment_plan.h; a store only makes the step atomic.
//
// Invariants, which every implementation keeps:
//   (1) Take writes only if the row is still as the plan saw it; of any number of hosts that take at
//       once, each one's change is on top of another's.
//   (2) When Take returns OK, its change is durable. When it fails, nothing may be used of it; the
//       change may have been made all the same (a gap).
//
// Thread safety: any threads at once. Fork safety: nothing is kept open between calls.
#ifndef SHMFLAKE_CORE_STORE_SEGMENT_STORE_H_
#define SHMFLAKE_CORE_STORE_SEGMENT_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "core/function_ref.h"
#include "core/segment_plan.h"
#include "core/status.h"
#include "core/store/store_url.h"

namespace shmflake {

// Decides on the row as it stands (null: there is none) what to write, or refuses; its error is
// returned as it is. May be called again when somebody else was quicker. It must not use a store.
using SegmentPlan = FunctionRef<Status(const SegmentRow* found, SegmentRow* write)>;

class SegmentStore {
 public:
  virtual ~SegmentStore() = default;

  // Never longer than timeout_ms (SQLite: plus its disk's fsync).
  virtual Status Take(const std::string& tag, std::int64_t timeout_ms, const SegmentPlan& plan) = 0;
  // Makes the table, if it is missing.
  virtual Status Init(std::int64_t timeout_ms) = 0;
};

// Opens no connection; loads the plug-in of the URL's scheme. STORE_PLUGIN when there is none: it is
// looked for as store-SCHEME.so in SHMFLAKE_PLUGIN_DIR, else in shmflake/ beside this library, else
// in the directories that were compiled in. `mode` is that of a file that SQLite makes.
Status OpenSegmentStore(const StoreUrl& url, const std::string& state_directory, std::uint32_t mode,
                        std::unique_ptr<SegmentStore>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SEGMENT_STORE_H_
