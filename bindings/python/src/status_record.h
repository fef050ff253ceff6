// SPDX-License-Identifier: Apache-2.0
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_STATUS_RECORD_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_STATUS_RECORD_H_

#include <pybind11/pybind11.h>
#include <shmflake/shmflake.h>

namespace shmflake_python {

// Every field but struct_size, under its name; those that are 0 or 1 as bool.
pybind11::dict StatusRecord(const shmflake_status_info& status);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_STATUS_RECORD_H_
