// SPDX-License-Identifier: Apache-2.0
#include "reserve.h"

#include <cstdio>
#include <string>
#include <utility>

#include "arguments.h"
#include "errors.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

thread_local Raised* t_raised = nullptr;

// As a traceback's last line has it, cut to fit between characters.
void Say(const std::string& words, char* error, std::size_t size) {
  std::size_t length = words.size();
  if (length >= size) {
    length = size - 1;
    while (length > 0 && (static_cast<unsigned char>(words[length]) & 0xc0) == 0x80) --length;
  }
  std::snprintf(error, size, "%.*s", static_cast<int>(length), words.c_str());
}

std::string TextOf(const py::object& exception) {
  std::string words = Py_TYPE(exception.ptr())->tp_name;
  const PyObject* const said = Guarded([&] {
    const py::object text = Owned(PyObject_Str(exception.ptr()));
    const py::object bytes =
        Owned(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "backslashreplace"));
    const std::string utf8 = bytes.cast<py::bytes>();
    if (!utf8.empty()) words += ": " + utf8;
    return Py_None;
  });
  if (said == nullptr) PyErr_Clear();
  return words;
}

// The exception that is set, which is not any more.
py::object TakeException() {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return py::reinterpret_steal<py::object>(value);
}

std::uint64_t ToPart(const char* name, py::handle value) {
  const py::object number = Owned(PyNumber_Index(value.ptr()));
  const unsigned long long part = PyLong_AsUnsignedLongLong(number.ptr());
  if (PyErr_Occurred() == nullptr) return part;
  PyErr_Format(PyExc_OverflowError, "%s must be 0..18446744073709551615: %S", name, number.ptr());
  throw PythonError();
}

// (first, count), or a range.
void ToRange(const py::object& answer, std::uint64_t* first, std::uint64_t* count) {
  if (PyRange_Check(answer.ptr())) {
    *count = py::len(answer);
    if (*count > 1 && !py::object(answer.attr("step")).equal(py::int_(1))) {
      throw py::value_error("the range that reserve returns must have step 1");
    }
    *first = ToPart("first", answer.attr("start"));
    return;
  }
  if (!PyTuple_Check(answer.ptr()) || py::len(answer) != 2) {
    PyErr_Format(PyExc_TypeError, "reserve must return (first, count) or a range, not %R",
                 answer.ptr());
    throw PythonError();
  }
  *first = ToPart("first", PyTuple_GET_ITEM(answer.ptr(), 0));
  *count = ToPart("count", PyTuple_GET_ITEM(answer.ptr(), 1));
}

}  // namespace

Reserve::Reserve(py::object callable, const FlakeObject* flake)
    : callback_("reserve", std::move(callable), flake) {}

// The callable outlives the call: where its segment is closed meanwhile, shmflake_segment_close()
// waits for the thread, or CloseHandle() leaves it to another one.
int Reserve::Call(const char* tag, std::uint64_t step, std::uint64_t* first, std::uint64_t* count,
                  char* error, std::size_t size) {
  if (t_raised != nullptr && t_raised->is_final()) {
    Say("it was interrupted before", error, size);
    return 1;
  }
  const std::uint64_t forks = Callback::forks();
  const PyObject* const called = Guarded([&] {
    ToRange(callback_.CallWith(py::make_tuple(ToPython(tag), step)), first, count);
    return Py_None;
  });
  py::object raised;
  if (called == nullptr) raised = TakeException();
  if (Callback::forks() != forks) {  // the range is the parent's
    Say("it forked", error, size);
    return 1;
  }
  if (called != nullptr) return 0;
  Say(TextOf(raised), error, size);
  if (t_raised != nullptr) {
    t_raised->last_ = std::move(raised);
  } else if (PyObject_IsInstance(raised.ptr(), PyExc_Exception) == 0) {  // the background thread's
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.ptr())), raised.ptr());
    PyErr_WriteUnraisable(callable());
  }
  return 1;
}

int Reserve::OnReserve(void* context, const char* tag, std::uint64_t step, std::uint64_t* first,
                       std::uint64_t* count, char* error, std::size_t size) {
  auto* const self = static_cast<Reserve*>(context);
  int result = 1;
  const bool ran =
      self->callback_.Run([&] { result = self->Call(tag, step, first, count, error, size); });
  if (!ran) Say("the interpreter is ending", error, size);
  return result;
}

Raised::Raised() : outer_(t_raised) { t_raised = this; }

Raised::~Raised() { t_raised = outer_; }

bool Raised::is_final() const {
  return last_ && PyObject_IsInstance(last_.ptr(), PyExc_Exception) == 0;
}

}  // namespace shmflake_python
