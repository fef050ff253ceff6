// SPDX-License-Identifier: Apache-2.0
// SIGSTOP at every named point where a process holds the creation lock: who must create then fails
// within its timeout, with a message that names the process; who need not goes on. Then SIGCONT.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/kill_point.h"
#include "tests/support/stop_scene.h"

namespace flake::test {
namespace {

std::vector<std::string> PointsUnderTheLock() {
  std::vector<std::string> points = RegionPoints();
  points.erase(
      std::remove_if(points.begin(), points.end(),
                     [](const std::string& point) {
                       return point == "kRetirePoisoned" ||
                              (point.rfind("kCreate", 0) != 0 && point.rfind("kRetire", 0) != 0);
                     }),
      points.end());
  return points;
}

class StopCreator : public ::testing::TestWithParam<std::string> {
 protected:
  StopCreator() : scene_(GetParam()) {}
  ~StopCreator() override {
    EXPECT_EQ(0U, scene_.log().CountRepeats());
    EXPECT_EQ(0U, scene_.log().disorder());
    EXPECT_FALSE(scene_.log().overflowed());
  }

  // Everybody goes on, and one can still retire and create.
  void ExpectAllIsWell() {
    EXPECT_TRUE(scene_.OthersDrawOn(5));
    std::string message;
    EXPECT_EQ(0, scene_.OpenAnew(&message)) << message;
    EXPECT_TRUE(scene_.IsExtended(1));
    EXPECT_EQ(kGood, scene_.EndOthers());
    EXPECT_EQ(0, scene_.box().Retire(10'000)) << shmflake_last_error();
    EXPECT_EQ("", scene_.box().ListRegions());
  }

  StopScene scene_;
};

TEST_P(StopCreator, NewcomersAreToldWhoHoldsThemUpAndGoOnLater) {
  // Its first creation needs no other name: there is nothing to replace.
  Process stopped = scene_.StopOne(GetParam() == "kCreateAside" ? 2 : 1);
  ASSERT_TRUE(stopped.running()) << "the point was not reached";
  const pid_t pid = stopped.pid();
  std::string message;
  const int code = scene_.OpenAnew(&message);
  scene_.StartOthers();
  if (GetParam() == "kCreatePublished") {  // it has its name already: attaching needs no lock
    EXPECT_EQ(0, code) << message;
    EXPECT_TRUE(scene_.IsExtended(2));
    EXPECT_TRUE(scene_.OthersDrawOn(5));
    // Retiring does. The region issues nothing more all the same.
    EXPECT_EQ(SHMFLAKE_E_TIMEOUT, scene_.box().Retire(StopScene::kWaitMs));
    EXPECT_NE(std::string::npos, std::string(shmflake_last_error()).find(StopScene::Named(pid)))
        << shmflake_last_error();
  } else {
    EXPECT_EQ(SHMFLAKE_E_TIMEOUT, code) << message;
    EXPECT_NE(std::string::npos, message.find(StopScene::Named(pid))) << message;
  }
  EXPECT_TRUE(Eventually([&] { return scene_.HeldUpBy(pid) == StopScene::kOthers; }));
  // Regions of another namespace in the same directories have a lock of their own.
  shmflake_options options = scene_.options();
  options.wait_timeout_ms = 10'000;
  int other_code = 0;
  Flake other = scene_.box().Open(&other_code, &options, "other");
  EXPECT_EQ(0, other_code) << shmflake_last_error();
  std::uint64_t id = 0;
  EXPECT_EQ(0, shmflake_next(other.get(), &id)) << shmflake_last_error();
  other.reset();
  EXPECT_EQ(0, shmflake_retire("other", &options)) << shmflake_last_error();
  EXPECT_EQ(kGood, scene_.Continue(stopped));
  ExpectAllIsWell();
}

// Others are attached, and follow whenever the region is retired: they too may be the creator, so
// that the one who holds the lock need not be in their way.
TEST_P(StopCreator, FollowersDrawOnOrAreToldWhoHoldsThemUp) {
  scene_.StartOthers();
  ASSERT_TRUE(scene_.OthersDrawOn(3));
  Process stopped = scene_.StopOne(2);
  ASSERT_TRUE(stopped.running()) << "the point was not reached";
  EXPECT_TRUE(scene_.OthersDrawOnOrNameTheHolder(stopped.pid()));
  EXPECT_EQ(kGood, scene_.Continue(stopped));
  ExpectAllIsWell();
}

INSTANTIATE_TEST_SUITE_P(Points, StopCreator, ::testing::ValuesIn(PointsUnderTheLock()),
                         [](const auto& point) { return point.param; });

}  // namespace
}  // namespace flake::test
