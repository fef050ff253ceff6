// SPDX-License-Identifier: Apache-2.0
// Text that people wrote, read strictly, and shown to people safely. Pure; no state.
#ifndef SHMFLAKE_CORE_TEXT_H_
#define SHMFLAKE_CORE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shmflake {

// One line of valid UTF-8: control characters and bytes that are not UTF-8 become \xNN.
[[nodiscard]] std::string Printable(std::string_view text);

// The bytes of the UTF-8 character at the front; 1 where there is none (also a control character).
[[nodiscard]] std::size_t Utf8Length(std::string_view text);

// Printable, in double quotes, cut to about 100 bytes: how messages show a value.
[[nodiscard]] std::string Quote(std::string_view text);

// Decimal digits and nothing else (before them a minus, if allowed). Empty when it is not that, or
// does not fit 64 bits.
[[nodiscard]] std::optional<std::int64_t> ParseInteger(std::string_view text, bool allow_negative);

// Octal digits and nothing else ("0660", "660"), as chmod(1) takes them.
[[nodiscard]] std::optional<std::uint32_t> ParseOctal(std::string_view text);

// "0660".
[[nodiscard]] std::string FormatOctal(std::uint32_t mode);

// Into a field of fixed size, cut to fit, always with a NUL.
template <std::size_t N>
void CopyText(std::string_view from, char (&to)[N]) noexcept {
  const std::size_t size = from.copy(to, N - 1);
  std::memset(to + size, 0, N - size);
}

// The word that was probably meant; "" when none is close.
[[nodiscard]] std::string_view NearestWord(std::string_view word,
                                           std::span<const std::string_view> words);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_TEXT_H_
