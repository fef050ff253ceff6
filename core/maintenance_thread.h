// SPDX-License-Identifier: Apache-2.0
// The opt-in background thread. A forked child has none, and must not wait for its parent's.
#ifndef SHMFLAKE_CORE_MAINTENANCE_THREAD_H_
#define SHMFLAKE_CORE_MAINTENANCE_THREAD_H_

#include <functional>
#include <thread>

#include "core/fork_page.h"
#include "core/platform.h"

namespace shmflake {

class MaintenanceThread {
 public:
  MaintenanceThread() = default;
  ~MaintenanceThread();
  MaintenanceThread(const MaintenanceThread&) = delete;
  MaintenanceThread& operator=(const MaintenanceThread&) = delete;

  // Calls `work` every interval, with all signals blocked, until the destructor.
  Status Start(std::int64_t interval_ns, std::function<void()> work);

 private:
  ForkPage mine_;  // its first byte: 1 in the process that has the thread
  UniqueFd wake_;
  std::thread* thread_ = nullptr;  // leaked in a child, where there is nothing to join
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_MAINTENANCE_THREAD_H_
