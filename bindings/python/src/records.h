// SPDX-License-Identifier: Apache-2.0
// The library's structs as dicts, for the named tuples of shmflake/_records.py.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_RECORDS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_RECORDS_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// status, processes, decode, bounds, observe, watermark, whose first argument is a Flake; retire,
// settings, layouts, decode_layout.
void AddRecords(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_RECORDS_H_
