// SPDX-License-Identifier: Apache-2.0
// Why a text was refused, found out after the fact: a DrawError of code TEXT, FORM or BUFFER, made
// without formatting, since parsing is async-signal-safe, and turned into words when somebody asks.
#ifndef SHMFLAKE_CORE_ID_TEXT_ERROR_H_
#define SHMFLAKE_CORE_ID_TEXT_ERROR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/draw_error.h"
#include "core/text_form.h"

namespace shmflake {

// What FormatId() had against its arguments; `form` may be any number.
[[nodiscard]] DrawError ExplainFormat(std::uint64_t id, int form, std::size_t size) noexcept;

// What ParseId(), ParseUuid() and ParseUlid() had against the text.
[[nodiscard]] DrawError ExplainParse(const char* text, int form) noexcept;
[[nodiscard]] DrawError ExplainUuid(const char* text) noexcept;
[[nodiscard]] DrawError ExplainUlid(const char* text) noexcept;

// The rule and the value, of an error that these made. DescribeDrawError() calls it.
[[nodiscard]] std::string DescribeTextError(const DrawError& error);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_ID_TEXT_ERROR_H_
