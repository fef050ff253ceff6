// SPDX-License-Identifier: Apache-2.0
// What the stores' plug-ins, all three, need below their client libraries. They do not link with the
// core, so each has its own copy of this.
#ifndef SHMFLAKE_CORE_STORE_PLUGIN_SUPPORT_H_
#define SHMFLAKE_CORE_STORE_PLUGIN_SUPPORT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shmflake {

enum class IntegerText { kInteger, kOutOfRange, kOther };
// The decimal integer that is the whole of the text: digits, before them a minus at most.
[[nodiscard]] IntegerText ReadInteger(std::string_view text, std::int64_t* value);

// The numeric addresses of a host, in the system's order, looked up in the calling thread; none, and
// why in *words, when it has none. A numeric address is its own. The system's resolver is asked once
// and counts in seconds: with a name server that is dead, it may take one or two more than timeout_ms.
[[nodiscard]] std::vector<std::string> LookUpHost(const std::string& host, std::int64_t timeout_ms,
                                                  std::string* words);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_PLUGIN_SUPPORT_H_
