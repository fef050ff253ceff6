// SPDX-License-Identifier: Apache-2.0
#include "id_buffer.h"

#include <bit>
#include <cstring>

#include "errors.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

// Of the struct module: "q" and the like, with the prefixes that mean this machine's byte order.
bool IsInteger(const Py_buffer& view) {
  const char* format = view.format;
  if (format == nullptr || view.itemsize != sizeof(std::uint64_t)) return false;
  constexpr char kNativeOrder = std::endian::native == std::endian::little ? '<' : '>';
  if (*format == '@' || *format == '=' || *format == kNativeOrder) ++format;
  return std::strlen(format) == 1 && std::strchr("qQlLnN", *format) != nullptr;
}

bool IsBytes(const Py_buffer& view) {
  if (view.itemsize != 1) return false;
  return view.format == nullptr ||
         (std::strlen(view.format) == 1 && std::strchr("Bbc", *view.format) != nullptr);
}

}  // namespace

IdBuffer::IdBuffer(py::handle object) {
  constexpr int kWanted = PyBUF_WRITABLE | PyBUF_FORMAT | PyBUF_C_CONTIGUOUS;
  if (PyObject_GetBuffer(object.ptr(), &view_, kWanted) != 0) throw PythonError();
  const bool is_bytes = IsBytes(view_);
  if (!is_bytes && !IsInteger(view_)) {
    PyErr_Format(PyExc_TypeError,
                 "the buffer must be of native 8-byte integers or of bytes, not of format '%s'",
                 view_.format == nullptr ? "" : view_.format);
  } else if (is_bytes && view_.len % static_cast<Py_ssize_t>(sizeof(std::uint64_t)) != 0) {
    PyErr_Format(PyExc_ValueError, "the buffer's size must be a multiple of 8 bytes: %zd",
                 view_.len);
  } else {
    return;
  }
  PyBuffer_Release(&view_);
  throw PythonError();
}

bool IdBuffer::aligned() const {
  return reinterpret_cast<std::uintptr_t>(view_.buf) % alignof(std::uint64_t) == 0;
}

}  // namespace shmflake_python
