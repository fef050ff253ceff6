// SPDX-License-Identifier: Apache-2.0
#include "core/mask.h"

#include <bit>

namespace shmflake {
namespace {

// The names are those of the paper.
struct Words {
  std::uint32_t x;
  std::uint32_t y;
};

// The key schedule uses the same round, with the round's number for its key.
constexpr Words Round(Words w, std::uint32_t k) noexcept {
  w.x = (std::rotr(w.x, 8) + w.y) ^ k;
  w.y = std::rotl(w.y, 3) ^ w.x;
  return w;
}

constexpr Words InverseRound(Words w, std::uint32_t k) noexcept {
  w.y = std::rotr(w.y ^ w.x, 3);
  w.x = std::rotl((w.x ^ k) - w.y, 8);
  return w;
}

constexpr Words Split(std::uint64_t block) noexcept {
  return {static_cast<std::uint32_t>(block >> 32), static_cast<std::uint32_t>(block)};
}

constexpr std::uint64_t Join(Words w) noexcept { return std::uint64_t{w.x} << 32 | w.y; }

constexpr std::uint32_t ReadWord(const unsigned char* bytes) noexcept {
  return std::uint32_t{bytes[0]} | std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[2]} << 16 |
         std::uint32_t{bytes[3]} << 24;
}

constexpr bool HasNoSign(std::uint64_t block) noexcept { return (block >> 63) == 0; }

}  // namespace

IdMask::IdMask(const unsigned char key[kMaskKeyBytes]) noexcept {
  std::uint32_t k = ReadWord(key);
  std::uint32_t l[] = {ReadWord(key + 4), ReadWord(key + 8), ReadWord(key + 12)};
  for (std::uint32_t i = 0; i < round_keys_.size(); ++i) {
    round_keys_[i] = k;
    const Words next = Round({l[i % 3], k}, i);
    l[i % 3] = next.x;
    k = next.y;
  }
}

std::uint64_t IdMask::Encrypt(std::uint64_t block) const noexcept {
  Words w = Split(block);
  for (std::size_t i = 0; i < round_keys_.size(); ++i) w = Round(w, round_keys_[i]);
  return Join(w);
}

std::uint64_t IdMask::Decrypt(std::uint64_t block) const noexcept {
  Words w = Split(block);
  for (std::size_t i = round_keys_.size(); i-- > 0;) w = InverseRound(w, round_keys_[i]);
  return Join(w);
}

// Both walks end: a permutation's cycle leads back to where it began, which is such a value.
std::uint64_t IdMask::Mask(std::uint64_t id) const noexcept {
  do {
    id = Encrypt(id);
  } while (!HasNoSign(id));
  return id;
}

std::uint64_t IdMask::Unmask(std::uint64_t masked) const noexcept {
  do {
    masked = Decrypt(masked);
  } while (!HasNoSign(masked));
  return masked;
}

}  // namespace shmflake
