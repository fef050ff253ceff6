// SPDX-License-Identifier: Apache-2.0
#include "segment_options.h"

#include "arguments.h"

namespace py = pybind11;

namespace shmflake_python {

SegmentOptions::SegmentOptions(const py::dict& keywords, const FlakeObject* flake) {
  for (const auto& [key, value] : keywords) Set(ToText(key, "a keyword"), value, flake);
}

void SegmentOptions::Set(const std::string& name, py::handle value, const FlakeObject* flake) {
  struct Number {
    const char* name;
    std::uint64_t shmflake_segment_options::*field;
  };
  constexpr Number kNumbers[] = {{"step", &shmflake_segment_options::step},
                                 {"min_step", &shmflake_segment_options::min_step},
                                 {"max_step", &shmflake_segment_options::max_step}};
  const bool given = !value.is_none();
  if (name == "store") {
    if (given) options_.store = (store_ = ToText(value, "store")).c_str();
  } else if (name == "create") {
    if (given) options_.create = ToBool(value, "create") ? SHMFLAKE_ON : SHMFLAKE_OFF;
  } else if (name == "prefetch_percent") {
    if (given) options_.prefetch_percent = NotZero(ToUint32(value, "prefetch_percent"), name);
  } else if (name == "reserve") {
    if (!given) return;
    reserve_ = std::make_unique<Reserve>(py::reinterpret_borrow<py::object>(value), flake);
    options_.reserve = Reserve::OnReserve;
    options_.reserve_context = reserve_.get();
  } else {
    for (const Number& number : kNumbers) {
      if (name != number.name) continue;
      if (given) options_.*number.field = NotZero(ToUint64(value), name);
      return;
    }
    throw py::type_error("unknown option '" + name + "'");
  }
}

}  // namespace shmflake_python
