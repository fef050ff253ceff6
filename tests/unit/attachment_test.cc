// SPDX-License-Identifier: Apache-2.0
// The hot path at its limits, with the cache set by hand: what is issued, what becomes a gap.
#include "core/attachment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tests/support/child_process.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

class AttachmentTest : public GeneratorTest {
 protected:
  // A window that is open for as long as the test runs.
  void OpenWindow(Attachment* attachment, std::uint64_t soft, std::uint64_t hard) {
    DrawCache& cache = attachment->cache();
    cache.window.floor.store(attachment->image().state.LoadRelaxed());
    cache.window.soft_limit.store(soft);
    cache.window.hard_limit.store(hard);
    cache.window.begin.store(ReadTsc());
    cache.window.cycles.store(std::uint64_t{1} << 62);
  }
  static bool WindowIsOpen(Attachment* attachment) {
    return attachment->cache().window.cycles.load() != 0;
  }
};

TEST_F(AttachmentTest, WithoutAWindowTheFastPathTouchesNothing) {
  const auto generator = MustOpen();
  Attachment& attachment = generator->current();
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  std::uint64_t id = 7;
  std::uint64_t spare = 8;
  EXPECT_EQ(FastResult::kSlow, attachment.FastDraw(&id, &spare));
  EXPECT_EQ(state, attachment.image().state.LoadRelaxed());
  EXPECT_EQ(7U, id);
  EXPECT_EQ(8U, spare);
}

TEST_F(AttachmentTest, WithAWindowItAddsOneAndCounts) {
  const auto generator = MustOpen();
  Attachment& attachment = generator->current();
  const std::uint64_t first = Next(generator.get());
  const std::uint64_t counted = SumSlots(attachment.image().slots).ids;
  OpenWindow(&attachment, ~std::uint64_t{0} >> 2, ~std::uint64_t{0} >> 2);
  for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(first + i, Next(generator.get()));
  EXPECT_EQ(counted + 10, SumSlots(attachment.image().slots).ids);
}

TEST_F(AttachmentTest, BetweenSoftAndHardLimitAValueIsIssuedAndTheWindowCloses) {
  const auto generator = MustOpen();
  Attachment& attachment = generator->current();
  const std::uint64_t first = Next(generator.get());
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  OpenWindow(&attachment, state + 1, state + 2);
  EXPECT_EQ(first + 1, Next(generator.get()));
  EXPECT_FALSE(WindowIsOpen(&attachment));
  Next(generator.get());
}

TEST_F(AttachmentTest, AtTheHardLimitAValueIsAGap) {
  const auto generator = MustOpen();
  Attachment& attachment = generator->current();
  Next(generator.get());
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  OpenWindow(&attachment, state + 1, state + 1);
  std::uint64_t id = 7;
  std::uint64_t spare = 0;
  EXPECT_EQ(FastResult::kNearLimit, attachment.FastDraw(&id, &spare));
  EXPECT_EQ(state + 1, spare);
  EXPECT_FALSE(attachment.FinishNearLimit(StreamKind::kIds, spare));
  EXPECT_EQ(7U, id);
}

TEST_F(AttachmentTest, ThroughTheFastPathNoValueReachesTheCeilingEither) {
  const auto generator = MustOpen(Small);
  Attachment& attachment = generator->current();
  Next(generator.get());
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  OpenWindow(&attachment, state + 3, state + 5);
  const std::uint64_t end = attachment.IdOf(state + 5);
  std::uint64_t id = 0;
  for (int i = 0; i < 4; ++i) {
    ASSERT_SUCCEEDS(generator->TryNext(&id));
    ASSERT_LT(id, end);
    attachment.cache().window.cycles.store(std::uint64_t{1} << 62);
  }
  std::uint64_t spare = 0;
  EXPECT_EQ(FastResult::kNearLimit, attachment.FastDraw(&id, &spare));
  EXPECT_FALSE(attachment.FinishNearLimit(StreamKind::kIds, spare));
}

TEST_F(AttachmentTest, AnOpenWindowSeesARetirement) {
  const auto generator = MustOpen();
  Attachment& attachment = generator->current();
  Next(generator.get());
  OpenWindow(&attachment, ~std::uint64_t{0} >> 2, ~std::uint64_t{0} >> 2);
  (void)attachment.image().state.RetireRelaxed();
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::RETIRED, generator->TryNext(&id));
}

TEST_F(AttachmentTest, AnOpenWindowSeesAWordThatWasSetBack) {
  const auto generator = MustOpen();
  Attachment& attachment = generator->current();
  Next(generator.get());
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  OpenWindow(&attachment, ~std::uint64_t{0} >> 2, ~std::uint64_t{0} >> 2);
  attachment.image().state.InitRelaxed(state - 1);  // the addition gives the floor again
  std::uint64_t id = 0;
  std::uint64_t spare = 0;
  EXPECT_EQ(FastResult::kNearLimit, attachment.FastDraw(&id, &spare));
  EXPECT_FALSE(attachment.FinishNearLimit(StreamKind::kIds, spare));
}

TEST_F(AttachmentTest, AChildStartsWithoutWindowBlockOrSlotAndDrawsOn) {
  for (const char* ordering : {"strict", "relaxed"}) {
    const auto generator = MustOpen([&](Options* options) { options->ordering = ordering; });
    Attachment& attachment = generator->current();
    Next(generator.get());
    OpenWindow(&attachment, ~std::uint64_t{0} >> 2, ~std::uint64_t{0} >> 2);
    std::uint64_t* from_child = static_cast<std::uint64_t*>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(0, RunInChild([&] {
                EXPECT_FALSE(WindowIsOpen(&attachment));
                EXPECT_EQ(nullptr, attachment.cache().slot.load());
                EXPECT_EQ(0U, attachment.cache().block.end.value.load());
                for (int i = 0; i < 200; ++i) EXPECT_SUCCEEDS(generator->Next(&from_child[i]));
                const auto slots = attachment.ListSlots();
                EXPECT_EQ(2U, slots.size());
                for (const SlotView& slot : slots) EXPECT_TRUE(slot.alive);
                return 0;
              }));
    for (int i = 0; i < 200; ++i) Issue(from_child[i]);
    for (int i = 0; i < 200; ++i) Next(generator.get());
    ::munmap(from_child, 4096);
    clock_.Advance(kMs);
    ASSERT_SUCCEEDS(RetireByName(generator->settings(), clock_, nullptr));
  }
}

TEST_F(AttachmentTest, WithAllSlotsTakenDrawsGoOnUncounted) {
  const auto first = MustOpen();
  std::vector<UniqueFd> others;
  for (std::uint32_t i = 0; i < kSlotCount; ++i) {
    others.emplace_back(ReopenFd(first->current().region().fd(), O_RDWR));
    SlotIdentity identity;
    identity.token = i + 1;
    (void)ClaimSlot(ImageOf(first.get()).slots, others.back().get(), identity);
  }
  const auto generator = MustOpen();
  EXPECT_EQ(nullptr, generator->current().cache().slot.load());
  for (int i = 0; i < 10; ++i) Next(generator.get());
  OpenWindow(&generator->current(), ~std::uint64_t{0} >> 2, ~std::uint64_t{0} >> 2);
  for (int i = 0; i < 10; ++i) Next(generator.get());
  EXPECT_EQ(0U, SumSlots(ImageOf(first.get()).slots).ids);
}

}  // namespace
}  // namespace shmflake::test
