// SPDX-License-Identifier: Apache-2.0
// Lets many processes begin the same thing at once.
#ifndef SHMFLAKE_TESTS_SUPPORT_STARTING_GUN_H_
#define SHMFLAKE_TESTS_SUPPORT_STARTING_GUN_H_

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>

#include "tests/support/process.h"

namespace flake::test {

// Lies in memory that the children share with the parent that made it.
class StartingGun {
 public:
  // For a child: says that it is ready, and waits for the shot.
  void Wait() {
    shared_->ready.fetch_add(1);
    // Asleep: hundreds that poll would leave no CPU for those that are still on their way.
    while (shared_->fired.load() == 0) Futex(FUTEX_WAIT, 0);
  }
  // False when fewer than `runners` get ready in time.
  [[nodiscard]] bool AreReady(int runners) {
    return Eventually([&] { return shared_->ready.load() >= runners; }, 30'000);
  }
  [[nodiscard]] bool Fire(int runners) {
    const bool ready = AreReady(runners);
    shared_->fired.store(1);
    Futex(FUTEX_WAKE, INT_MAX);
    return ready;
  }

 private:
  struct Words {
    std::atomic<int> ready;
    std::atomic<int> fired;
  };
  void Futex(int operation, int value) {
    ::syscall(SYS_futex, &shared_->fired, operation, value, nullptr, nullptr, 0);
  }
  Shared<Words> shared_;
};

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_STARTING_GUN_H_
