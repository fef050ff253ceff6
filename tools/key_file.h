// SPDX-License-Identifier: Apache-2.0
// The key that hides IDs, out of a file: a command line is seen by everybody on the host.
#ifndef SHMFLAKE_TOOLS_KEY_FILE_H_
#define SHMFLAKE_TOOLS_KEY_FILE_H_

#include <array>
#include <optional>
#include <string>

#include "output.h"

namespace tool {

using Key = std::array<unsigned char, 16>;

// 32 hex digits and, if there is one, a newline, in a file (or pipe) that only its owner may read.
// Nothing, with the failure, otherwise; what is in the file is never told.
[[nodiscard]] std::optional<Key> ReadKeyFile(const std::string& path, Failure* failure);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_KEY_FILE_H_
