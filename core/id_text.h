// SPDX-License-Identifier: Apache-2.0
// 64-bit IDs as text and back, in the forms of text_form.h. Pure, async-signal-safe; nothing is
// written on failure. What was wrong is found out afterwards, by id_text_error.h, so that success
// pays nothing for it.
#ifndef SHMFLAKE_CORE_ID_TEXT_H_
#define SHMFLAKE_CORE_ID_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "core/text_form.h"

namespace shmflake {

// Writes the ID and a NUL. False when `size` bytes do not hold them.
[[nodiscard]] bool FormatId(std::uint64_t id, TextForm form, char* text, std::size_t size) noexcept;

// The length of an ID's text, without the NUL.
[[nodiscard]] std::size_t IdTextLength(std::uint64_t id, TextForm form) noexcept;

// Reads a text that ends with a NUL. 1 to the form's width digits of the form's alphabet, worth at
// most 2^64 - 1, and nothing else; but
// - decimal has no leading zeros, since others read those as octal, or drop them;
// - hex, base36 and crockford32 are read in either case;
// - crockford32 as its specification says: I and L are 1, O is 0, and single hyphens between digits
//   are skipped.
[[nodiscard]] bool ParseId(const char* text, TextForm form, std::uint64_t* id) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_ID_TEXT_H_
