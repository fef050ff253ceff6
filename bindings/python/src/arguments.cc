// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <shmflake/shmflake.h>

#include <algorithm>
#include <limits>

#include "errors.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// An int, or what says that it is one (__index__): no float, no str.
py::object ToInt(py::handle value) {
  PyObject* const index = PyNumber_Index(value.ptr());
  if (index == nullptr) throw PythonError();
  return py::reinterpret_steal<py::object>(index);
}

[[noreturn]] void ThrowNul(const char* name) {
  throw py::value_error(std::string(name) + " must not hold a NUL character");
}

}  // namespace

std::uint64_t ToUint64(py::handle value) {
  const unsigned long long number = PyLong_AsUnsignedLongLong(ToInt(value).ptr());
  if (number == std::numeric_limits<unsigned long long>::max() && PyErr_Occurred() != nullptr) {
    throw PythonError();
  }
  return number;
}

std::int64_t ToInt64(py::handle value) {
  const long long number = PyLong_AsLongLong(ToInt(value).ptr());
  if (number == -1 && PyErr_Occurred() != nullptr) throw PythonError();
  return number;
}

std::uint32_t ToUint32(py::handle value, const char* name) {
  const py::object number = ToInt(value);
  int overflow = 0;
  const long long wide = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow != 0 || wide < 0 || wide > std::numeric_limits<std::uint32_t>::max()) {
    PyErr_Format(PyExc_OverflowError, "%s must be 0..4294967295: %S", name, number.ptr());
    throw PythonError();
  }
  return static_cast<std::uint32_t>(wide);
}

bool ToBool(py::handle value, const char* name) {
  if (!PyBool_Check(value.ptr())) {
    PyErr_Format(PyExc_TypeError, "%s must be bool, not %s", name, Py_TYPE(value.ptr())->tp_name);
    throw PythonError();
  }
  return value.ptr() == Py_True;
}

void ThrowZero(const std::string& name) {
  const std::string message = name + " must not be 0; leave it out, or pass None";
  ThrowSaying(SHMFLAKE_E_OPTION, message.c_str());
}

std::size_t ToCount(py::handle value, const char* name) {
  const py::object number = ToInt(value);
  const Py_ssize_t count = PyLong_AsSsize_t(number.ptr());
  if (count == -1 && PyErr_Occurred() != nullptr) throw PythonError();
  if (count < 0) {
    const std::string message = std::string(name) + " must be 1 or more: " + std::to_string(count);
    ThrowSaying(SHMFLAKE_E_COUNT, message.c_str());
  }
  return static_cast<std::size_t>(count);
}

std::string ToText(py::handle value, const char* name) {
  if (!PyUnicode_Check(value.ptr())) {
    PyErr_Format(PyExc_TypeError, "%s must be str, not %s", name, Py_TYPE(value.ptr())->tp_name);
    throw PythonError();
  }
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
  if (text == nullptr) throw PythonError();
  std::string copy(text, static_cast<std::size_t>(size));
  if (copy.find('\0') != std::string::npos) ThrowNul(name);
  return copy;
}

std::optional<std::string> ToTextOrNone(py::handle value, const char* name) {
  if (value.is_none()) return std::nullopt;
  return ToText(value, name);
}

std::string ToPath(py::handle value) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(value.ptr(), &converted) == 0) throw PythonError();
  return py::reinterpret_steal<py::bytes>(converted);  // FSConverter refused a NUL
}

SixteenBytes ToSixteenBytes(py::handle value, const char* name) {
  Py_buffer view;
  if (PyObject_GetBuffer(value.ptr(), &view, PyBUF_SIMPLE) != 0) throw PythonError();
  SixteenBytes bytes{};
  const Py_ssize_t size = view.len;
  if (size == static_cast<Py_ssize_t>(bytes.size())) {
    std::copy_n(static_cast<const unsigned char*>(view.buf), bytes.size(), bytes.begin());
  }
  PyBuffer_Release(&view);
  if (size != static_cast<Py_ssize_t>(bytes.size())) {
    PyErr_Format(PyExc_ValueError, "%s must be 16 bytes: %zd", name, size);
    throw PythonError();
  }
  return bytes;
}

}  // namespace shmflake_python
