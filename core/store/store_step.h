// SPDX-License-Identifier: Apache-2.0
// The guard around every use of SQLite, so that fork() finds it at rest.
//
// SQLite keeps locks and tables that are global to the process. A child of fork() has a copy of
// them, but not the thread that was about to release them: it would wait for ever, or believe in
// file locks that only its parent has.
//
// Thread safety: all of it; a Patience and a StoreStep belong to one thread.
//
// Invariants:
//   (1) Every call into SQLite is made inside a StoreStep; a process has at most one at a time.
//   (2) No connection outlives its StoreStep: between steps SQLite holds no file and no lock for
//       us.
//   (3) fork() waits for the step in progress and for SQLite's own mutexes (the program may use
//       SQLite too). The child finds both free.
//   (4) A copy of the process that was made in the middle of a step all the same, by a raw
//       clone() or by a fork() that ran out of patience, never begins another step, and never
//       ends the one that it is a copy of: it fails with STORE_LOCKED.
#ifndef SHMFLAKE_CORE_STORE_STORE_STEP_H_
#define SHMFLAKE_CORE_STORE_STORE_STEP_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/status.h"

namespace shmflake {

// How long a step may wait, for everything together.
class Patience {
 public:
  explicit Patience(std::uint32_t total_ms);

  // Sleeps a little, at random, longer each time. False, at once, when the time is used up.
  [[nodiscard]] bool Sleep() noexcept;
  [[nodiscard]] std::uint32_t total_ms() const { return total_ms_; }
  // How much of it is gone; at most all of it.
  [[nodiscard]] std::uint32_t used_ms() const noexcept;

 private:
  std::uint32_t total_ms_;
  std::int64_t start_ns_;
  std::int64_t slept_ns_ = 0;  // counts when the clock stands still, as under libfaketime
  std::int64_t next_ns_;
  std::uint64_t random_;
};

class StoreStep {
 public:
  // Until the destructor the thread cannot be cancelled: that would leave SQLite's mutexes locked.
  StoreStep();
  StoreStep(const StoreStep&) = delete;
  StoreStep& operator=(const StoreStep&) = delete;
  ~StoreStep();

  // Waits for the step of another thread, and for a fork(). STORE_LOCKED when patience runs out, or
  // invariant (4) holds. `path` is for the message.
  Status Begin(const std::string& path, Patience* patience);

 private:
  pid_t pid_ = 0;  // of the process that began it; 0: not begun
  int cancel_state_ = 0;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_STORE_STEP_H_
