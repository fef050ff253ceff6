// SPDX-License-Identifier: Apache-2.0
// How IDs are written: the forms' names, and which of them a text may be in.
#ifndef SHMFLAKE_TOOLS_FORMS_H_
#define SHMFLAKE_TOOLS_FORMS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output.h"

namespace tool {

enum class Form : std::uint32_t {
  kDecimal,
  kHex,
  kBase36,
  kBase58,
  kBase62,
  kCrockford32,
  kUuid,
  kUlid
};

// "base62"
[[nodiscard]] const char* FormName(Form form);
// "uuid" and "uuid7" are the same. False for any other word.
[[nodiscard]] bool FindForm(std::string_view name, Form* out);
// Not a UUID or ULID, which have 128 bits.
[[nodiscard]] bool Is64Bit(Form form);
// The library's number of a 64-bit form.
[[nodiscard]] int LibraryForm(Form form);

// What a text says in one form.
struct Reading {
  Form form = Form::kDecimal;
  std::uint64_t id = 0;                   // of a 64-bit form
  std::array<unsigned char, 16> bytes{};  // of the others
};

// False, with the library's failure, when it is none in that form. Hex may begin with 0x.
[[nodiscard]] bool ReadAs(const std::string& text, Form form, Reading* out, Failure* failure);

// The forms that a text of this shape can be in, the likeliest first; at least one. What
// decides is told by `shmflake decode --help`.
[[nodiscard]] std::vector<Form> FormsOf(std::string_view text);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_FORMS_H_
