// SPDX-License-Identifier: Apache-2.0
// A keyed permutation of 0..2^63 - 1: IDs for the public, which tell neither rate, order, time nor
// worker to who does not have the key. docs/mask.md says what that protects, and what it does not.
//
// Speck64/128 (Beaulieu, Shors, Smith, Treatman-Clark, Weeks, Wingers 2013; ISO/IEC 29167-22) made
// a permutation of 63 bits by cycle walking (Black and Rogaway 2002): encrypt until the sign bit is
// 0 again, twice on average. Pure: no allocation, no table, async-signal-safe.
//
// Written here since no library that libshmflake may need at run time has a 64-bit block cipher; of
// those, Speck is published with test vectors and much analysed, and its 27 rounds of add, rotate
// and xor can be checked by eye and take the same time for every input. docs/mask.md weighs FF1,
// FF3-1, XTEA and a Feistel network over SipHash.
//
// Constant-time as far as cycle walking allows: a step depends on neither key nor ID; how many are
// taken, k with probability 2^-k, does. Who measures it learns k of that ID under that key.
#ifndef SHMFLAKE_CORE_MASK_H_
#define SHMFLAKE_CORE_MASK_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace shmflake {

inline constexpr std::size_t kMaskKeyBytes = 16;

// Pinned for ever: masked IDs are kept by others.
class IdMask {
 public:
  // The bytes are Speck's key words k[0], l[0], l[1], l[2], each little-endian.
  explicit IdMask(const unsigned char key[kMaskKeyBytes]) noexcept;

  // Inverse of each other on 0..2^63 - 1; the argument must be of these.
  [[nodiscard]] std::uint64_t Mask(std::uint64_t id) const noexcept;
  [[nodiscard]] std::uint64_t Unmask(std::uint64_t masked) const noexcept;

  // Speck64/128 itself, for its test vector; the upper half is the word x.
  [[nodiscard]] std::uint64_t Encrypt(std::uint64_t block) const noexcept;
  [[nodiscard]] std::uint64_t Decrypt(std::uint64_t block) const noexcept;

 private:
  std::array<std::uint32_t, 27> round_keys_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_MASK_H_
