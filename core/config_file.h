// SPDX-License-Identifier: Apache-2.0
// What snowflake.toml says, as a layer: TOML with the settings' keys at its top, or in one table
// [snowflake].
#ifndef SHMFLAKE_CORE_CONFIG_FILE_H_
#define SHMFLAKE_CORE_CONFIG_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "core/setting_table.h"
#include "core/status.h"

namespace shmflake {

inline constexpr std::size_t kLargestConfigFile = std::size_t{1} << 20;

// Reads the file, which must be a regular one of at most 1 MiB; never waits for a writer.
// CONFIG_NOT_FOUND with the reason; when there is none of that name, *found is false instead of it
// if `optional`.
Status ReadConfigText(const std::string& path, bool optional, bool* found, std::string* text);

// CONFIG_SYNTAX, CONFIG_KEY, CONFIG_TYPE, CONFIG_VALUE (or the setting's own code), each
// "path:line: rule: value".
Status ParseConfigText(const std::string& path, std::string_view text, SettingLayer* layer);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_CONFIG_FILE_H_
