// SPDX-License-Identifier: Apache-2.0
// next_id(), uuid7() and ulid(): draws from one handle of the process on the region "default".
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_DEFAULT_FLAKE_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_DEFAULT_FLAKE_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// Adds them to the module, whose state must be a UuidMaker.
void AddDefaultDraws(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_DEFAULT_FLAKE_H_
