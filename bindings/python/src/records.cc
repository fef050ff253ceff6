// SPDX-License-Identifier: Apache-2.0
#include "records.h"

#include <shmflake/shmflake.h>

#include "arguments.h"
#include "errors.h"
#include "flake_type.h"
#include "gil.h"
#include "list_all.h"
#include "options.h"
#include "results.h"
#include "status_record.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

#define SHMFLAKE_SET(record, struct_, field) record[#field] = ToPython((struct_).field)
#define SHMFLAKE_SET_FLAG(record, struct_, field) record[#field] = py::bool_((struct_).field != 0)

py::dict Parts(const shmflake_parts& parts) {
  py::dict record;
  SHMFLAKE_SET(record, parts, unix_ms);
  SHMFLAKE_SET(record, parts, unix_ns);
  SHMFLAKE_SET(record, parts, timestamp);
  SHMFLAKE_SET(record, parts, sequence);
  SHMFLAKE_SET(record, parts, worker_id);
  SHMFLAKE_SET(record, parts, datacenter_id);
  SHMFLAKE_SET(record, parts, machine_id);
  return record;
}

py::dict Process(const shmflake_process& process) {
  py::dict record;
  SHMFLAKE_SET(record, process, pid);
  SHMFLAKE_SET_FLAG(record, process, alive);
  SHMFLAKE_SET(record, process, attached_unix_ms);
  SHMFLAKE_SET(record, process, ids_issued);
  SHMFLAKE_SET(record, process, waits);
  SHMFLAKE_SET(record, process, refusals);
  SHMFLAKE_SET(record, process, command);
  return record;
}

py::dict Layout(const shmflake_layout_info& layout) {
  py::dict record;
  SHMFLAKE_SET(record, layout, name);
  SHMFLAKE_SET(record, layout, about);
  SHMFLAKE_SET(record, layout, epoch_ms);
  SHMFLAKE_SET(record, layout, until_unix_ms);
  SHMFLAKE_SET(record, layout, id_bits);
  SHMFLAKE_SET(record, layout, timestamp_bits);
  SHMFLAKE_SET(record, layout, datacenter_bits);
  SHMFLAKE_SET(record, layout, machine_bits);
  SHMFLAKE_SET(record, layout, sequence_bits);
  SHMFLAKE_SET(record, layout, tick_us);
  SHMFLAKE_SET_FLAG(record, layout, worker_last);
  return record;
}

py::dict Setting(const shmflake_setting& setting) {
  py::dict record;
  SHMFLAKE_SET(record, setting, key);
  SHMFLAKE_SET(record, setting, value);
  SHMFLAKE_SET(record, setting, source);
  return record;
}

py::dict Status(py::handle flake) {
  const Use use(flake);
  shmflake_status_info status{};
  status.struct_size = sizeof(status);
  ThrowIfError(WithoutGil([&] { return shmflake_status(use.get(), &status); }));
  return StatusRecord(status);
}

py::list Processes(py::handle flake) {
  const Use use(flake);
  return ListAll<shmflake_process>(Process, [&](auto* out, std::size_t room, std::size_t* count) {
    return shmflake_processes(use.get(), out, room, count);
  });
}

void Observe(py::handle flake, py::handle id) {
  const std::uint64_t seen = ToUint64(id);
  const Use use(flake);
  ThrowIfError(shmflake_observe(use.get(), seen));
}

py::object Watermark(py::handle flake) {
  const Use use(flake);
  std::uint64_t id = 0;
  ThrowIfError(shmflake_watermark(use.get(), &id));
  return ToPython(id);
}

py::dict Decode(py::handle flake, py::handle id) {
  const std::uint64_t number = ToUint64(id);
  const Use use(flake);
  shmflake_parts parts;
  ThrowIfError(shmflake_decode(use.get(), number, &parts));
  return Parts(parts);
}

py::tuple Bounds(py::handle flake, py::handle unix_ms) {
  const std::int64_t instant = ToInt64(unix_ms);
  const Use use(flake);
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
  ThrowIfError(shmflake_bounds(use.get(), instant, &lowest, &highest));
  return py::make_tuple(lowest, highest);
}

void Retire(py::handle name, const py::dict& keywords) {
  const auto region = ToTextOrNone(name, "name");
  const Options options(keywords);
  ThrowIfError(WithoutGil([&] { return shmflake_retire(PointerOf(region), options.get()); }));
}

py::list Settings(py::handle name, const py::dict& keywords) {
  const auto region = ToTextOrNone(name, "name");
  const Options options(keywords);
  return ListAll<shmflake_setting>(Setting, [&](auto* out, std::size_t room, std::size_t* count) {
    return shmflake_settings(PointerOf(region), options.get(), out, room, count);
  });
}

py::list Layouts() {
  py::list list;
  for (std::size_t i = 0;; ++i) {
    shmflake_layout_info layout{};
    layout.struct_size = sizeof(layout);
    const int code = shmflake_layout(i, &layout);
    if (code == SHMFLAKE_E_NOT_FOUND) return list;
    ThrowIfError(code);
    list.append(Layout(layout));
  }
}

py::dict DecodeLayout(py::handle layout, py::handle id) {
  shmflake_parts parts;
  ThrowIfError(shmflake_decode_layout(ToText(layout, "layout").c_str(), ToUint64(id), &parts));
  return Parts(parts);
}

}  // namespace

void AddRecords(py::module_& module) {
  module.def("status", Status);
  module.def("processes", Processes);
  module.def("observe", Observe);
  module.def("watermark", Watermark);
  module.def("decode", Decode);
  module.def("bounds", Bounds);
  module.def("retire", Retire);
  module.def("settings", Settings);
  module.def("layouts", Layouts);
  module.def("decode_layout", DecodeLayout);
}

}  // namespace shmflake_python
