// SPDX-License-Identifier: Apache-2.0
// How many calls a handle is in use by, so that close() may come meanwhile. All of it needs the GIL.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_CALLS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_CALLS_H_

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

namespace shmflake_python {

// A part of an object that is all zero at first.
struct Calls {
  std::ptrdiff_t count;  // of those that may have let go of the GIL
  pid_t counted_by;

  // A child has none of the threads that were inside a call when it was forked.
  [[nodiscard]] bool any() const { return count > 0 && counted_by == getpid(); }
  void Begin() {
    if (counted_by != getpid()) Forget();
    ++count;
  }
  // Whether that was the last one.
  [[nodiscard]] bool End() { return --count == 0; }
  void Forget() {
    count = 0;
    counted_by = getpid();
  }
};

// A call of this thread, between Begin and End.
class CallOfThread {
 public:
  explicit CallOfThread(Calls* calls);
  ~CallOfThread();
  CallOfThread(const CallOfThread&) = delete;
  CallOfThread& operator=(const CallOfThread&) = delete;

  // For pthread_atfork: of the calls that were under way, a child has those of the thread that
  // forked, which was in a callable of the library's.
  static void AfterForkInChild();

 private:
  Calls* calls_;
  const CallOfThread* outer_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_CALLS_H_
