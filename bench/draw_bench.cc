// SPDX-License-Identifier: Apache-2.0
// One draw by one process, beside what it is made of. Bar: a strict draw costs at most 1.4 times a
// bare fetch_add and a bare cycle counter reading together.
#include <benchmark/benchmark.h>
#include <time.h>

#include "bench/support/scratch_region.h"
#include "bench/support/shared_word.h"

namespace {

void FetchAdd(benchmark::State& state) {
  bench::SharedWord word;
  for (auto _ : state) benchmark::DoNotOptimize(word.Add(1));
}
BENCHMARK(FetchAdd)->Name("fetch_add");

void CycleCounter(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(bench::ReadCycles());
}
BENCHMARK(CycleCounter)->Name("cycle_counter");

// The two in one loop: less than their sum where the processor overlaps them.
void Both(benchmark::State& state) {
  bench::SharedWord word;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench::ReadCycles());
    benchmark::DoNotOptimize(word.Add(1));
  }
}
BENCHMARK(Both)->Name("both_in_one_loop");

void ClockRealtime(benchmark::State& state) {
  timespec now{};
  for (auto _ : state) {
    ::clock_gettime(CLOCK_REALTIME, &now);
    benchmark::DoNotOptimize(now);
  }
}
BENCHMARK(ClockRealtime)->Name("clock_realtime");

template <int (*draw)(shmflake*, std::uint64_t*), std::uint32_t ordering>
void Draw(benchmark::State& state) {
  const bench::ScratchRegion region(ordering == SHMFLAKE_ORDERING_STRICT ? bench::kWideStrict
                                                                         : bench::kWideRelaxed);
  shmflake* flake = region.Open();
  std::uint64_t id = 0;
  for (auto _ : state) {
    if (draw(flake, &id) != 0) bench::Die("draw");
    benchmark::DoNotOptimize(id);
  }
  shmflake_close(flake);
}
BENCHMARK(Draw<shmflake_next, SHMFLAKE_ORDERING_STRICT>)->Name("next_strict");
BENCHMARK(Draw<shmflake_try_next, SHMFLAKE_ORDERING_STRICT>)->Name("try_next_strict");
BENCHMARK(Draw<shmflake_next, SHMFLAKE_ORDERING_RELAXED>)->Name("next_relaxed");
BENCHMARK(Draw<shmflake_try_next, SHMFLAKE_ORDERING_RELAXED>)->Name("try_next_relaxed");

void Uuid7(benchmark::State& state) {
  const bench::ScratchRegion region(bench::kWideStrict);
  shmflake* flake = region.Open();
  unsigned char uuid[16];
  for (auto _ : state) {
    if (shmflake_uuid7(flake, uuid) != 0) bench::Die("uuid7");
    benchmark::DoNotOptimize(uuid);
  }
  shmflake_close(flake);
}
BENCHMARK(Uuid7)->Name("uuid7");

void Ulid(benchmark::State& state) {
  const bench::ScratchRegion region(bench::kWideStrict);
  shmflake* flake = region.Open();
  char text[27];
  for (auto _ : state) {
    if (shmflake_ulid(flake, text) != 0) bench::Die("ulid");
    benchmark::DoNotOptimize(text);
  }
  shmflake_close(flake);
}
BENCHMARK(Ulid)->Name("ulid");

}  // namespace

BENCHMARK_MAIN();
