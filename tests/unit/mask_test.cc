// SPDX-License-Identifier: Apache-2.0
// The cipher against its published vector, the walk against an independent implementation, and what
// a masked ID promises: a permutation of 63 bits that tells nothing of its input's order.
#include "core/mask.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#define shmflake shmflake_handle  // as capi/src/handle.h: the tag and the core's namespace collide
#include "shmflake/shmflake.h"
#undef shmflake

namespace shmflake {
namespace {

constexpr std::uint64_t kLargest = (std::uint64_t{1} << 63) - 1;

struct Key {
  unsigned char bytes[kMaskKeyBytes];
};

constexpr Key kAscending = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
constexpr Key kDescending = {{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
constexpr Key kZeros = {};
constexpr Key kOnes = {
    {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};

Key RandomKey(std::mt19937_64& random) {
  Key key;
  for (unsigned char& byte : key.bytes) byte = static_cast<unsigned char>(random());
  return key;
}

// Beaulieu et al., "The SIMON and SPECK Families of Lightweight Block Ciphers" (IACR ePrint
// 2013/404), appendix C, Speck64/128: key 1b1a1918 13121110 0b0a0908 03020100, plaintext
// 3b726574 7475432d, ciphertext 8c6fa548 454e028b. The bytes are in the order of the authors'
// "SPECK Implementation Guide".
TEST(MaskTest, TheCipherGivesItsPublishedVector) {
  constexpr unsigned char kKey[] = {0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0a, 0x0b,
                                    0x10, 0x11, 0x12, 0x13, 0x18, 0x19, 0x1a, 0x1b};
  const IdMask mask(kKey);
  EXPECT_EQ(0x8c6fa548454e028bULL, mask.Encrypt(0x3b7265747475432dULL));
  EXPECT_EQ(0x3b7265747475432dULL, mask.Decrypt(0x8c6fa548454e028bULL));
}

// From an implementation of its own in another language that gives the vector above. Never to be
// changed: others keep masked IDs. The keys that differ in the order of their bytes pin that, too.
TEST(MaskTest, MaskedIdsStayWhatTheyAre) {
  const struct {
    Key key;
    std::uint64_t id;
    std::uint64_t masked;
  } golden[] = {
      {kAscending, 0, 0x12d6a4342aa4329c},
      {kAscending, 1, 0x5b884f5c40cc3b4e},
      {kAscending, 2, 0x14b16df2c2edcfb5},
      {kAscending, kLargest, 0x74f47a94389a0f3b},
      {kAscending, 1050118621198921728, 0x119cf622431ddc73},
      {kDescending, 0, 0x7fcf015f683be847},
      {kDescending, 1, 0x4813dcb5bb5b732a},
      {kDescending, kLargest, 0x0c22f0e20ad877df},
      {kDescending, 175928847299117063, 0x1ba3f135eef5e998},
      {kZeros, 0, 0x680448d5272f692c},
      {kZeros, kLargest, 0x0a6505211c5bbd5a},  // a walk of eight steps
      {kOnes, 0, 0x5db0bfe0ff9f9cbf},
      {kOnes, kLargest, 0x121fbef7e1225392},
  };
  for (const auto& [key, id, masked] : golden) {
    const IdMask mask(key.bytes);
    EXPECT_EQ(masked, mask.Mask(id));
    EXPECT_EQ(id, mask.Unmask(masked));
  }
}

TEST(MaskTest, UnmaskingAndMaskingUndoEachOtherWithinSixtyThreeBits) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const IdMask mask(RandomKey(random).bytes);
    for (int i = 0; i < 100; ++i) {
      // As many small numbers as large ones.
      const std::uint64_t id = (random() & kLargest) >> (random() % 63);
      const std::uint64_t masked = mask.Mask(id);
      ASSERT_LE(masked, kLargest);
      ASSERT_EQ(id, mask.Unmask(masked));
      ASSERT_LE(mask.Unmask(id), kLargest);
      ASSERT_EQ(id, mask.Mask(mask.Unmask(id)));
    }
  }
}

TEST(MaskTest, EveryBitOfTheKeyAndOfTheIdChangesHalfOfTheMaskedId) {
  std::mt19937_64 random(2);
  double changed = 0;
  int flips = 0;
  for (int round = 0; round < 20; ++round) {
    const Key key = RandomKey(random);
    const std::uint64_t id = random() & kLargest;
    const std::uint64_t masked = IdMask(key.bytes).Mask(id);
    for (std::size_t bit = 0; bit < 8 * kMaskKeyBytes; ++bit, ++flips) {
      Key other = key;
      other.bytes[bit / 8] = static_cast<unsigned char>(other.bytes[bit / 8] ^ 1U << bit % 8);
      const std::uint64_t difference = masked ^ IdMask(other.bytes).Mask(id);
      ASSERT_NE(0U, difference) << "key bit " << bit << " is not used";
      changed += std::popcount(difference);
    }
    for (int bit = 0; bit < 63; ++bit, ++flips) {
      const std::uint64_t difference =
          masked ^ IdMask(key.bytes).Mask(id ^ std::uint64_t{1} << bit);
      ASSERT_NE(0U, difference);
      changed += std::popcount(difference);
    }
  }
  // The mean of 63 fair coins is 31.5, that of this many has a deviation below 0.07.
  EXPECT_NEAR(31.5, changed / flips, 0.5);
}

TEST(MaskTest, ConsecutiveIdsAreMaskedWithoutTheirOrderOrDistance) {
  const IdMask mask(kAscending.bytes);
  constexpr int kCount = 100'000;
  constexpr std::uint64_t kFirst = 175928847299117063;
  std::set<std::uint64_t> seen;
  int ascents = 0;
  std::vector<std::uint64_t> buckets(128);
  std::uint64_t before = mask.Mask(kFirst);
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    const std::uint64_t masked = mask.Mask(kFirst + i);
    EXPECT_TRUE(seen.insert(masked).second);
    ascents += masked > before ? 1 : 0;
    ++buckets[masked >> 56];
    before = masked;
  }
  // Half of them ascend (a run's deviation is the root of n / 12, 91), and they fill the range
  // evenly: chi-square at 127 degrees of freedom, p = 1e-6 (Wilson and Hilferty 1931).
  EXPECT_NEAR(kCount / 2.0, ascents, 5 * std::sqrt(kCount / 12.0));
  double chi_square = 0;
  for (const std::uint64_t hits : buckets) {
    const double off = static_cast<double>(hits) - kCount / 128.0;
    chi_square += off * off / (kCount / 128.0);
  }
  EXPECT_LT(chi_square, 213.0);
}

// ---------------------------------------------------------------- The C ABI

TEST(MaskTest, TheCAbiMasksAndUnmasks) {
  std::uint64_t masked = 0;
  std::uint64_t id = 0;
  ASSERT_EQ(SHMFLAKE_OK, shmflake_mask(kAscending.bytes, 1, &masked));
  EXPECT_EQ(0x5b884f5c40cc3b4eU, masked);
  ASSERT_EQ(SHMFLAKE_OK, shmflake_unmask(kAscending.bytes, masked, &id));
  EXPECT_EQ(1U, id);
  // In place.
  ASSERT_EQ(SHMFLAKE_OK, shmflake_mask(kZeros.bytes, id, &id));
  ASSERT_EQ(SHMFLAKE_OK, shmflake_unmask(kZeros.bytes, id, &id));
  EXPECT_EQ(1U, id);
}

TEST(MaskTest, TheCAbiRefusesNullAndIdsWithTheSignBitAndLeavesTheOutputAlone) {
  for (const auto function : {shmflake_mask, shmflake_unmask}) {
    std::uint64_t out = 77;
    EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, function(nullptr, 1, &out));
    EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, function(kAscending.bytes, 1, nullptr));
    for (const std::uint64_t id : {kLargest + 1, ~std::uint64_t{0}}) {
      EXPECT_EQ(SHMFLAKE_E_ID, function(kAscending.bytes, id, &out));
      EXPECT_EQ("an ID of this layout has 63 bits, the sign bit stays 0: " + std::to_string(id),
                shmflake_last_error());
    }
    EXPECT_EQ(77U, out);
  }
}

}  // namespace
}  // namespace shmflake
