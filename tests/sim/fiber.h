// SPDX-License-Identifier: Apache-2.0
// A thread of control on a stack of its own, resumed and left by hand: all of them share one thread.
#ifndef SHMFLAKE_TESTS_SIM_FIBER_H_
#define SHMFLAKE_TESTS_SIM_FIBER_H_

#include <ucontext.h>

namespace shmflake::sim {

class Fiber {
 public:
  using Body = void (*)(void* argument);
  Fiber(Body body, void* argument);
  ~Fiber();  // what is on its stack is gone, without a destructor being called
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs it until it leaves, or its body ends. Not from a fiber.
  void Resume();
  // From within it: back to who resumed it.
  void Leave();
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  static void Run();

  Body body_;
  void* argument_;
  void* stack_;
  bool ended_ = false;
  ucontext_t here_;
  ucontext_t there_;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_FIBER_H_
