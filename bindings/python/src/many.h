// SPDX-License-Identifier: Apache-2.0
// Many IDs or UUIDs in one call.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_MANY_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_MANY_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// Methods of a Flake with one argument (METH_O): through pybind11's dispatcher each would take as
// long as a thousand IDs.
PyObject* NextN(PyObject* self, PyObject* n);
PyObject* Fill(PyObject* self, PyObject* buffer);
PyObject* NextBlock(PyObject* self, PyObject* want);
PyObject* Uuid7N(PyObject* self, PyObject* n);

// The same of a Segment.
PyObject* SegmentNextN(PyObject* self, PyObject* n);
PyObject* SegmentFill(PyObject* self, PyObject* buffer);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_MANY_H_
