// SPDX-License-Identifier: Apache-2.0
// Many IDs in one call, beside the bare work of writing them. Bar: next_n(1024) costs at most 1.5
// ns an ID.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/support/scratch_region.h"
#include "bench/support/shared_word.h"

namespace {

constexpr std::size_t kIds = 1024;
// Small enough that the tick's 4,194,304 IDs outlast the calls of a tick.
constexpr std::uint64_t kBlock = 64;

// One addition for all, then the values one after the other: what next_n cannot do without.
void AddAndFill(benchmark::State& state) {
  bench::SharedWord word;
  std::vector<std::uint64_t> ids(kIds);
  for (auto _ : state) {
    const std::uint64_t first = word.Add(kIds);
    for (std::size_t i = 0; i < kIds; ++i) ids[i] = first + i;
    benchmark::DoNotOptimize(ids.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kIds));
}
BENCHMARK(AddAndFill)->Name("add_and_fill_1024");

void NextN(benchmark::State& state) {
  const bench::ScratchRegion region(bench::kWideStrict);
  shmflake* flake = region.Open();
  std::vector<std::uint64_t> ids(kIds);
  for (auto _ : state) {
    std::size_t filled = 0;
    if (shmflake_next_n(flake, ids.data(), kIds, &filled) != 0) bench::Die("next_n");
    benchmark::DoNotOptimize(ids.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kIds));
  shmflake_close(flake);
}
BENCHMARK(NextN)->Name("next_n_1024");

void NextBlock(benchmark::State& state) {
  const bench::ScratchRegion region(bench::kWideStrict);
  shmflake* flake = region.Open();
  for (auto _ : state) {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    if (shmflake_next_block(flake, kBlock, &first, &count) != 0) bench::Die("next_block");
    benchmark::DoNotOptimize(first + count);
  }
  shmflake_close(flake);
}
BENCHMARK(NextBlock)->Name("next_block_64");

}  // namespace

BENCHMARK_MAIN();
