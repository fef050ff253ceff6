// SPDX-License-Identifier: Apache-2.0
// A 64-bit ID in decimal, eight digits at a time: what id_text.h does for the form that is written
// without padding. Pure, async-signal-safe.
#ifndef SHMFLAKE_CORE_DECIMAL_TEXT_H_
#define SHMFLAKE_CORE_DECIMAL_TEXT_H_

#include <cstddef>
#include <cstdint>

namespace shmflake {

[[nodiscard]] bool FormatDecimal(std::uint64_t id, char* text, std::size_t size) noexcept;
[[nodiscard]] bool ParseDecimal(const char* text, std::uint64_t* id) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_DECIMAL_TEXT_H_
