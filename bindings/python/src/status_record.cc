// SPDX-License-Identifier: Apache-2.0
#include "status_record.h"

#include "results.h"

namespace py = pybind11;

namespace shmflake_python {

#define SHMFLAKE_SET(field) record[#field] = ToPython(status.field)
#define SHMFLAKE_SET_FLAG(field) record[#field] = py::bool_(status.field != 0)

py::dict StatusRecord(const shmflake_status_info& status) {
  py::dict record;
  SHMFLAKE_SET(name);
  SHMFLAKE_SET(id_namespace);
  SHMFLAKE_SET(path);
  SHMFLAKE_SET(instance_id);
  SHMFLAKE_SET(created_unix_ms);
  SHMFLAKE_SET(epoch_ms);
  SHMFLAKE_SET(layout_version);
  SHMFLAKE_SET(tick_us);
  SHMFLAKE_SET(timestamp_bits);
  SHMFLAKE_SET(datacenter_bits);
  SHMFLAKE_SET(machine_bits);
  SHMFLAKE_SET(sequence_bits);
  SHMFLAKE_SET(worker_id);
  SHMFLAKE_SET(worker_id_source);
  SHMFLAKE_SET(worker_id_source_name);
  SHMFLAKE_SET_FLAG(worker_id_guaranteed_unique);
  SHMFLAKE_SET_FLAG(survives_region_loss);
  SHMFLAKE_SET(store);
  SHMFLAKE_SET(ordering);
  SHMFLAKE_SET(max_backward_ms);
  SHMFLAKE_SET(horizon_ms);
  SHMFLAKE_SET(region_size);
  SHMFLAKE_SET(birth_unix_ms);
  SHMFLAKE_SET_FLAG(retired);
  SHMFLAKE_SET_FLAG(lost);
  SHMFLAKE_SET(last_id);
  SHMFLAKE_SET(last_unix_ms);
  SHMFLAKE_SET(ahead_ms);
  SHMFLAKE_SET(ceiling_unix_ms);
  SHMFLAKE_SET(ceiling_in_ms);
  SHMFLAKE_SET(years_left);
  SHMFLAKE_SET(clock_synchronised);
  SHMFLAKE_SET_FLAG(tsc_window);
  SHMFLAKE_SET(ids_issued);
  SHMFLAKE_SET(waits);
  SHMFLAKE_SET(refusals);
  SHMFLAKE_SET(lease_extensions);
  SHMFLAKE_SET(lease_failures);
  SHMFLAKE_SET(clock_rollbacks);
  SHMFLAKE_SET(clock_forward_jumps);
  SHMFLAKE_SET(slots);
  SHMFLAKE_SET(slots_used);
  SHMFLAKE_SET(last_store_error);
  SHMFLAKE_SET(layout);
  SHMFLAKE_SET_FLAG(worker_last);
  SHMFLAKE_SET(id_bits);
  SHMFLAKE_SET(lease_ttl_ms);
  SHMFLAKE_SET(host);
  SHMFLAKE_SET(store_url);
  return record;
}

}  // namespace shmflake_python
