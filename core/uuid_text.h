// SPDX-License-Identifier: Apache-2.0
// IDs of 16 bytes as text and back. Pure, async-signal-safe; nothing is written on failure. What
// was wrong is found out afterwards, by id_text_error.h.
#ifndef SHMFLAKE_CORE_UUID_TEXT_H_
#define SHMFLAKE_CORE_UUID_TEXT_H_

#include <cstddef>

namespace shmflake {

inline constexpr std::size_t kUuidBytes = 16;
inline constexpr std::size_t kUuidLength = 36;
inline constexpr std::size_t kUlidLength = 26;

// 8-4-4-4-12 digits.
[[nodiscard]] constexpr bool IsUuidHyphen(std::size_t index) noexcept {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

// RFC 9562, section 4: hex, written in lower case, read in either. Any version and variant.
void FormatUuid(const unsigned char* uuid, char* text) noexcept;
[[nodiscard]] bool ParseUuid(const char* text, unsigned char* uuid) noexcept;

// https://github.com/ulid/spec: Crockford's digits, of which the first holds three bits and is at
// most 7. Read as Crockford says (either case, I and L are 1, O is 0), but without hyphens, since a
// ULID has 26 characters.
void FormatUlid(const unsigned char* ulid, char* text) noexcept;
[[nodiscard]] bool ParseUlid(const char* text, unsigned char* ulid) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_UUID_TEXT_H_
