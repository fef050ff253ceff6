// SPDX-License-Identifier: Apache-2.0
// Reading JSON that somebody else wrote: whatever it has, nothing here throws.
#ifndef SHMFLAKE_CORE_STORE_ETCD_JSON_H_
#define SHMFLAKE_CORE_STORE_ETCD_JSON_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace shmflake {

// The object's member; null where there is none.
[[nodiscard]] const nlohmann::json& JsonAt(const nlohmann::json& object, const char* name);

// "" for what is no text.
[[nodiscard]] std::string JsonText(const nlohmann::json& value);

// An integer in either of the forms that gateways give it; 0 for anything else.
[[nodiscard]] std::int64_t JsonInteger(const nlohmann::json& value);

// A password that is not UTF-8 becomes another one, which the server refuses: dump() would throw.
[[nodiscard]] std::string DumpJson(const nlohmann::json& value);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_JSON_H_
