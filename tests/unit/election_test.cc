// SPDX-License-Identifier: Apache-2.0
#include "core/election.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "core/platform.h"
#include "tests/support/child_process.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kByte = kFetchLockBase + 5 * kFetchLevels;

// Two attachments to one region, as two processes have them.
class ElectionTest : public GeneratorTest {
 protected:
  [[nodiscard]] const Region& One() const { return one_->current().region(); }
  [[nodiscard]] const Region& Other() const { return other_->current().region(); }
  [[nodiscard]] static bool IsHeld(const Region& region, std::int64_t byte) {
    return IsLockedByOther(region.fd(), byte, 1, nullptr);
  }

  std::unique_ptr<Generator> one_ = MustOpen();
  std::unique_ptr<Generator> other_ = MustOpen();
};

TEST_F(ElectionTest, ElectsOneAndTheNextOneWhenThatIsDone) {
  std::optional<Election> first(std::in_place, One(), kByte);
  ASSERT_TRUE(first->Try(1));
  Election second(Other(), kByte);
  EXPECT_FALSE(second.Try(1));
  first.reset();
  EXPECT_TRUE(second.Try(1));
}

TEST_F(ElectionTest, WhoWasNotElectedReleasesNothing) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  {
    Election second(Other(), kByte);
    EXPECT_FALSE(second.Try(1));
  }
  EXPECT_TRUE(IsHeld(Other(), kByte));
}

TEST_F(ElectionTest, WithMoreLevelsAnotherIsElectedBesideTheFirst) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  Election second(Other(), kByte);
  EXPECT_TRUE(second.Try(2));
  EXPECT_TRUE(IsHeld(One(), kByte + 1));
  EXPECT_FALSE(IsHeld(One(), kByte + 2));
}

TEST_F(ElectionTest, TagsAreElectedForApart) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  Election second(Other(), kByte + kFetchLevels);
  EXPECT_TRUE(second.Try(1));
}

TEST_F(ElectionTest, TheBytesOfAllTagsAndOfTheirKeepersAreApart) {
  EXPECT_LE(kFetchLockBase + std::int64_t{kTagCount} * kFetchLevels, kKeeperLockBase);
  EXPECT_LE(kSlotLockBase + std::int64_t{kSlotCount}, kFetchLockBase);
}

TEST_F(ElectionTest, AProcessThatIsKilledIsSucceededAtOnce) {
  BackgroundProcess holder([&] {
    static std::unique_ptr<Generator> own;  // until it is killed
    own = MustOpen();
    static Election election(own->current().region(), kByte);
    return election.Try(1);
  });
  ASSERT_TRUE(holder.ready());
  EXPECT_TRUE(IsHeld(One(), kByte));
  holder.Kill();
  Election next(One(), kByte);
  EXPECT_TRUE(next.Try(1));
}

TEST_F(ElectionTest, WithoutADescriptorNobodyIsHeldUp) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  ::close(Other().fd());
  {
    Election second(Other(), kByte);
    EXPECT_TRUE(second.Try(1)) << "the store decides alone";
  }
  EXPECT_TRUE(IsHeld(MustOpen()->current().region(), kByte)) << "the first one's is still there";
}

// ------------------------------------------------------------------ waiting

TEST_F(ElectionTest, WhoWaitsGoesOnWhenItIsElected) {
  std::optional<Election> first(std::in_place, One(), kByte);
  ASSERT_TRUE(first->Try(1));
  Election second(Other(), kByte);
  int looks = 0;
  const bool go_on = second.Wait(
      clock_, true, clock_.MonotonicNs() + kSecond,
      [&] {
        if (++looks == 4) first.reset();
        return true;
      },
      [] { return 1; });
  EXPECT_TRUE(go_on);
  EXPECT_EQ(4, looks);
  EXPECT_TRUE(IsHeld(One(), kByte));
}

TEST_F(ElectionTest, WhoWaitsStopsWhenNothingIsNeededAnyMore) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  Election second(Other(), kByte);
  int looks = 0;
  const bool go_on = second.Wait(
      clock_, true, clock_.MonotonicNs() + kSecond, [&] { return ++looks < 3; }, [] { return 1; });
  EXPECT_FALSE(go_on);
  EXPECT_EQ(3, looks);
}

TEST_F(ElectionTest, WhoNeedNotTriesOnce) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  Election second(Other(), kByte);
  const bool go_on = second.Wait(
      clock_, false, clock_.MonotonicNs() + kSecond, [] { return true; }, [] { return 1; });
  EXPECT_FALSE(go_on);
  EXPECT_EQ(0U, clock_.sleeps());
}

TEST_F(ElectionTest, AtTheDeadlineWhoMustGoesOnAllTheSame) {
  Election first(One(), kByte);
  ASSERT_TRUE(first.Try(1));
  Election second(Other(), kByte);
  const std::int64_t deadline = clock_.MonotonicNs() + 50 * kMs;
  const bool go_on = second.Wait(
      clock_, true, deadline, [] { return true; }, [] { return 1; });
  EXPECT_TRUE(go_on);
  EXPECT_GE(clock_.MonotonicNs(), deadline);
  EXPECT_LE(clock_.longest_sleep_ns(), 8 * kMs);
}

}  // namespace
}  // namespace shmflake::test
