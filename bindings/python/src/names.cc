// SPDX-License-Identifier: Apache-2.0
#include "names.h"

#include <shmflake/shmflake.h>

#include <initializer_list>
#include <string_view>
#include <utility>

#include "results.h"

namespace py = pybind11;

namespace shmflake_python {
namespace {

py::dict Enumeration(std::initializer_list<std::pair<const char*, int>> members) {
  py::dict names;
  for (const auto& [name, value] : members) names[name] = value;
  return names;
}

// As the library names them, so that none can be forgotten. Codes are pinned within this range.
py::dict Codes() {
  py::dict codes;
  codes["OK"] = int{SHMFLAKE_OK};
  for (int code = -1; code >= -999; --code) {
    const char* const name = shmflake_error_name(code);
    if (std::string_view(name) != "UNKNOWN") codes[name] = code;
  }
  return codes;
}

}  // namespace

void AddNames(py::module_& module) {
  module.def("strerror", [](int code) { return ToPython(shmflake_strerror(code)); });
  module.def("error_name", [](int code) { return ToPython(shmflake_error_name(code)); });
  module.def("version", [] { return ToPython(shmflake_version()); });
  module.attr("codes") = Codes();
  module.attr("forms") = Enumeration({{"DECIMAL", SHMFLAKE_FORM_DECIMAL},
                                      {"HEX", SHMFLAKE_FORM_HEX},
                                      {"BASE36", SHMFLAKE_FORM_BASE36},
                                      {"BASE58", SHMFLAKE_FORM_BASE58},
                                      {"BASE62", SHMFLAKE_FORM_BASE62},
                                      {"CROCKFORD32", SHMFLAKE_FORM_CROCKFORD32}});
  module.attr("log_levels") = Enumeration({{"DEBUG", SHMFLAKE_LOG_DEBUG},
                                           {"INFO", SHMFLAKE_LOG_INFO},
                                           {"WARNING", SHMFLAKE_LOG_WARNING},
                                           {"ERROR", SHMFLAKE_LOG_ERROR}});
  module.attr("sources") = Enumeration({{"OPTION", SHMFLAKE_SOURCE_OPTION},
                                        {"ENVIRONMENT", SHMFLAKE_SOURCE_ENVIRONMENT},
                                        {"CONFIG_FILE", SHMFLAKE_SOURCE_CONFIG_FILE},
                                        {"LEASE", SHMFLAKE_SOURCE_LEASE},
                                        {"STATEFULSET", SHMFLAKE_SOURCE_STATEFULSET},
                                        {"HOST_ADDRESS", SHMFLAKE_SOURCE_HOST_ADDRESS}});
  module.attr("stores") = Enumeration({{"NONE", SHMFLAKE_STORE_NONE},
                                       {"SQLITE", SHMFLAKE_STORE_SQLITE},
                                       {"MYSQL", SHMFLAKE_STORE_MYSQL},
                                       {"POSTGRES", SHMFLAKE_STORE_POSTGRES},
                                       {"ETCD", SHMFLAKE_STORE_ETCD}});
  module.attr("orderings") =
      Enumeration({{"STRICT", SHMFLAKE_ORDERING_STRICT}, {"RELAXED", SHMFLAKE_ORDERING_RELAXED}});
}

}  // namespace shmflake_python
