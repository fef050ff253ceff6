// SPDX-License-Identifier: Apache-2.0
#include "core/crc32c.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

namespace shmflake {
namespace {

// RFC 3720, appendix B.4; it lists the bytes of the little-endian value.
TEST(Crc32cTest, GivesTheVectorsOfRfc3720) {
  std::vector<unsigned char> bytes(32, 0);
  EXPECT_EQ(0x8a9136aaU, Crc32c(bytes.data(), bytes.size()));
  bytes.assign(32, 0xff);
  EXPECT_EQ(0x62a8ab43U, Crc32c(bytes.data(), bytes.size()));
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
  EXPECT_EQ(0x46dd794eU, Crc32c(bytes.data(), bytes.size()));
  std::iota(bytes.rbegin(), bytes.rend(), static_cast<unsigned char>(0));
  EXPECT_EQ(0x113fdb5cU, Crc32c(bytes.data(), bytes.size()));
}

TEST(Crc32cTest, GivesTheUsualCheckValue) { EXPECT_EQ(0xe3069283U, Crc32c("123456789", 9)); }

TEST(Crc32cTest, OfNothingIsZero) { EXPECT_EQ(0U, Crc32c("", 0)); }

TEST(Crc32cTest, SeesEveryByteAndTheirOrder) {
  EXPECT_NE(Crc32c("ab", 2), Crc32c("ba", 2));
  EXPECT_NE(Crc32c("ab", 2), Crc32c("ab\0", 3));
}

}  // namespace
}  // namespace shmflake
