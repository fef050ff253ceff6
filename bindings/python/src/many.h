// SPDX-License-Identifier: Apache-2.0
// Many IDs or UUIDs in one call.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_MANY_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_MANY_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// next_n, fill, next_block, uuid7_n; the first argument is a Flake.
void AddManyDraws(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_MANY_H_
