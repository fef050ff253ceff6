// SPDX-License-Identifier: Apache-2.0
#include "core/failpoint.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/sequence.h"

namespace shmflake {
namespace {

TEST(FailpointTest, EveryPointHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const char* name : kPointNames) EXPECT_TRUE(names.insert(name).second) << name;
  EXPECT_STREQ("kRetireUnlinked", kPointNames[static_cast<int>(Point::kRetireUnlinked)]);
  EXPECT_STREQ("kCreateMutexHeld", kPointNames[0]);
}

TEST(FailpointTest, AHookIsCalledAtEachPointInOrder) {
  static std::vector<Point> reached;
  reached.clear();
  StateWord word{};
  DrawBounds bounds;
  bounds.ahead_end = bounds.ceiling = 100;
  Block block;
  std::uint64_t seen = 0;
  g_point_hook = [](Point point) { reached.push_back(point); };
  (void)DrawBlock(word, IdFormat(), bounds, 1, false, &block, &seen);
  g_point_hook = nullptr;
  (void)DrawBlock(word, IdFormat(), bounds, 1, false, &block, &seen);
  EXPECT_EQ((std::vector<Point>{Point::kDrawBeforeCas, Point::kDrawAfterCas}), reached);
}

}  // namespace
}  // namespace shmflake
