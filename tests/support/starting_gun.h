// SPDX-License-Identifier: Apache-2.0
// Lets many processes begin the same thing at once.
#ifndef SHMFLAKE_TESTS_SUPPORT_STARTING_GUN_H_
#define SHMFLAKE_TESTS_SUPPORT_STARTING_GUN_H_

#include <unistd.h>

#include <atomic>

#include "tests/support/process.h"

namespace flake::test {

// Lies in memory that the children share with the parent that made it.
class StartingGun {
 public:
  // For a child: says that it is ready, and waits for the shot.
  void Wait() {
    shared_->ready.fetch_add(1);
    while (shared_->fired.load() == 0) ::usleep(50);
  }
  // False when fewer than `runners` get ready in time.
  [[nodiscard]] bool Fire(int runners) {
    const bool ready = Eventually([&] { return shared_->ready.load() >= runners; }, 30'000);
    shared_->fired.store(1);
    return ready;
  }

 private:
  struct Words {
    std::atomic<int> ready;
    std::atomic<int> fired;
  };
  Shared<Words> shared_;
};

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_STARTING_GUN_H_
