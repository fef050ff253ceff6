// SPDX-License-Identifier: Apache-2.0
// The names of the header's numbers.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_NAMES_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_NAMES_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// strerror, error_name, version; the enumerations as dicts: codes, forms, log_levels, sources,
// stores, orderings.
void AddNames(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_NAMES_H_
