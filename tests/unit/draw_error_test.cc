// SPDX-License-Identifier: Apache-2.0
#include "core/draw_error.h"

#include <gtest/gtest.h>

namespace shmflake {
namespace {

TEST(DrawErrorTest, EachSaysItsRuleAndItsValues) {
  EXPECT_TRUE(DrawError().ok());
  EXPECT_EQ("the sequence is used up 12 ms ahead of the clock, max_backward_ms allows 10",
            DescribeDrawError({Code::EXHAUSTED, 12, 10}));
  EXPECT_EQ(
      "the clock is 86400000 ms behind the last ID, max_backward_ms allows 0; it was set back",
      DescribeDrawError({Code::CLOCK_BEHIND, 86'400'000, 0}));
  EXPECT_EQ("the timestamp must be 0..7: 8", DescribeDrawError({Code::TIME_RANGE, 8, 7}));
  EXPECT_EQ("the region file was removed or replaced under this process",
            DescribeDrawError({Code::REGION_LOST, 1, 0}));
  EXPECT_EQ("the region file was truncated under this process",
            DescribeDrawError({Code::REGION_LOST, 2, 0}));
  EXPECT_EQ("the region file was overwritten under this process",
            DescribeDrawError({Code::REGION_LOST, 3, 0}));
}

TEST(DrawErrorTest, EveryCodeHasWords) {
#define SHMFLAKE_HAS_WORDS(name, number, rule) \
  EXPECT_NE("", DescribeDrawError({Code::name, 1, 2})) << #name;
  SHMFLAKE_ERROR_CODES(SHMFLAKE_HAS_WORDS)
#undef SHMFLAKE_HAS_WORDS
}

}  // namespace
}  // namespace shmflake
