// SPDX-License-Identifier: Apache-2.0
// Regions that are retired, removed, truncated, overwritten or replaced under a generator, and the
// ones that are born after them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

class GeneratorLossTest : public GeneratorTest {
 protected:
  Status Retire(const Change& change = nullptr) {
    Options options = place_.MakeOptions();
    if (change) change(&options);
    return RetireByName(place_.Resolve(options), clock_, nullptr);
  }
  // A burst as far ahead of the clock, or as near the ceiling, as allowed.
  std::uint64_t Burst(Generator* generator) {
    Next(generator);
    EXPECT_FALSE(DrawUntilRefused(generator).ok());
    return *issued_.rbegin();
  }
  [[nodiscard]] std::string Read(const std::string& path) const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

// ---------------------------------------------------------------- Retired

TEST_F(GeneratorLossTest, NextFollowsARetiredRegionAndTryNextDoesNot) {
  const auto generator = MustOpen(Small);
  const std::uint64_t last = Burst(generator.get());
  ASSERT_SUCCEEDS(Retire());
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::RETIRED, generator->TryNext(&id));
  const std::uint64_t instance = InstanceOf(generator.get());
  EXPECT_GT(Next(generator.get()), last);
  EXPECT_NE(instance, InstanceOf(generator.get()));
  EXPECT_SUCCEEDS(generator->TryNext(&id));
  EXPECT_NE(nullptr, generator->current().previous()) << "a draw may still be in it";
}

TEST_F(GeneratorLossTest, ARetiredRegionGivesTheUnusedPartOfItsLeaseBack) {
  { Next(MustOpen().get()); }
  ASSERT_SUCCEEDS(Retire());
  EXPECT_FALSE(std::filesystem::exists(place_.region_path())) << "nobody was attached";
  const auto generator = MustOpen();
  const Header& header = generator->current().region().header();
  EXPECT_EQ(generator->current().NowTick() + 1, header.birth_tick);
}

TEST_F(GeneratorLossTest, TheSuccessorStartsAboveABurstThatRanAhead) {
  std::uint64_t last = 0;
  {
    const auto generator = MustOpen(Small);
    last = Burst(generator.get());
  }
  ASSERT_SUCCEEDS(Retire());
  const auto generator = MustOpen(Small);
  EXPECT_GT(Next(generator.get()), last);
  EXPECT_EQ(generator->current().NowTick() + 11, generator->current().region().header().birth_tick);
}

TEST_F(GeneratorLossTest, ManyRetirementsInARowRepeatNothing) {
  const auto first = MustOpen(Small);
  const auto second = MustOpen(Small);
  for (int i = 0; i < 20; ++i) {
    (void)Burst(i % 2 == 0 ? first.get() : second.get());
    ASSERT_SUCCEEDS(Retire());
    Next(first.get());
    Next(second.get());
    EXPECT_EQ(InstanceOf(first.get()), InstanceOf(second.get()));
  }
}

TEST_F(GeneratorLossTest, RetiringWhatIsNotThereIsSaid) {
  EXPECT_FAILS(Code::NOT_FOUND, Retire());
  { Next(MustOpen().get()); }
  ASSERT_SUCCEEDS(Retire());
  EXPECT_FAILS(Code::NOT_FOUND, Retire());
}

TEST_F(GeneratorLossTest, ARegionIsRetiredAlsoWhenItsStoreFails) {
  const auto generator = MustOpen(Small);
  const std::uint64_t last = Burst(generator.get());
  const std::string saved = Read(place_.store_path());
  std::ofstream(place_.store_path(), std::ios::binary) << std::string(8192, 'x');
  EXPECT_FAILS(Code::STORE_CORRUPT, Retire());
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::RETIRED, generator->TryNext(&id));
  EXPECT_FAILS(Code::STORE_CORRUPT, generator->Next(&id));
  std::ofstream(place_.store_path(), std::ios::binary) << saved;
  EXPECT_GT(Next(generator.get()), last);
}

TEST_F(GeneratorLossTest, AStoreThatWasExchangedIsNotToldAndTheRetiredFileStays) {
  auto generator = MustOpen();
  Next(generator.get());
  std::filesystem::remove(place_.store_path());
  generator = nullptr;
  EXPECT_FAILS(Code::STORE_REPLACED, Retire());
  EXPECT_TRUE(std::filesystem::exists(place_.region_path()))
      << "the last that knows how far it came";
}

TEST_F(GeneratorLossTest, WithoutAStoreTheLongestMaxBackwardIsNoRecovery) {
  const auto change = [](Options* options) {
    options->store = "none";
    options->max_backward_ms = 60'000;
  };
  Next(MustOpen(change).get());
}

TEST_F(GeneratorLossTest, ARetiredFileIsAFloorAlsoWithoutAStore) {
  const auto none = [](Options* options) {
    Small(options);
    options->store = "none";
  };
  const auto generator = MustOpen(none);
  const std::uint64_t last = Burst(generator.get());
  ASSERT_SUCCEEDS(Retire());  // the file stays, since the generator is attached
  ASSERT_TRUE(std::filesystem::exists(place_.region_path()));
  clock_.Step(-20 * kMs);
  const auto next = MustOpen(none);
  EXPECT_GT(Next(next.get()), last);
}

// ---------------------------------------------------------------- Lost between processes

TEST_F(GeneratorLossTest, AfterALossOfTheRegionTheNextStartsAboveAllThatWasIssued) {
  for (const std::int64_t step : {std::int64_t{0}, -kMs, -kSecond, -30 * kSecond}) {
    std::uint64_t last = 0;
    {
      const auto generator = MustOpen(Small);
      Next(generator.get());
      last = Burst(generator.get());
    }
    std::filesystem::remove(place_.region_path());
    clock_.Step(step);
    const auto generator = MustOpen(Small);
    EXPECT_GT(Next(generator.get()), last) << step;
    clock_.Advance(40 * kSecond);
    Next(generator.get());
    std::filesystem::remove(place_.region_path());
  }
}

TEST_F(GeneratorLossTest, AClockADayBackIsRefusedWithRecovery) {
  { Next(MustOpen().get()); }
  std::filesystem::remove(place_.region_path());
  clock_.Step(-kDay);
  const Status status = Make()->Open(false);
  EXPECT_FAILS(Code::RECOVERY, status);
  EXPECT_TRUE(Contains(status.message(), "86410.0 s")) << status.message();
  EXPECT_FALSE(std::filesystem::exists(place_.region_path()));
  EXPECT_SUCCEEDS(
      Make([](Options* options) { options->max_recovery_ms = 90'000'000; })->Open(false));
}

TEST_F(GeneratorLossTest, ACrashLoopDoesNotClimbAwayFromTheClock) {
  std::uint64_t last = 0;
  for (int i = 0; i < 200; ++i) {
    const auto generator = MustOpen();
    const std::uint64_t id = Next(generator.get());
    ASSERT_GT(id, last);
    last = id;
    ASSERT_LE(CeilingTick(generator.get()), generator->current().NowTick() + 10'000 + 200 * 100);
    std::filesystem::remove(place_.region_path());
    clock_.Advance(100 * kMs);
  }
}

TEST_F(GeneratorLossTest, WithoutAStoreABirthStaysClearOfWhatAPredecessorMayHaveIssued) {
  const auto none = [](Options* options) {
    Small(options);
    options->store = "none";
  };
  std::uint64_t last = 0;
  {
    const auto generator = MustOpen(none);
    last = Burst(generator.get());
  }
  std::filesystem::remove(place_.region_path());
  const auto generator = MustOpen(none);
  EXPECT_GT(Next(generator.get()), last);
}

// ---------------------------------------------------------------- Lost under a generator

TEST_F(GeneratorLossTest, ARemovedFileRetiresTheOrphanAndIsFollowed) {
  const auto generator = MustOpen(Small);
  const std::uint64_t last = Burst(generator.get());
  std::filesystem::remove(place_.region_path());
  clock_.Advance(11 * kMs);
  std::uint64_t id = 0;
  const DrawError error = generator->TryNext(&id);
  EXPECT_FAILS(Code::REGION_LOST, error);
  EXPECT_TRUE(Contains(DescribeDrawError(error), "removed")) << DescribeDrawError(error);
  EXPECT_GT(Next(generator.get()), last);
  EXPECT_TRUE(generator->current().previous()->retired());
  EXPECT_TRUE(std::filesystem::exists(place_.region_path()));
  EXPECT_EQ(0U, generator->current().region().header().allowance_tick) << "given back exactly";
}

TEST_F(GeneratorLossTest, WhoSeesARemovedRegionRetiredByAnotherNeedNotWaitForThatOnesRecord) {
  const auto first = MustOpen(Small);
  const auto second = MustOpen(Small);
  Burst(first.get());
  const std::uint64_t last = Next(second.get());  // and looks at the file again in 10 ms only
  std::filesystem::remove(place_.region_path());
  (void)RetireWords(first->current().image());  // and was stopped before it could record that
  const std::uint64_t next = Next(second.get());
  EXPECT_GT(next, last);
  EXPECT_GT(Next(first.get()), next);
  EXPECT_EQ(InstanceOf(first.get()), InstanceOf(second.get()));
}

TEST_F(GeneratorLossTest, ANewcomerAfterARemovalIsToldWhoStillDraws) {
  const auto generator = MustOpen();
  Next(generator.get());
  std::filesystem::remove(place_.region_path());
  const Status status = Make()->Open(false);
  EXPECT_FAILS(Code::SPLIT_BRAIN, status);
  EXPECT_TRUE(Contains(status.message(), "pid " + std::to_string(::getpid()))) << status.message();
  clock_.Advance(20 * kMs);
  Next(generator.get());  // notices, retires the orphan
  const auto newcomer = MustOpen();
  EXPECT_EQ(InstanceOf(generator.get()), InstanceOf(newcomer.get()));
  Next(newcomer.get());
}

TEST_F(GeneratorLossTest, ATruncatedFileEndsDrawsWithoutACrash) {
  for (const std::uintmax_t size :
       {std::uintmax_t{0}, std::uintmax_t{4096}, std::uintmax_t{8192}}) {
    std::filesystem::remove(place_.region_path());
    const auto generator = MustOpen();
    Next(generator.get());
    std::filesystem::resize_file(place_.region_path(), size);
    std::uint64_t id = 0;
    EXPECT_NE(size < 8192, generator->TryNext(&id).ok()) << "with the state word, or without";
    clock_.Advance(11 * kMs);
    const DrawError error = generator->TryNext(&id);
    EXPECT_FAILS(Code::REGION_LOST, error);
    EXPECT_TRUE(Contains(DescribeDrawError(error), "truncated")) << DescribeDrawError(error);
    EXPECT_FAILS(Code::TRUNCATED, generator->Next(&id));  // what is there is left alone
    EXPECT_EQ(size, std::filesystem::file_size(place_.region_path()));
    std::filesystem::remove(place_.region_path());
    Next(generator.get());
    std::uint64_t mark = 0;
    EXPECT_SUCCEEDS(generator->Watermark(&mark));
  }
}

TEST_F(GeneratorLossTest, AnOverwrittenFileEndsDraws) {
  const auto generator = MustOpen();
  const std::uint64_t last = Next(generator.get());
  const std::string whole = Read(place_.region_path());
  for (const char fill : {'\0', 'x'}) {
    const UniqueFd fd(::open(place_.region_path().c_str(), O_WRONLY | O_CLOEXEC));
    const std::string garbage(whole.size(), fill);
    ASSERT_EQ(static_cast<ssize_t>(garbage.size()),
              ::pwrite(fd.get(), garbage.data(), garbage.size(), 0));
    clock_.Advance(11 * kMs);
    std::uint64_t id = 0;
    EXPECT_FAILS(Code::REGION_LOST, generator->TryNext(&id));
    EXPECT_FAILS(Code::MAGIC, generator->Next(&id));
  }
  std::filesystem::remove(place_.region_path());
  EXPECT_GT(Next(generator.get()), last);
}

TEST_F(GeneratorLossTest, AStateWordThatWasSetBackIsSeenByTheNextDraw) {
  const auto generator = MustOpen();
  Next(generator.get());
  const std::uint64_t state = ImageOf(generator.get()).state.LoadRelaxed();
  ImageOf(generator.get()).state.InitRelaxed(state - 1);
  std::uint64_t id = 0;
  const DrawError error = generator->TryNext(&id);
  EXPECT_FAILS(Code::REGION_LOST, error);
  EXPECT_TRUE(Contains(DescribeDrawError(error), "overwritten"));
}

TEST_F(GeneratorLossTest, AFileThatIsReplacedByAnythingElseIsNotDrawnFrom) {
  const auto generator = MustOpen();
  Next(generator.get());
  const std::string other = place_.directory() + "/other";
  std::ofstream(other) << "not a region";
  ASSERT_EQ(0, ::chmod(other.c_str(), 0600));
  std::filesystem::rename(other, place_.region_path());
  clock_.Advance(11 * kMs);
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::REGION_LOST, generator->TryNext(&id));
  EXPECT_FAILS(Code::TRUNCATED, generator->Next(&id));
  EXPECT_EQ("not a region", Read(place_.region_path()));
}

TEST_F(GeneratorLossTest, ACopyOfARegionInItsPlaceNeverRepeatsAnId) {
  const auto generator = MustOpen(Small);
  Next(generator.get());
  const std::string copy = place_.directory() + "/copy";
  std::filesystem::copy_file(place_.region_path(), copy);
  ASSERT_EQ(0, ::chmod(copy.c_str(), 0600));
  (void)Burst(generator.get());  // the copy does not know of it
  std::filesystem::rename(copy, place_.region_path());
  // Nor does a newcomer, while the old one has not noticed.
  const auto newcomer = Make(Small);
  if (newcomer->Open(false).ok()) {
    std::uint64_t id = 0;
    for (int i = 0; i < 8; ++i) {
      if (newcomer->TryNext(&id).ok()) Issue(id);
    }
  }
  clock_.Advance(kMs);
  for (int i = 0; i < 20; ++i) {
    std::uint64_t id = 0;
    if (generator->Next(&id).ok()) Issue(id);
    clock_.Advance(2 * kMs);
  }
}

}  // namespace
}  // namespace shmflake::test
