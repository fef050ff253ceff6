// SPDX-License-Identifier: Apache-2.0
#include "segment_records.h"

#include <shmflake/shmflake.h>

#include "arguments.h"
#include "errors.h"
#include "flake_type.h"
#include "gil.h"
#include "options.h"
#include "results.h"
#include "segment_type.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

#define SHMFLAKE_SET(field) record[#field] = ToPython(info.field)

py::dict Record(const shmflake_segment_info& info) {
  py::dict record;
  SHMFLAKE_SET(tag);
  SHMFLAKE_SET(store);
  SHMFLAKE_SET(generation);
  SHMFLAKE_SET(first_id);
  SHMFLAKE_SET(last_id);
  SHMFLAKE_SET(next_id);
  SHMFLAKE_SET(remaining);
  SHMFLAKE_SET(remaining_next);
  SHMFLAKE_SET(step);
  SHMFLAKE_SET(last_fetch_unix_ms);
  SHMFLAKE_SET(last_fetch_us);
  SHMFLAKE_SET(fetches);
  SHMFLAKE_SET(fetch_failures);
  SHMFLAKE_SET(fetches_unfinished);
  SHMFLAKE_SET(ids_granted);
  SHMFLAKE_SET(ids_lost);
  SHMFLAKE_SET(next_attempt_in_ms);
  record["last_error"] = ToPython(std::int64_t{info.last_error});
  SHMFLAKE_SET(failures_in_row);
  SHMFLAKE_SET(last_error_text);
  return record;
}

#undef SHMFLAKE_SET

py::dict Status(py::handle segment) {
  const SegmentUse use(segment);
  shmflake_segment_info info{};
  info.struct_size = sizeof(info);
  ThrowIfError(shmflake_segment_status(use.get(), &info));
  return Record(info);
}

py::list Segments(py::handle flake) {
  const Use use(flake);
  py::list list;
  for (std::size_t i = 0;; ++i) {
    shmflake_segment_info info{};
    info.struct_size = sizeof(info);
    const int code = shmflake_segment_at(use.get(), i, &info);
    if (code == SHMFLAKE_E_NOT_FOUND) return list;
    ThrowIfError(code);
    list.append(Record(info));
  }
}

void StoreInit(py::handle url, const py::dict& keywords) {
  const auto store = ToTextOrNone(url, "url");
  const Options options(keywords);
  ThrowIfError(WithoutGil([&] { return shmflake_store_init(PointerOf(store), options.get()); }));
}

}  // namespace

void AddSegmentRecords(py::module_& module) {
  module.def("segment_status", Status);
  module.def("segments", Segments);
  module.def("store_init", StoreInit);
}

}  // namespace shmflake_python
