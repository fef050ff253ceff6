// SPDX-License-Identifier: Apache-2.0
#ifndef SHMFLAKE_BINDINGS_PYTHON_SRC_LEASE_RECORDS_H_
#define SHMFLAKE_BINDINGS_PYTHON_SRC_LEASE_RECORDS_H_

#include <pybind11/pybind11.h>

namespace shmflake_python {

// leases, lease_free, lease_release.
void AddLeaseRecords(pybind11::module_& module);

}  // namespace shmflake_python

#endif  // SHMFLAKE_BINDINGS_PYTHON_SRC_LEASE_RECORDS_H_
