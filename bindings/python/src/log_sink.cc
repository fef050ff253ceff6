// SPDX-License-Identifier: Apache-2.0
#include "log_sink.h"

#include <atomic>
#include <utility>

#include "errors.h"
#include "gil.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// A thread may be in the callables of several handles, one called from within another.
struct Running {
  const LogSink* sink;
  const Running* outer;
};
thread_local const Running* t_running = nullptr;

// Both sequentially consistent: a thread counts itself before it looks at g_ended, EndLogging sets
// that before it looks at the count, so that one of them sees the other.
std::atomic<int> g_logging{0};
std::atomic<bool> g_ended{false};

// The 3.8 name of PyInterpreterState_Get() is private.
bool InMainInterpreter() {
#if PY_VERSION_HEX >= 0x03090000
  return PyInterpreterState_Get() == PyInterpreterState_Main();
#else
  return _PyInterpreterState_Get() == PyInterpreterState_Main();
#endif
}

// For atexit: from now on no thread asks for the GIL in order to log, and none is about to, unless a
// callable takes more than a second.
void EndLogging() {
  g_ended.store(true);
  WithoutGil([] {
    for (int i = 0; i < 1000 && g_logging.load() > 0; ++i) usleep(1000);
    return 0;
  });
}

}  // namespace

LogSink::LogSink(py::object callable) : callable_(std::move(callable)) {
  if (PyCallable_Check(callable_.ptr()) == 0) {
    PyErr_Format(PyExc_TypeError, "log must be callable, not %s",
                 Py_TYPE(callable_.ptr())->tp_name);
    throw PythonError();
  }
  if (!InMainInterpreter()) {
    PyErr_SetString(PyExc_RuntimeError, "log needs the main interpreter");
    throw PythonError();
  }
  static bool registered = false;  // of the one main interpreter, under the GIL
  if (!registered) {
    py::module_::import("atexit").attr("register")(py::cpp_function(EndLogging));
    registered = true;
  }
}

bool LogSink::RunsOnThisThread() const {
  for (const Running* running = t_running; running != nullptr; running = running->outer) {
    if (running->sink == this) return true;
  }
  return false;
}

// The sink outlives the call: where its handle is closed meanwhile, shmflake_close() waits for the
// thread, or CloseHandle() leaves it to another one.
void LogSink::Call(int level, const char* event, const shmflake_log_field* fields,
                   std::size_t count) {
  const Running running{this, t_running};
  t_running = &running;
  ++running_;
  PyObject* const called = Guarded([&]() -> PyObject* {
    py::dict values;
    for (std::size_t i = 0; i < count; ++i) {
      values[ToPython(fields[i].key)] = ToPython(fields[i].value);
    }
    callable_(level, ToPython(event), values);
    return Py_None;
  });
  if (called == nullptr) PyErr_WriteUnraisable(callable_.ptr());
  --running_;
  t_running = running.outer;
}

void LogSink::AfterForkInChild() {
  int logging = 0;
  for (const Running* running = t_running; running != nullptr; running = running->outer) ++logging;
  g_logging.store(logging);
}

void LogSink::OnLog(void* context, int level, const char* event, const shmflake_log_field* fields,
                    std::size_t count) {
  g_logging.fetch_add(1);
  if (!g_ended.load()) {
    OrSleepForever([=] {
      const PyGILState_STATE gil = PyGILState_Ensure();
      static_cast<LogSink*>(context)->Call(level, event, fields, count);
      PyGILState_Release(gil);
    });
  }
  g_logging.fetch_sub(1);
}

}  // namespace shmflake_python
