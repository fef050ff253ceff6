// SPDX-License-Identifier: Apache-2.0
// Who shards by id % n gets even shards: at one ID every few ticks, at ten a tick, and at the
// ceiling, in the default layout, in Twitter's and in the one for JavaScript.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

constexpr std::uint64_t kShards[] = {2, 3, 4, 7, 16, 64, 100};

// Pearson's statistic of the IDs' remainders.
double ChiSquare(const std::vector<std::uint64_t>& ids, std::uint64_t shards) {
  std::vector<std::uint64_t> hits(shards);
  for (const std::uint64_t id : ids) ++hits[id % shards];
  const double expected = static_cast<double>(ids.size()) / static_cast<double>(shards);
  double sum = 0;
  for (const std::uint64_t hit : hits) {
    const double off = static_cast<double>(hit) - expected;
    sum += off * off / expected;
  }
  return sum;
}

// What even shards stay below but once in 10^9 times (the distribution as Wilson and Hilferty
// approximated it in 1931): the some 400 statistics below exceed it by chance in one run of 10^6.
double Bound(std::uint64_t shards) {
  const double freedom = static_cast<double>(shards - 1);
  const double root = 1 - 2 / (9 * freedom) + 6.0 * std::sqrt(2 / (9 * freedom));
  return freedom * root * root * root;
}

class EvenLowBitsTest : public GeneratorTest, public ::testing::WithParamInterface<const char*> {
 protected:
  EvenLowBitsTest()
      : clock_start_([this] {
          clock_.SetRealtime(std::int64_t{1'790'000'000} * kSecond);  // after every layout's epoch
          return 0;
        }()),
        generator_(MustOpen([](Options* options) {
          options->layout = GetParam();
          options->horizon_ms = 86'400'000;  // the store is seldom asked
        })) {}

  [[nodiscard]] std::int64_t TickNs() const {
    return std::int64_t{generator_->current().format().tick_us} * 1000;
  }
  std::uint64_t Draw() {
    std::uint64_t id = 0;
    const Status status = generator_->Next(&id);
    if (!status.ok()) throw std::runtime_error(status.message());
    return id;
  }
  static void ExpectEven(const std::vector<std::uint64_t>& ids, const std::string& what) {
    for (const std::uint64_t shards : kShards) {
      EXPECT_LT(ChiSquare(ids, shards), Bound(shards)) << what << ", " << shards << " shards";
    }
  }

  const int clock_start_;
  const std::unique_ptr<Generator> generator_;
};

TEST_P(EvenLowBitsTest, AtOneIdEverySoManyTicks) {
  for (const std::int64_t ticks : {1, 2, 3, 4, 10, 64, 1000}) {
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 20'000; ++i) {
      ids.push_back(Draw());
      clock_.Advance(ticks * TickNs());
    }
    ExpectEven(ids, std::to_string(ticks) + " ticks apart");
  }
}

TEST_P(EvenLowBitsTest, AtOneIdEveryFewTicksNowMoreNowLess) {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 20'000; ++i) {
    ids.push_back(Draw());
    clock_.Advance(static_cast<std::int64_t>(random() % 9'000 + 1'000) * TickNs() / 1000);
  }
  ExpectEven(ids, "1 to 10 ticks apart");
}

// The ten of a tick are neighbours, which is more even than chance for few shards; but where there
// are more shards than that, ten at once fall on one side, and the statistic of all of them
// together has a wider distribution. So each place in the tick is held to the bound: its IDs are
// independent of each other.
TEST_P(EvenLowBitsTest, AtTenIdsATick) {
  std::vector<std::uint64_t> of_place[10];
  std::vector<std::uint64_t> all;
  for (int tick = 0; tick < 20'000; ++tick) {
    for (auto& ids : of_place) {
      ids.push_back(Draw());
      all.push_back(ids.back());
    }
    clock_.Advance(TickNs());
  }
  for (int place = 0; place < 10; ++place) {
    ExpectEven(of_place[place], "ID " + std::to_string(place + 1) + " of its tick");
  }
  for (const std::uint64_t shards : {2U, 3U, 4U, 7U}) {
    EXPECT_LT(ChiSquare(all, shards), Bound(shards)) << "all, " << shards << " shards";
  }
}

TEST_P(EvenLowBitsTest, AtTheCeiling) {
  std::vector<std::uint64_t> ids;
  const std::int64_t begin = clock_.RealtimeNs();
  while (clock_.RealtimeNs() - begin < 50 * TickNs()) ids.push_back(Draw());  // sleeps when it must
  EXPECT_GE(clock_.sleeps(), 20U);
  ExpectEven(ids, "as many as there are");
  RecordProperty("ids_per_tick", static_cast<int>(ids.size() / 50));
}

INSTANTIATE_TEST_SUITE_P(Layouts, EvenLowBitsTest, ::testing::Values("default", "twitter", "js53"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace shmflake::test
