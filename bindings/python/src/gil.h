// SPDX-License-Identifier: Apache-2.0
// Letting go of the GIL around a call that may wait, and taking it at an interpreter's end.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_GIL_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_GIL_H_

#include <pybind11/pybind11.h>
#include <unistd.h>
#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

namespace shmflake_python {

[[noreturn]] inline void SleepForever() {
  for (;;) pause();
}

// Before 3.14 an interpreter that ends lets its other threads end with pthread_exit() as they ask for
// the GIL. That unwinding must reach neither a destructor that needs the GIL nor a frame of the
// library that is noexcept, which would be a crash. So the thread sleeps until the process is gone,
// as it does from 3.14 on.
template <typename Call>
auto OrSleepForever(Call call) {
#ifdef __GLIBCXX__
  try {
    return call();
  } catch (const abi::__forced_unwind&) {
    SleepForever();
  }
#else
  return call();
#endif
}

// Runs what calls into the library and touches no Python object. pybind11's own guard would take the
// GIL back in a destructor.
template <typename Call>
auto WithoutGil(Call call) {
  PyThreadState* const state = PyEval_SaveThread();
  const auto result = call();
  OrSleepForever([state] { PyEval_RestoreThread(state); });
  return result;
}

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_GIL_H_
