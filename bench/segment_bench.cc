// SPDX-License-Identifier: Apache-2.0
// Segment mode, beside a bare fetch_add of the same run. Bars: a draw costs at most 1.5 times a bare
// shared fetch_add; 8 processes draw in total no less than 8 that do the bare addition. Reported:
// the slowest draw of a segment of 1,000,000, which is the one that fetches the next segment, with
// and without the background thread.
//
// usage: segment_bench [--rounds N] [--window SECONDS]
#include <time.h>

#include <algorithm>

#include "bench/support/fleet.h"
#include "bench/support/samples.h"
#include "bench/support/scratch_region.h"
#include "bench/support/shared_word.h"

namespace {

constexpr std::uint64_t kLoop = 1'000'000;
constexpr std::uint64_t kLongest = 1'000'000'000;
constexpr std::uint64_t kStep = 1'000'000;

double Seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Ranges out of thin air: a draw without a store behind it.
int Reserve(void* context, const char* /*tag*/, std::uint64_t step, std::uint64_t* first,
            std::uint64_t* count, char* /*error*/, std::size_t /*size*/) {
  auto* next = static_cast<bench::SharedWord*>(context);
  *first = next->Add(step) + 1;
  *count = step;
  return 0;
}

shmflake_segment* OpenSegment(shmflake* flake, const char* tag, bench::SharedWord* reserve_from) {
  shmflake_segment_options options = SHMFLAKE_SEGMENT_OPTIONS_INIT;
  options.step = options.max_step = reserve_from != nullptr ? kLongest : kStep;
  if (reserve_from != nullptr) {
    options.reserve = Reserve;
    options.reserve_context = reserve_from;
  }
  shmflake_segment* segment = nullptr;
  if (shmflake_segment_open(flake, tag, &options, &segment) != 0) bench::Die("segment_open");
  return segment;
}

void Next(shmflake_segment* segment) {
  std::uint64_t id = 0;
  if (shmflake_segment_next(segment, &id) != 0) bench::Die("segment_next");
}

// CPU nanoseconds of one step.
template <typename Step>
void Time(const char* name, Step&& step) {
  for (std::uint64_t i = 0; i < kLoop / 10; ++i) step();
  const double began = Seconds(CLOCK_THREAD_CPUTIME_ID);
  for (std::uint64_t i = 0; i < kLoop; ++i) step();
  bench::Print(name, "ns", (Seconds(CLOCK_THREAD_CPUTIME_ID) - began) * 1e9 / kLoop);
}

// The slowest draw of one whole segment of the store's.
void Slowest(const char* name, shmflake_segment* segment) {
  double slowest = 0;
  double before = Seconds(CLOCK_MONOTONIC);
  for (std::uint64_t i = 0; i < kStep; ++i) {
    Next(segment);
    const double after = Seconds(CLOCK_MONOTONIC);
    slowest = std::max(slowest, after - before);
    before = after;
  }
  bench::Print(name, "us", slowest * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = static_cast<int>(bench::NumberOption(argc, argv, "--rounds", 9));
  const double window = bench::NumberOption(argc, argv, "--window", 0.25);
  bench::SharedWord word;
  bench::SharedWord granted;
  const bench::ScratchRegion region(bench::kDefaultStrict);
  shmflake* flake = region.Open();
  shmflake_segment* drawn = OpenSegment(flake, "drawn", &granted);
  shmflake_segment* stored = OpenSegment(flake, "stored", nullptr);
  shmflake* with_thread = region.Open("with_thread", true);
  shmflake_segment* served = OpenSegment(with_thread, "served", nullptr);
  for (int round = 0; round < rounds; ++round) {  // interleaved: a noisy second hits all alike
    Time("segment_fetch_add", [&] { (void)word.Add(1); });
    Time("segment_next", [&] { Next(drawn); });
    for (const int processes : {1, 2, 4, 8}) {
      bench::MeasureFleet("bare_add", "bare_add_cpu", processes, window,
                          [&](bench::Worker& worker) {
                            worker.WaitForStart();
                            worker.Run([&] { (void)word.Add(1); });
                          });
      bench::MeasureFleet("segment", "segment_cpu", processes, window, [&](bench::Worker& worker) {
        shmflake* own = region.Open();
        shmflake_segment* segment = OpenSegment(own, "drawn", &granted);
        worker.WaitForStart();
        worker.Run([&] { Next(segment); });
        shmflake_segment_close(segment);
        shmflake_close(own);
      });
    }
    Slowest("slowest_draw", stored);
    Slowest("slowest_draw_beside_thread", served);
  }
  shmflake_segment_close(served);
  shmflake_close(with_thread);
  shmflake_segment_close(stored);
  shmflake_segment_close(drawn);
  shmflake_close(flake);
}
