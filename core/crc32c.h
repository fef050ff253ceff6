// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
#ifndef SHMFLAKE_CORE_CRC32C_H_
#define SHMFLAKE_CORE_CRC32C_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace shmflake {

namespace internal {
constexpr std::array<std::uint32_t, 256> MakeCrc32cTable() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 256> kCrc32cTable = MakeCrc32cTable();
}  // namespace internal

// A byte at a time: 4 KiB take some 10 us, once per attach.
[[nodiscard]] inline std::uint32_t Crc32c(const void* data, std::size_t size) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::uint32_t crc = ~0U;
  for (std::size_t i = 0; i < size; ++i) {
    crc = (crc >> 8) ^ internal::kCrc32cTable[(crc ^ bytes[i]) & 0xffU];
  }
  return ~crc;
}

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_CRC32C_H_
