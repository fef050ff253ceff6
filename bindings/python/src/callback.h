// SPDX-License-Identifier: Apache-2.0
// A Python callable that the library calls: options.log, and a segment's reserve.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_CALLBACK_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_CALLBACK_H_

#include <pybind11/pybind11.h>

#include <atomic>
#include <cstdint>

#include "gil.h"

namespace shmflake_python {

// Thread safety: made and destroyed with the GIL; Run is called by any thread, those that the
// library started included, with the GIL or without it.
class Callback {
 public:
  // `key` is what must not be used within the callable. TypeError if it is not callable;
  // RuntimeError in a sub-interpreter, whose code a thread of the library's cannot run.
  Callback(const char* option, pybind11::object callable, const void* key);
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;

  // Runs `call`, which calls the callable, with the GIL. False, without running it, when the
  // interpreter ends.
  template <typename Call>
  bool Run(Call call) {
    g_calling.fetch_add(1);
    const bool runs = !g_ended.load();
    if (runs) {
      OrSleepForever([&] {
        const PyGILState_STATE gil = PyGILState_Ensure();
        const Running running(key_);
        call();
        running.End();
        PyGILState_Release(gil);
      });
    }
    g_calling.fetch_sub(1);
    return runs;
  }

  // Calls it with a tuple, within Run. Where the interpreter ends meanwhile, the frames above, which
  // hold references, are not unwound.
  [[nodiscard]] pybind11::object CallWith(const pybind11::tuple& arguments) const;

  [[nodiscard]] PyObject* callable() const { return callable_.ptr(); }

  // Whether this thread is inside a callable with that key.
  [[nodiscard]] static bool RunsOnThisThread(const void* key);
  // Whether no thread is inside any; only with the GIL.
  [[nodiscard]] static bool none_runs() { return g_running == 0; }

  // For pthread_atfork: a child has only the callables that the forking thread was in.
  static void AfterForkInChild();
  // How many forks this process is from the one that loaded the module.
  [[nodiscard]] static std::uint64_t forks() { return g_forks; }

 private:
  // A thread may be in several callables, one called from within another.
  class Running {
   public:
    explicit Running(const void* key);
    void End() const;

   private:
    friend class Callback;
    const void* key_;
    const Running* outer_;
  };

  // Both sequentially consistent: a thread counts itself before it looks at g_ended, who ends sets
  // that before it looks at the count, so that one of them sees the other.
  static std::atomic<int> g_calling;
  static std::atomic<bool> g_ended;
  static inline int g_running = 0;  // with the GIL
  static inline std::uint64_t g_forks = 0;
  static thread_local const Running* t_running;

  static void EndAll();

  pybind11::object callable_;
  const void* key_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_CALLBACK_H_
