// SPDX-License-Identifier: Apache-2.0
// Regions of the named layouts: what they draw, what they refuse, and that two of them do not mix.
#include <gtest/gtest.h>

#include <tuple>

#include "core/named_layout.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

class LayoutDrawTest : public GeneratorTest {
 protected:
  static Change Named(const char* layout, std::uint32_t worker_id = 0) {
    return [=](Options* options) {
      options->layout = layout;
      options->worker_id = worker_id;
    };
  }
  // Baidu's epoch is over; a deployment gives its own, not after what FakeHost calls now.
  static Change BaiduSince(std::int64_t epoch_ms) {
    return [=](Options* options) {
      options->layout = "baidu";
      options->worker_id = 4;
      options->epoch_ms = epoch_ms;
    };
  }
  IdParts Split(Generator* generator, std::uint64_t id) {
    IdParts parts;
    EXPECT_TRUE(SplitId(generator->current().format(), id, &parts)) << id;
    return parts;
  }
};

TEST_F(LayoutDrawTest, EveryLayoutDrawsIdsOfItsWorkerThatAscend) {
  constexpr std::int64_t kNowMs = 1'790'000'000'000;  // 2026-09-21, after every layout's epoch
  for (const NamedLayout& layout : NamedLayouts()) {
    SCOPED_TRACE(layout.name);
    const TestPlace place;
    const auto worker =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(5, layout.format.max_worker_id()));
    Options options = place.MakeOptions();
    options.layout = layout.name;
    options.worker_id = worker;
    if (std::string(layout.name) == "baidu") options.epoch_ms = FakeClock::kStartNs / kMs;
    FakeClock clock(kNowMs * kMs);
    Settings settings = place.Resolve(options);
    Generator generator(settings, nullptr, clock);
    ASSERT_SUCCEEDS(generator.Open(false));
    const IdFormat& format = generator.current().format();
    std::uint64_t before = 0;
    for (int i = 0; i < 2000; ++i) {
      std::uint64_t id = 0;
      ASSERT_SUCCEEDS(generator.Next(&id));
      ASSERT_GT(id, before);
      ASSERT_EQ(0U, id >> format.id_bits());
      const IdParts parts = Split(&generator, id);
      ASSERT_EQ(worker, parts.worker_id);
      before = id;
      if (i % 3 == 0) clock.Advance(kMs);
    }
    // The instant is that of the clock, but for the tick and what a burst ran ahead.
    const IdParts last = Split(&generator, before);
    const std::int64_t off_ms = UnixMsOfTick(format, last.timestamp) - clock.RealtimeNs() / kMs;
    EXPECT_LT(std::abs(off_ms), 12 + 2 * format.tick_us / 1000);
  }
}

TEST_F(LayoutDrawTest, AWorkerLastLayoutLeavesTheLowestBitsToTheWorker) {
  const auto generator = MustOpen(Named("sonyflake", 51109));
  std::uint64_t before = Next(generator.get());
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t id = Next(generator.get());
    ASSERT_EQ(51109U, id & 0xffff);
    ASSERT_GT(id, before);
    ASSERT_EQ(0U, (id - before) % 0x10000);
    before = id;
  }
  std::vector<std::uint64_t> ids(600);  // more than two ticks of 256
  std::size_t filled = 0;
  ASSERT_SUCCEEDS(generator->NextN(ids.data(), ids.size(), &filled));
  for (const std::uint64_t id : ids) {
    Issue(id);
    ASSERT_GT(id, before);
    ASSERT_EQ(51109U, Split(generator.get(), id).worker_id);
    before = id;
  }
  std::uint64_t watermark = 0;
  EXPECT_SUCCEEDS(generator->Watermark(&watermark));
  EXPECT_EQ(before, watermark);
}

TEST_F(LayoutDrawTest, ABlockOfAWorkerLastLayoutIsRefusedAndDrawsNothing) {
  const auto generator = MustOpen(Named("sonyflake", 7));
  Next(generator.get());
  const std::uint64_t state = ImageOf(generator.get()).state.LoadRelaxed();
  std::uint64_t first = 77;
  std::uint64_t count = 77;
  const Status status = generator->NextBlock(10, &first, &count);
  EXPECT_FAILS(Code::LAYOUT, status);
  EXPECT_TRUE(Contains(status.message(), "next_n")) << status.message();
  EXPECT_EQ(77U, first);
  EXPECT_EQ(77U, count);
  EXPECT_EQ(state, ImageOf(generator.get()).state.LoadRelaxed());
}

TEST_F(LayoutDrawTest, ObserveAndBoundsKnowTheOrderOfTheFields) {
  const auto generator = MustOpen(Named("sonyflake", 7));
  const IdFormat& format = generator->current().format();
  const std::uint64_t now = generator->current().NowTick();
  const std::uint64_t cause = format.IdOf(format.StateOf(now, 255), 65535);
  EXPECT_SUCCEEDS(generator->Observe(cause));
  EXPECT_GT(Next(generator.get()), cause);
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
  ASSERT_TRUE(IdRangeOfUnixMs(format, UnixMsOfTick(format, now), &lowest, &highest));
  EXPECT_LE(lowest, cause);
  EXPECT_EQ(highest, cause);
}

TEST_F(LayoutDrawTest, ALayoutWithoutAWorkerIdWorksAndTakesNoWorkerId) {
  Options options = place_.MakeOptions();
  options.layout = "mastodon";
  options.worker_id = 1;
  Settings settings;
  EXPECT_FAILS(Code::WORKER_ID, ResolveSettingsOn(FakeHost(), "region", options, &settings));
  options.worker_id.reset();  // from the host's address otherwise: no bits of it are left
  EXPECT_SUCCEEDS(ResolveSettingsOn(FakeHost(), "region", options, &settings));
  EXPECT_EQ(0U, settings.worker_id.value);

  const auto generator = MustOpen(Named("mastodon"));
  const std::uint64_t id = Next(generator.get());
  EXPECT_EQ(clock_.RealtimeNs() / kMs, static_cast<std::int64_t>(id >> 16));
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  ASSERT_SUCCEEDS(generator->NextBlock(3, &first, &count));
  EXPECT_GT(first, id);
}

TEST_F(LayoutDrawTest, BaidusOwnEpochIsOverAndTheErrorSaysWhatToDo) {
  clock_.SetRealtime(1'790'000'000 * kSecond);
  const Status status = Make(Named("baidu", 4))->Open(false);
  EXPECT_FAILS(Code::TIME_RANGE, status);
  for (const char* part : {"0..268435455", ": 268435456", "epoch_ms"}) {
    EXPECT_TRUE(Contains(status.message(), part)) << part << ": " << status.message();
  }
}

TEST_F(LayoutDrawTest, BaiduWithAnEpochOfItsOwnDraws) {
  clock_.SetRealtime(1'790'000'000 * kSecond);
  const auto generator = MustOpen(BaiduSince(FakeClock::kStartNs / kMs));
  const IdParts parts = Split(generator.get(), Next(generator.get()));
  EXPECT_EQ(90'000'000U, parts.timestamp);
  EXPECT_EQ(4U, parts.worker_id);
}

// Where a tick is longer than max_backward_ms, the first ID of a tick is somewhere in its lower
// half, and nothing carries into the next one: a quarter of the capacity is the price of even
// shards.
TEST_F(LayoutDrawTest, Js53HasItsFullRateWhenTheStateMayRunTwoTicksAhead) {
  clock_.SetRealtime(1'790'000'000 * kSecond);
  for (const auto& [max_backward_ms, at_least, at_most] :
       {std::tuple{10U, 2900U, 3300U}, std::tuple{200U, 4096U, 4096U}}) {
    const TestPlace place;
    Options options = place.MakeOptions();
    options.layout = "js53";
    options.max_backward_ms = max_backward_ms;
    Generator generator(place.Resolve(options), nullptr, clock_);
    ASSERT_SUCCEEDS(generator.Open(false));
    std::uint64_t id = 0;
    for (int i = 0; i < 30'000; ++i) ASSERT_SUCCEEDS(generator.Next(&id));  // the reserve is used
    constexpr int kTicks = 100;
    const std::int64_t end = clock_.RealtimeNs() + kTicks * 100 * kMs;
    std::size_t drawn = 0;
    for (; clock_.RealtimeNs() < end; ++drawn) ASSERT_SUCCEEDS(generator.Next(&id));
    EXPECT_GE(drawn, (kTicks - 1) * at_least) << max_backward_ms;
    EXPECT_LE(drawn, (kTicks + 1) * at_most) << max_backward_ms;
  }
}

TEST_F(LayoutDrawTest, TheLastTickOfALayoutIsDrawnAndNothingAfterIt) {
  const IdFormat& format = FindLayout(std::string_view("instagram"))->format;
  clock_.SetRealtime(UnixMsOfTick(format, format.max_timestamp()) * kMs);
  const auto generator = MustOpen(Named("instagram", 1));
  std::size_t drawn = 0;
  EXPECT_FAILS(Code::TIME_RANGE, DrawUntilRefused(generator.get(), &drawn));
  EXPECT_GE(drawn, 1U);
  EXPECT_LE(drawn, 1024U);
}

// ---------------------------------------------------------------- Two layouts

TEST_F(LayoutDrawTest, TwoLayoutsOfEqualBitsInAnotherOrderDoNotShareANamespace) {
  auto first = MustOpen(Named("sonyflake", 7));
  Next(first.get());
  Options options = place_.MakeOptions();  // the same bits, tick and epoch, by number
  options.worker_id = 7;
  options.worker_id_bits = 16;
  options.machine_bits = 16;
  options.sequence_bits = 8;
  options.tick_us = 10'000;
  options.epoch_ms = first->current().format().epoch_ms;
  options.id_namespace = "region";
  for (const std::uint32_t worker_id : {8U, 7U}) {
    options.worker_id = worker_id;
    if (worker_id == 7) first.reset();  // nobody holds it any more, but the store remembers
    Generator second(place_.Resolve(options, "another"), nullptr, clock_);
    EXPECT_FAILS(Code::STORE_LAYOUT, second.Open(false));
  }
  options.id_namespace = "elsewhere";
  Generator apart(place_.Resolve(options, "another"), nullptr, clock_);
  EXPECT_SUCCEEDS(apart.Open(false));
}

TEST_F(LayoutDrawTest, LayoutsThatDifferInTheEpochOnlyDoNotShareANamespace) {
  const auto first = MustOpen(Named("twitter", 7));
  Options options = place_.MakeOptions();
  options.layout = "discord";
  options.worker_id = 8;
  options.id_namespace = "region";
  Generator second(place_.Resolve(options, "another"), nullptr, clock_);
  EXPECT_FAILS(Code::STORE_LAYOUT, second.Open(false));
}

TEST_F(LayoutDrawTest, AttachingWithAnotherLayoutIsRefusedAndNamesBoth) {
  const auto first = MustOpen(Named("twitter", 7));
  EXPECT_SUCCEEDS(Make(Named("twitter", 7))->Open(false));
  for (const char* layout : {"leaf", "discord", "sonyflake"}) {
    const Status status = Make(Named(layout, 7))->Open(false);
    EXPECT_FAILS(Code::SETTINGS_DIFFER, status);
    EXPECT_TRUE(Contains(status.message(), std::string("layout is ") + layout + " (") &&
                Contains(status.message(), "was made with twitter (41/5+5/12"))
        << status.message();
  }
  // What is said nowhere is taken from the region.
  EXPECT_SUCCEEDS(Make([](Options* options) { options->worker_id.reset(); })->Open(true));
}

TEST_F(LayoutDrawTest, ALayoutsBitsCannotBeChangedButItsEpochCan) {
  Options options = place_.MakeOptions();
  options.layout = "twitter";
  Settings settings;
  options.sequence_bits = 13;
  const Status status = ResolveSettingsOn(FakeHost(), "region", options, &settings);
  EXPECT_FAILS(Code::LAYOUT, status);
  EXPECT_TRUE(Contains(status.message(), "sequence_bits must be that of layout \"twitter\"") &&
              Contains(status.message(), "12: 13"))
      << status.message();
  options.sequence_bits = 12;  // the same may be said again
  options.epoch_ms = 1'600'000'000'000;
  ASSERT_SUCCEEDS(ResolveSettingsOn(FakeHost(), "region", options, &settings));
  EXPECT_EQ(1'600'000'000'000, settings.format.epoch_ms);
  options.layout = "twiter";
  const Status unknown = ResolveSettingsOn(FakeHost(), "region", options, &settings);
  EXPECT_FAILS(Code::LAYOUT, unknown);
  EXPECT_TRUE(Contains(unknown.message(), "\"twitter\" or \"discord\"") &&
              Contains(unknown.message(), "\"twiter\""))
      << unknown.message();
}

}  // namespace
}  // namespace shmflake::test
