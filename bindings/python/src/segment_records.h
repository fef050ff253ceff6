// SPDX-License-Identifier: Apache-2.0
// What is known of tags and their store.
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_RECORDS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_RECORDS_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// segment_status of a Segment, and segments of a Flake, as dicts; store_init.
void AddSegmentRecords(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_SEGMENT_RECORDS_H_
