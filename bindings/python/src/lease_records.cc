// SPDX-License-Identifier: Apache-2.0
#include "lease_records.h"

#include <shmflake/shmflake.h>

#include "arguments.h"
#include "errors.h"
#include "gil.h"
#include "list_all.h"
#include "options.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

#define SHMFLAKE_SET(field) record[#field] = ToPython(lease.field)
#define SHMFLAKE_SET_FLAG(field) record[#field] = py::bool_(lease.field != 0)

py::dict Record(const shmflake_lease& lease) {
  py::dict record;
  SHMFLAKE_SET(worker_id);
  SHMFLAKE_SET_FLAG(held);
  SHMFLAKE_SET(instance_id);
  SHMFLAKE_SET(horizon_unix_ms);
  SHMFLAKE_SET(ttl_ms);
  SHMFLAKE_SET(updated_unix_ms);
  SHMFLAKE_SET_FLAG(this_host);
  SHMFLAKE_SET_FLAG(is_free);
  SHMFLAKE_SET(region);
  SHMFLAKE_SET(host);
  return record;
}

#undef SHMFLAKE_SET
#undef SHMFLAKE_SET_FLAG

py::list Leases(py::handle name, const py::dict& keywords) {
  const auto region = ToTextOrNone(name, "name");
  const Options options(keywords);
  return ListAll<shmflake_lease>(Record, [&](auto* out, std::size_t room, std::size_t* count) {
    return shmflake_leases(PointerOf(region), options.get(), out, room, count);
  });
}

void LeaseFree(py::handle worker_id, py::handle name, const py::dict& keywords) {
  const std::uint32_t worker = ToUint32(worker_id, "worker_id");
  const auto region = ToTextOrNone(name, "name");
  const Options options(keywords);
  ThrowIfError(
      WithoutGil([&] { return shmflake_lease_free(PointerOf(region), options.get(), worker); }));
}

void LeaseRelease(py::handle name, const py::dict& keywords) {
  const auto region = ToTextOrNone(name, "name");
  const Options options(keywords);
  ThrowIfError(
      WithoutGil([&] { return shmflake_lease_release(PointerOf(region), options.get()); }));
}

}  // namespace

void AddLeaseRecords(py::module_& module) {
  module.def("leases", Leases);
  module.def("lease_free", LeaseFree);
  module.def("lease_release", LeaseRelease);
}

}  // namespace shmflake_python
