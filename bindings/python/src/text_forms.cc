// SPDX-License-Identifier: Apache-2.0
#include "text_forms.h"

#include <shmflake/shmflake.h>

#include "arguments.h"
#include "errors.h"
#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

py::object Format(py::handle id, int form) {
  char text[SHMFLAKE_TEXT_SIZE];
  ThrowIfError(shmflake_format(ToUint64(id), form, text, sizeof(text)));
  return ToPython(text);
}

py::object Parse(py::handle text, int form) {
  std::uint64_t id = 0;
  ThrowIfError(shmflake_parse(ToText(text, "text").c_str(), form, &id));
  return ToPython(id);
}

py::bytes Bytes(const SixteenBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// kWrite is shmflake_format_uuid() or its like, kRead the function that reads it.
template <auto kWrite>
py::object FormatSixteen(py::handle value) {
  char text[SHMFLAKE_TEXT_SIZE];
  ThrowIfError(kWrite(ToSixteenBytes(value, "the value").data(), text));
  return ToPython(text);
}

template <auto kRead>
py::bytes ParseSixteen(py::handle text) {
  SixteenBytes bytes;
  ThrowIfError(kRead(ToText(text, "text").c_str(), bytes.data()));
  return Bytes(bytes);
}

// kMask is shmflake_mask() or shmflake_unmask().
template <auto kMask>
py::object Mask(py::handle key, py::handle id) {
  std::uint64_t masked = 0;
  ThrowIfError(kMask(ToSixteenBytes(key, "key").data(), ToUint64(id), &masked));
  return ToPython(masked);
}

}  // namespace

void AddTextForms(py::module_& module) {
  module.def("format", Format);
  module.def("parse", Parse);
  module.def("format_uuid", FormatSixteen<shmflake_format_uuid>);
  module.def("parse_uuid", ParseSixteen<shmflake_parse_uuid>);
  module.def("format_ulid", FormatSixteen<shmflake_format_ulid>);
  module.def("parse_ulid", ParseSixteen<shmflake_parse_ulid>);
  module.def("mask", Mask<shmflake_mask>);
  module.def("unmask", Mask<shmflake_unmask>);
}

}  // namespace shmflake_python
