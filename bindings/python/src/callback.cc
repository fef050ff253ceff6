// SPDX-License-Identifier: Apache-2.0
#include "callback.h"

#include <unistd.h>

#include <utility>

#include "errors.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// The 3.8 name of PyInterpreterState_Get() is private.
bool InMainInterpreter() {
#if PY_VERSION_HEX >= 0x03090000
  return PyInterpreterState_Get() == PyInterpreterState_Main();
#else
  return _PyInterpreterState_Get() == PyInterpreterState_Main();
#endif
}

}  // namespace

std::atomic<int> Callback::g_calling{0};
std::atomic<bool> Callback::g_ended{false};
thread_local const Callback::Running* Callback::t_running = nullptr;

Callback::Callback(const char* option, py::object callable, const void* key)
    : callable_(std::move(callable)), key_(key) {
  if (PyCallable_Check(callable_.ptr()) == 0) {
    PyErr_Format(PyExc_TypeError, "%s must be callable, not %s", option,
                 Py_TYPE(callable_.ptr())->tp_name);
    throw PythonError();
  }
  if (!InMainInterpreter()) {
    PyErr_Format(PyExc_RuntimeError, "%s needs the main interpreter", option);
    throw PythonError();
  }
  static bool registered = false;  // of the one main interpreter, under the GIL
  if (!registered) {
    py::module_::import("atexit").attr("register")(py::cpp_function(EndAll));
    registered = true;
  }
}

py::object Callback::CallWith(const py::tuple& arguments) const {
  return Owned(
      OrSleepForever([&] { return PyObject_CallObject(callable_.ptr(), arguments.ptr()); }));
}

// For atexit: from now on no thread asks for the GIL in order to call back, and none is about to,
// unless a callable takes more than a second.
void Callback::EndAll() {
  g_ended.store(true);
  WithoutGil([] {
    for (int i = 0; i < 1000 && g_calling.load() > 0; ++i) usleep(1000);
    return 0;
  });
}

Callback::Running::Running(const void* key) : key_(key), outer_(t_running) {
  t_running = this;
  ++g_running;
}

void Callback::Running::End() const {
  --g_running;
  t_running = outer_;
}

bool Callback::RunsOnThisThread(const void* key) {
  for (const Running* running = t_running; running != nullptr; running = running->outer_) {
    if (running->key_ == key) return true;
  }
  return false;
}

void Callback::AfterForkInChild() {
  int running_here = 0;
  for (const Running* running = t_running; running != nullptr; running = running->outer_) {
    ++running_here;
  }
  g_calling.store(running_here);
  g_running = running_here;
  ++g_forks;
}

}  // namespace shmflake_python
