// SPDX-License-Identifier: Apache-2.0
#include "core/slots.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "core/failpoint.h"
#include "core/platform.h"
#include "core/thread_index.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

using SlotArray = Slot[kSlotCount];

// Slots in shared memory, and a file whose bytes are their locks.
class SlotsTest : public ::testing::Test {
 protected:
  SlotsTest()
      : slots_(*static_cast<SlotArray*>(::mmap(nullptr, sizeof(SlotArray), PROT_READ | PROT_WRITE,
                                               MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SlotsTest() override { ::munmap(&slots_, sizeof(SlotArray)); }

  [[nodiscard]] UniqueFd Open() const {
    return UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  static SlotIdentity Identity(std::uint64_t token) {
    SlotIdentity identity;
    identity.token = token;
    identity.pid = static_cast<std::uint64_t>(::getpid());
    identity.attached_unix_ms = 1234;
    std::strcpy(identity.command, "test");
    return identity;
  }

  TempDir directory_;
  std::string path_ = directory_.Write("locks", "");
  SlotArray& slots_;
};

TEST_F(SlotsTest, AClaimedSlotBearsItsOwnersIdentity) {
  const UniqueFd fd = Open();
  Slot* slot = ClaimSlot(slots_, fd.get(), Identity(77));
  ASSERT_EQ(&slots_[77], slot);
  const auto seen = ListSlots(slots_, fd.get(), slot);
  ASSERT_EQ(1U, seen.size());
  EXPECT_EQ(77U, seen[0].identity.token);
  EXPECT_EQ(static_cast<std::uint64_t>(::getpid()), seen[0].identity.pid);
  EXPECT_EQ(1234, seen[0].identity.attached_unix_ms);
  EXPECT_STREQ("test", seen[0].identity.command);
  EXPECT_TRUE(seen[0].alive);
}

TEST_F(SlotsTest, AReleasedSlotIsNobodysButItsCountStays) {
  const UniqueFd fd = Open();
  Slot* slot = ClaimSlot(slots_, fd.get(), Identity(1));
  CountIds(*slot, 1, 10);
  ReleaseSlot(slots_, fd.get(), slot);
  EXPECT_TRUE(ListSlots(slots_, fd.get(), nullptr).empty());
  EXPECT_EQ(10U, SumSlots(slots_).ids);
  const UniqueFd next = Open();
  ASSERT_EQ(slot, ClaimSlot(slots_, next.get(), Identity(1)));
  CountIds(*slot, 1, 5);
  EXPECT_EQ(15U, SumSlots(slots_).ids);
  EXPECT_EQ(5U, ListSlots(slots_, next.get(), slot)[0].ids) << "its own share";
}

TEST_F(SlotsTest, TwoOwnersNeverHaveOneSlot) {
  std::vector<UniqueFd> fds;
  std::set<Slot*> claimed;
  for (std::uint32_t i = 0; i < kSlotCount; ++i) {
    fds.push_back(Open());
    Slot* slot = ClaimSlot(slots_, fds.back().get(), Identity(5));
    ASSERT_NE(nullptr, slot);
    EXPECT_TRUE(claimed.insert(slot).second);
  }
  const UniqueFd fd = Open();
  EXPECT_EQ(nullptr, ClaimSlot(slots_, fd.get(), Identity(5))) << "the 257th";
  ReleaseSlot(slots_, fds[100].get(), *claimed.begin());
  fds.pop_back();  // one more owner dies
  EXPECT_NE(nullptr, ClaimSlot(slots_, fd.get(), Identity(5)));
}

TEST_F(SlotsTest, AStrangersLockOnAFreeSlotIsPassedOver) {
  const UniqueFd stranger = Open();
  ASSERT_EQ(0, TryLockBytes(stranger.get(), LockKind::kExclusive, kSlotLockBase + 9, 1));
  const UniqueFd fd = Open();
  EXPECT_EQ(&slots_[10], ClaimSlot(slots_, fd.get(), Identity(9)));
}

TEST_F(SlotsTest, TotalsNeverFallWhoeverIsKilledWherever) {
  std::uint64_t total = 0;
  for (int round = 0; round < 60; ++round) {
    // Killed at once, with the slot locked, with it claimed, after counting, or after a release.
    const int end = RunInChild([&] {
      static int when = 0;
      when = round % 5;
      g_point_hook = [](Point point) {
        if ((when == 1 && point == Point::kSlotLocked) ||
            (when == 2 && point == Point::kSlotClaimed)) {
          ::kill(::getpid(), SIGKILL);
        }
      };
      UniqueFd fd = Open();
      Slot* slot = ClaimSlot(slots_, fd.get(), Identity(static_cast<std::uint64_t>(round % 3)));
      CountIds(*slot, static_cast<std::uint32_t>(round % 9), 7);
      slot->waits.fetch_add(1);
      if (when == 4) ReleaseSlot(slots_, fd.get(), slot);
      return ::kill(::getpid(), SIGKILL);
    });
    ASSERT_EQ(-SIGKILL, end);
    const SlotTotals totals = SumSlots(slots_);
    const bool counted = round % 5 != 1 && round % 5 != 2;
    ASSERT_EQ(total + (counted ? 7 : 0), totals.ids) << round;
    total = totals.ids;
  }
  EXPECT_EQ(36U * 7, total);
  EXPECT_EQ(36U, SumSlots(slots_).waits);
}

TEST_F(SlotsTest, ADeadOwnersSlotShowsAsDeadAndIsReusedWhenNoneIsFree) {
  BackgroundProcess child([&] {
    UniqueFd fd = Open();
    return ClaimSlot(slots_, fd.Take(), Identity(4)) != nullptr;
  });
  ASSERT_TRUE(child.ready());
  const UniqueFd fd = Open();
  EXPECT_TRUE(ListSlots(slots_, fd.get(), nullptr)[0].alive);
  child.Kill();
  EXPECT_FALSE(ListSlots(slots_, fd.get(), nullptr)[0].alive);
  EXPECT_EQ(&slots_[5], ClaimSlot(slots_, fd.get(), Identity(4))) << "free ones first";
  std::vector<UniqueFd> others;
  for (std::uint32_t i = 0; i < kSlotCount - 2; ++i) {
    others.push_back(Open());
    ASSERT_NE(nullptr, ClaimSlot(slots_, others.back().get(), Identity(0)));
  }
  const UniqueFd last = Open();
  EXPECT_EQ(&slots_[4], ClaimSlot(slots_, last.get(), Identity(0)));
}

TEST_F(SlotsTest, StripesSumExactlyOverManyThreads) {
  const UniqueFd fd = Open();
  Slot* slot = ClaimSlot(slots_, fd.get(), Identity(1));
  constexpr std::uint64_t kEach = 20'000;
  constexpr int kThreads = 20;  // more than there are stripes
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t n = 0; n < kEach; ++n) CountIds(*slot, ThreadIndex(), 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kThreads * kEach, IdsOf(*slot));
}

TEST(StripeTest, OnlyTheFirstThreadsHaveAStripeOfTheirOwn) {
  EXPECT_FALSE(HasOwnStripe(0));
  for (std::uint32_t thread = 1; thread < kSlotStripes; ++thread) EXPECT_TRUE(HasOwnStripe(thread));
  EXPECT_FALSE(HasOwnStripe(kSlotStripes));
  EXPECT_FALSE(HasOwnStripe(~0U));
}

}  // namespace
}  // namespace shmflake::test
