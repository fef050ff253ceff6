// SPDX-License-Identifier: Apache-2.0
// The library's codes as Python exceptions. All of it needs the GIL.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_ERRORS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_ERRORS_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// Thrown when this thread's exception is set. pybind11's own class takes the GIL in its destructor,
// for the first interpreter, and so waits for ever in another one.
struct PythonError {};

// Lets pybind11's dispatcher know that class.
void AddErrors();

// Sets this thread's exception: the class of `code`, with shmflake_last_error() as its message. Must
// come before this thread's next call into the library. `drawn` is what was drawn before the
// failure, hence the caller's.
void SetError(int code, pybind11::object drawn = pybind11::none());

// The same, thrown; and with a message of the binding's own for what has no way into the library.
[[noreturn]] void Throw(int code, pybind11::object drawn = pybind11::none());
[[noreturn]] void ThrowSaying(int code, const char* message,
                              pybind11::object drawn = pybind11::none());

// With the exception that it comes from.
[[noreturn]] void ThrowSayingFrom(int code, const char* message, pybind11::object drawn,
                                  const pybind11::object& cause);

inline void ThrowIfError(int code) {
  if (code != 0) Throw(code);
}

// Runs what may throw on behalf of a C-API function: nullptr when it threw, with the exception set.
template <typename Call>
PyObject* Guarded(Call call) {
  try {
    return call();
  } catch (const PythonError&) {
  } catch (pybind11::error_already_set& error) {
    error.restore();
  } catch (const pybind11::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  }
  return nullptr;
}

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_ERRORS_H_
