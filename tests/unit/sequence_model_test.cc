// SPDX-License-Identifier: Apache-2.0
// Random draws against a model that counts one value at a time, and how evenly the spread shards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "core/sequence.h"

namespace shmflake {
namespace {

IdFormat FormatOf(std::uint32_t sequence_bits) {
  IdFormat format;
  format.timestamp_bits = 63 - 8 - sequence_bits;
  format.sequence_bits = sequence_bits;
  return format;
}

// What a draw may give, said in ticks and one value at a time.
struct Model {
  std::uint64_t last;
  std::uint64_t sequences;  // in a tick

  DrawResult Draw(const DrawBounds& bounds, std::uint64_t range_end, std::uint64_t want,
                  bool within_tick, std::vector<std::uint64_t>* values) {
    if (last < bounds.floor) return DrawResult::kBackwards;
    std::uint64_t next = last + 1;
    if (last / sequences < bounds.now) next = bounds.now * sequences + bounds.spread;
    if (next >= range_end) return DrawResult::kTimeRange;
    if (next >= bounds.ahead_end) return DrawResult::kAhead;
    if (next >= bounds.ceiling) return DrawResult::kCeiling;
    const std::uint64_t tick = next / sequences;
    while (values->size() < want && next < range_end && next < bounds.ahead_end &&
           next < bounds.ceiling && (!within_tick || next / sequences == tick)) {
      values->push_back(next);
      last = next++;
    }
    return DrawResult::kDrawn;
  }
};

TEST(DrawModelTest, AgreesWithAModelOverRandomDrawsTimesAndCeilings) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    const IdFormat format = FormatOf(1 + static_cast<std::uint32_t>(below(6)));
    const std::uint64_t start = below(2) == 0 ? below(100) : format.max_timestamp() - below(300);
    StateWord word{};
    word.InitRelaxed(format.StateOf(start, below(format.max_sequence() + 1)));
    Model model{word.LoadRelaxed(), format.max_sequence() + 1};
    DrawBounds bounds;
    std::uint64_t clock = start;
    std::uint64_t highest = word.LoadRelaxed();
    bounds.ceiling = format.StateOf(std::min(start + 20, format.max_timestamp() + 1), 0);
    for (int step = 0; step < 2000; ++step) {
      if (below(3) == 0) clock += below(3);
      if (below(200) == 0) clock -= std::min(clock, below(30));
      if (below(20) == 0) bounds.ceiling += below(40 * (format.max_sequence() + 1));
      if (below(10) == 0) bounds.floor = word.LoadRelaxed();
      bounds.now = std::min(clock, format.max_timestamp() + 1);
      bounds.spread = SpreadOf(format, bounds.now, seed, seed % 2 == 0);
      bounds.ahead_end = format.StateOf(std::min(bounds.now + 5, format.max_timestamp() + 1), 0);
      const std::uint64_t want = below(4) == 0 ? 1 + below(200) : 1;
      const bool within_tick = below(2) == 0;
      std::vector<std::uint64_t> expected;
      Block block;
      std::uint64_t seen = 0;
      const DrawResult result = DrawBlock(word, format, bounds, want, within_tick, &block, &seen);
      ASSERT_EQ(model.Draw(bounds, format.state_end(), want, within_tick, &expected), result)
          << "seed " << seed << " step " << step;
      ASSERT_EQ(model.last, word.LoadRelaxed());
      if (result != DrawResult::kDrawn) continue;
      ASSERT_EQ(expected.size(), block.count);
      ASSERT_EQ(expected.front(), block.first);
      ASSERT_GT(block.first, highest) << "ascending, hence never repeated";
      highest = block.first + block.count - 1;
      ASSERT_LT(highest, bounds.ceiling);
    }
  }
}

// ---------------------------------------------------------------- The spread

TEST(SpreadTest, StaysInTheLowerHalfOfTheSequenceWhereNothingMayCarry) {
  for (const std::uint32_t bits : {1U, 2U, 12U, 22U, 31U}) {
    const IdFormat format = FormatOf(bits);
    for (std::uint64_t tick = 0; tick < 2000; ++tick) {
      ASSERT_LE(SpreadOf(format, tick, 99, false), format.max_sequence() / 2);
    }
  }
}

TEST(SpreadTest, ReachesEveryBitOfTheSequenceWhereItMayCarry) {
  for (const std::uint32_t bits : {1U, 2U, 12U, 22U, 31U}) {
    const IdFormat format = FormatOf(bits);
    std::uint64_t ones = 0;
    std::uint64_t zeros = 0;
    for (std::uint64_t tick = 0; tick < 2000; ++tick) {
      const std::uint64_t spread = SpreadOf(format, tick, 99, true);
      ASSERT_LE(spread, format.max_sequence());
      ones |= spread;
      zeros |= ~spread;
    }
    EXPECT_EQ(format.max_sequence(), ones);
    EXPECT_EQ(format.max_sequence(), zeros & format.max_sequence());
  }
}

TEST(SpreadTest, DependsOnTheRegion) {
  const IdFormat format = FormatOf(22);
  int equal = 0;
  for (std::uint64_t tick = 0; tick < 1000; ++tick) {
    if (SpreadOf(format, tick, 1, true) == SpreadOf(format, tick, 2, true)) ++equal;
  }
  EXPECT_LT(equal, 5);
}

// One ID a tick: id % shards must be even. The bound is the chi-square distribution's value at
// p = 1e-6, as Wilson and Hilferty (1931) approximate it.
TEST(SpreadTest, ShardsEvenlyAtOneIdPerTick) {
  const IdFormat format = FormatOf(12);
  for (const std::uint64_t shards : {2U, 3U, 7U, 10U, 16U, 64U, 100U, 256U}) {
    std::vector<std::uint64_t> hits(shards);
    const std::uint64_t draws = 200 * shards;
    StateWord word{};
    word.InitRelaxed(format.StateOf(999, 0));
    for (std::uint64_t tick = 1000; tick < 1000 + draws; ++tick) {
      DrawBounds bounds;
      bounds.now = tick;
      bounds.spread = SpreadOf(format, tick, 0x1234'5678'9abc'def0, true);
      bounds.ahead_end = bounds.ceiling = format.state_end();
      Block block;
      std::uint64_t seen = 0;
      ASSERT_EQ(DrawResult::kDrawn, DrawBlock(word, format, bounds, 1, false, &block, &seen));
      ++hits[format.IdOf(block.first, 3) % shards];
    }
    double chi_square = 0;
    for (const std::uint64_t hit : hits) {
      const double off = static_cast<double>(hit) - 200.0;
      chi_square += off * off / 200.0;
    }
    const double freedom = static_cast<double>(shards - 1);
    const double root = 1 - 2 / (9 * freedom) + 4.75 * std::sqrt(2 / (9 * freedom));
    EXPECT_LT(chi_square, freedom * root * root * root) << shards << " shards";
  }
}

}  // namespace
}  // namespace shmflake
