// SPDX-License-Identifier: Apache-2.0
// SIGSTOP at every named point where a process holds nobody up, longer than every timeout; then
// SIGCONT. The points at which it holds the creation lock are stop_creator_test.cc's.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/kill_point.h"
#include "tests/support/stop_scene.h"

namespace flake::test {
namespace {

std::vector<std::string> PointsOutsideTheLock() {
  std::vector<std::string> points = RegionPoints();
  points.erase(
      std::remove_if(points.begin(), points.end(),
                     [](const std::string& point) {
                       return point.rfind("kCreate", 0) == 0 ||
                              (point.rfind("kRetire", 0) == 0 && point != "kRetirePoisoned");
                     }),
      points.end());
  return points;
}

class StopAtPoint : public ::testing::TestWithParam<std::string> {};

// One goes on in the same region, whose lease the others extended several times meanwhile; for the
// other one the region was retired and born anew.
TEST_P(StopAtPoint, HoldsNobodyUpAndGoesOnWithoutARepeat) {
  StopScene scene(GetParam());
  scene.StartOthers();
  ASSERT_TRUE(scene.OthersDrawOn(3));
  Process one = scene.StopOne(2);
  ASSERT_TRUE(one.running()) << "the point was not reached";
  const pid_t first = one.pid();
  EXPECT_TRUE(scene.IsExtended(3));
  EXPECT_TRUE(scene.OthersDrawOn(10));
  EXPECT_EQ(kGood, scene.Continue(one));
  EXPECT_TRUE(scene.OthersDrawOn(3));

  Process other = scene.StopOne(1);
  ASSERT_TRUE(other.running()) << "the point was not reached";
  const pid_t second = other.pid();
  EXPECT_EQ(0, scene.box().Retire(10'000)) << shmflake_last_error();
  EXPECT_TRUE(scene.OthersDrawOn(10));
  std::string message;
  EXPECT_EQ(0, scene.OpenAnew(&message)) << message;
  EXPECT_TRUE(scene.IsExtended(2));
  EXPECT_EQ(kGood, scene.Continue(other));
  EXPECT_TRUE(scene.OthersDrawOn(3));

  EXPECT_EQ(0, scene.HeldUpBy(first));
  EXPECT_EQ(0, scene.HeldUpBy(second));
  EXPECT_EQ(kGood, scene.EndOthers());
  EXPECT_EQ(0, scene.box().Retire(10'000)) << shmflake_last_error();
  EXPECT_EQ("", scene.box().ListRegions());
  EXPECT_EQ(0U, scene.log().CountRepeats());
  EXPECT_EQ(0U, scene.log().disorder());
  EXPECT_FALSE(scene.log().overflowed());
  EXPECT_GT(scene.log().size(), 50U);
}

INSTANTIATE_TEST_SUITE_P(Points, StopAtPoint, ::testing::ValuesIn(PointsOutsideTheLock()),
                         [](const auto& point) { return point.param; });

}  // namespace
}  // namespace flake::test
