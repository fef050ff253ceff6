// SPDX-License-Identifier: Apache-2.0
// UUIDv7 (RFC 9562, section 5.7) and ULID (github.com/ulid/spec) out of one state word, Unix
// milliseconds << 16 | counter. Pure functions.
//
//   UUIDv7  48 bits ms | 0111 | counter, upper 12 | 10 | counter, lower 4 | 58 random
//   ULID    48 bits ms | counter, 16 | 64 random
//
// The counter stands right behind the timestamp (RFC 9562, section 6.2, method 1: a dedicated
// counter, seeded anew in each tick), so that both sort as their state values do.
#ifndef SHMFLAKE_CORE_UUID_FORMAT_H_
#define SHMFLAKE_CORE_UUID_FORMAT_H_

#include <cstdint>

#include "core/header.h"
#include "core/id_format.h"

namespace shmflake {

// The state word's format. Bit 63 says retired: 47 bits of milliseconds last until the year 6429.
inline constexpr IdFormat kUuidFormat = {.timestamp_bits = 47,
                                         .datacenter_bits = 0,
                                         .machine_bits = 0,
                                         .sequence_bits = 16,
                                         .tick_us = 1000,
                                         .epoch_ms = 0};
inline constexpr std::uint64_t kUuidRandomBits = 58;

// 16 bytes, big-endian.
void WriteUuid7(std::uint64_t state, std::uint64_t random, unsigned char out[16]) noexcept;
void WriteUlid(std::uint64_t state, std::uint64_t random, unsigned char out[16]) noexcept;

// The lease is in ticks of the region's ID format. Both roundings keep two regions' milliseconds
// apart: what lies below a horizon ends where the next birth at that horizon begins.
[[nodiscard]] std::uint64_t UuidMsOfTick(const IdFormat& format, std::uint64_t tick) noexcept;
// The first ID tick that begins at or after the end of the state value's millisecond.
[[nodiscard]] std::uint64_t TickAfterUuid(const IdFormat& format, std::uint64_t state) noexcept;

// The first ID tick above all that a region's two words issued, retired or not. A state word may
// have gone past its ceiling, never past its end by issuing.
[[nodiscard]] std::uint64_t FirstTickAbove(const IdFormat& format, std::uint64_t state,
                                           std::uint64_t uuid_state) noexcept;

// The last value "issued" before the birth, and the first that a horizon forbids.
[[nodiscard]] std::uint64_t UuidBirthState(const Header& header) noexcept;
[[nodiscard]] std::uint64_t UuidCeiling(const IdFormat& format, std::uint64_t horizon) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_UUID_FORMAT_H_
