// SPDX-License-Identifier: Apache-2.0
// C values as Python objects. All of it needs the GIL.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_RESULTS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_RESULTS_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "errors.h"

namespace shmflake_python {

// A new reference that may be nullptr with an exception set, as the C API returns.
inline pybind11::object Owned(PyObject* object) {
  if (object == nullptr) throw PythonError();
  return pybind11::reinterpret_steal<pybind11::object>(object);
}

// Paths are not always UTF-8.
inline pybind11::object ToPython(const char* text) {
  return Owned(
      PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(std::strlen(text)), "backslashreplace"));
}
inline pybind11::object ToPython(std::uint32_t value) { return pybind11::int_(value); }
inline pybind11::object ToPython(std::uint64_t value) { return pybind11::int_(value); }
inline pybind11::object ToPython(std::int64_t value) { return pybind11::int_(value); }
inline pybind11::object ToPython(double value) { return pybind11::float_(value); }

// The ID as the int that Python has for it.
inline PyObject* NewId(std::uint64_t id) { return PyLong_FromUnsignedLongLong(id); }

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_RESULTS_H_
