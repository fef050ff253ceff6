// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_json.h"

#include <nlohmann/json.hpp>

#include "core/store/etcd_text.h"
#include "core/store/plugin_support.h"

namespace shmflake {

using nlohmann::json;

const json& JsonAt(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string JsonText(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t JsonInteger(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  std::int64_t integer = 0;
  return ReadInteger(JsonText(value), &integer) == IntegerText::kInteger ? integer : 0;
}

std::string DumpJson(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace shmflake
