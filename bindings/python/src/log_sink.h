// SPDX-License-Identifier: Apache-2.0
// options.log as a Python callable, called as log(level, event, fields).
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_LOG_SINK_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_LOG_SINK_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

#include <cstddef>
#include <utility>

#include "callback.h"

namespace shmflake_python {

// Thread safety: as Callback; OnLog runs on any thread.
class LogSink {
 public:
  explicit LogSink(pybind11::object callable) : callback_("log", std::move(callable), this) {}

  // A shmflake_log_function; `context` is a LogSink. What the callable raises goes to
  // sys.unraisablehook.
  static void OnLog(void* context, int level, const char* event, const shmflake_log_field* fields,
                    std::size_t count);

  // Whether this thread is inside the callable, where the sink's handle must not be used.
  [[nodiscard]] bool RunsOnThisThread() const { return Callback::RunsOnThisThread(this); }

  [[nodiscard]] PyObject* callable() const { return callback_.callable(); }

 private:
  void Call(int level, const char* event, const shmflake_log_field* fields, std::size_t count);

  Callback callback_;
};

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_LOG_SINK_H_
