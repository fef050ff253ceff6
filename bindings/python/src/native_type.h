// SPDX-License-Identifier: Apache-2.0
// What the types that are made by hand share.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_NATIVE_TYPE_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_NATIVE_TYPE_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

template <typename Function>
void* Slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

// Told by the destructor. A subclass made in Python has another one, and the native type as a base.
inline bool IsOfNativeType(pybind11::handle object, destructor deallocate) {
  for (PyTypeObject* type = Py_TYPE(object.ptr()); type != nullptr; type = type->tp_base) {
    if (type->tp_dealloc == deallocate) return true;
  }
  return false;
}

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_NATIVE_TYPE_H_
