// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <shmflake/shmflake.h>

#include <exception>
#include <utility>

#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// The classes are Python's (shmflake/_errors.py), found anew each time, so that every interpreter
// gets its own.
void SetErrorSaying(int code, const char* message, const py::object& drawn,
                    const py::object& cause = py::object()) {
  const py::object text = ToPython(message);
  const py::object error = py::module_::import("shmflake._errors").attr("make")(code, text, drawn);
  if (cause) PyException_SetCause(error.ptr(), py::object(cause).release().ptr());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
}

}  // namespace

void AddErrors() {
  static bool added = false;  // for all interpreters, under the GIL
  if (std::exchange(added, true)) return;
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const PythonError&) {  // the exception is set
    }
  });
}

void SetError(int code, py::object drawn) {
  Guarded([&]() -> PyObject* {
    SetErrorSaying(code, shmflake_last_error(), drawn);
    return nullptr;
  });
}

void Throw(int code, py::object drawn) {
  SetErrorSaying(code, shmflake_last_error(), drawn);
  throw PythonError();
}

void ThrowSaying(int code, const char* message, py::object drawn) {
  SetErrorSaying(code, message, drawn);
  throw PythonError();
}

void ThrowSayingFrom(int code, const char* message, py::object drawn, const py::object& cause) {
  SetErrorSaying(code, message, drawn, cause);
  throw PythonError();
}

}  // namespace shmflake_python
