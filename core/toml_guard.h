// SPDX-License-Identifier: Apache-2.0
// What toml++ 3.3 must not be given. It looks characters up that are not ASCII with undefined
// behaviour wherever it may be looking for white space, and it frees the tables of a dotted key by
// recursion, so that a line of a hundred thousand dots uses up the stack. Both are refused here, as
// are strings over several lines, which no setting has and which would make it hard to tell where a
// comment is. Comments may hold every character, and strings \uXXXX.
#ifndef SHMFLAKE_CORE_TOML_GUARD_H_
#define SHMFLAKE_CORE_TOML_GUARD_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace shmflake {

inline constexpr std::ptrdiff_t kMostDotsOnALine = 100;

// What is wrong with the first bad line, "" if nothing; *line is its number, from 1.
[[nodiscard]] std::string GuardToml(std::string_view text, std::size_t* line);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_TOML_GUARD_H_
