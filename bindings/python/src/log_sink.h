// SPDX-License-Identifier: Apache-2.0
// options.log as a Python callable, called as log(level, event, fields).
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_LOG_SINK_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_LOG_SINK_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <cstddef>

namespace shmflake_python {

// Thread safety: made and destroyed with the GIL; OnLog runs on any thread, those that the library
// started included, with the GIL or without it.
class LogSink {
 public:
  // TypeError if it is not callable; RuntimeError in a sub-interpreter, whose code a thread of the
  // library's cannot run.
  explicit LogSink(pybind11::object callable);
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // A shmflake_log_function; `context` is a LogSink. What the callable raises goes to
  // sys.unraisablehook.
  static void OnLog(void* context, int level, const char* event, const shmflake_log_field* fields,
                    std::size_t count);

  // Whether this thread is inside the callable, where the sink's handle must not be used.
  [[nodiscard]] bool RunsOnThisThread() const;

  // Whether any thread is; only with the GIL.
  [[nodiscard]] bool runs() const { return running_ > 0; }

  // For pthread_atfork: a child has only the callables that the forking thread was in.
  static void AfterForkInChild();

  [[nodiscard]] PyObject* callable() const { return callable_.ptr(); }

 private:
  void Call(int level, const char* event, const shmflake_log_field* fields, std::size_t count);

  pybind11::object callable_;
  int running_ = 0;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_LOG_SINK_H_
