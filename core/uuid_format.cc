// SPDX-License-Identifier: Apache-2.0
#include "core/uuid_format.h"

#include <algorithm>

namespace shmflake {
namespace {

constexpr std::uint64_t kVersion7 = 0x7;
constexpr std::uint64_t kVariant = 0x2;  // RFC 9562, section 4.1: 10x

void WriteBigEndian(std::uint64_t value, unsigned char* out) noexcept {
  value = __builtin_bswap64(value);  // both architectures are little-endian
  __builtin_memcpy(out, &value, sizeof(value));
}

}  // namespace

void WriteUuid7(std::uint64_t state, std::uint64_t random, unsigned char out[16]) noexcept {
  const std::uint64_t counter = state & LowMask(16);
  WriteBigEndian((state & ~LowMask(16)) | kVersion7 << 12 | counter >> 4, out);
  WriteBigEndian(
      kVariant << 62 | (counter & 0xf) << kUuidRandomBits | (random & LowMask(kUuidRandomBits)),
      out + 8);
}

void WriteUlid(std::uint64_t state, std::uint64_t random, unsigned char out[16]) noexcept {
  WriteBigEndian(state, out);
  WriteBigEndian(random, out + 8);
}

std::uint64_t UuidMsOfTick(const IdFormat& format, std::uint64_t tick) noexcept {
  const std::int64_t ms = UnixMsOfTick(format, tick);
  if (ms < 0) return 0;  // before 1970
  return std::min(static_cast<std::uint64_t>(ms), kUuidFormat.max_timestamp() + 1);
}

std::uint64_t TickAfterUuid(const IdFormat& format, std::uint64_t state) noexcept {
  const std::uint64_t ms = kUuidFormat.TickOf(state) + 1;
  std::int64_t ns = 0;
  std::uint64_t tick = format.max_timestamp() + 1;
  if (__builtin_mul_overflow(static_cast<std::int64_t>(ms), kNsPerMs, &ns)) return tick;
  const std::int64_t tick_ns = std::int64_t{format.tick_us} * 1000;
  if (__builtin_add_overflow(ns, tick_ns - 1, &ns)) return tick;
  (void)TickOfUnixNs(format, ns, &tick);
  return tick;
}

std::uint64_t FirstTickAbove(const IdFormat& format, std::uint64_t state,
                             std::uint64_t uuid_state) noexcept {
  const std::uint64_t last = std::min(state & ~kRetiredBit, format.state_end() - 1);
  return std::max(format.TickOf(last) + 1, TickAfterUuid(format, uuid_state & ~kRetiredBit));
}

std::uint64_t UuidBirthState(const Header& header) noexcept {
  const std::uint64_t ms = UuidMsOfTick(FormatOf(header), header.birth_tick);
  return ms == 0 ? 0 : kUuidFormat.StateOf(ms, 0) - 1;
}

std::uint64_t UuidCeiling(const IdFormat& format, std::uint64_t horizon) noexcept {
  return kUuidFormat.StateOf(UuidMsOfTick(format, horizon), 0);
}

}  // namespace shmflake
