// SPDX-License-Identifier: Apache-2.0
// The opt-in background thread. A forked child has none, and must not wait for its parent's.
#ifndef SHMFLAKE_CORE_MAINTENANCE_THREAD_H_
#define SHMFLAKE_CORE_MAINTENANCE_THREAD_H_

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

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

  // False in a forked child, which must not use what follows.
  [[nodiscard]] bool alive() const noexcept { return *static_cast<const char*>(mine_.data()) != 0; }
  // More work behind it, then at least every 100 ms, until it is removed. Remove waits for its own
  // work, if that is under way.
  void Add(const void* owner, std::function<void()> work);
  void Remove(const void* owner);
  // Lets the next round begin now. Async-signal-safe.
  void Wake() noexcept;

 private:
  void Run();

  ForkPage mine_;  // its first byte: 1 in the process that has the thread
  UniqueFd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> wait_ms_{0};
  std::function<void()> work_;
  std::mutex mutex_;  // of what follows
  std::condition_variable ended_;
  const void* running_ = nullptr;  // whose work is under way
  std::vector<std::pair<const void*, std::function<void()>>> added_;
  std::thread* thread_ = nullptr;  // leaked in a child, where there is nothing to join
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_MAINTENANCE_THREAD_H_
