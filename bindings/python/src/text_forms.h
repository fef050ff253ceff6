// SPDX-License-Identifier: Apache-2.0
// IDs as text, and hidden IDs.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_TEXT_FORMS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_TEXT_FORMS_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// format, parse, and those of UUIDs and ULIDs; mask, unmask.
void AddTextForms(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_TEXT_FORMS_H_
