// SPDX-License-Identifier: Apache-2.0
// Several processes on one region, beside the same number on one bare shared word. Bar: in total no
// fewer IDs a second than one process draws.
//
// usage: processes_bench [--rounds N] [--window SECONDS]
#include "bench/support/fleet.h"
#include "bench/support/samples.h"
#include "bench/support/scratch_region.h"
#include "bench/support/shared_word.h"

namespace {

void DrawFrom(const bench::ScratchRegion& region, bench::Worker& worker) {
  shmflake* flake = region.Open();
  std::uint64_t id = 0;
  worker.WaitForStart();
  worker.Run([&] {
    if (shmflake_next(flake, &id) != 0) bench::Die("next");
  });
  shmflake_close(flake);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = static_cast<int>(bench::NumberOption(argc, argv, "--rounds", 9));
  const double window = bench::NumberOption(argc, argv, "--window", 0.25);
  bench::SharedWord word;
  const bench::ScratchRegion strict(bench::kWideStrict);
  const bench::ScratchRegion relaxed(bench::kWideRelaxed);
  for (int round = 0; round < rounds; ++round) {  // interleaved: a noisy second hits all alike
    for (const int processes : {1, 2, 4, 8}) {
      bench::MeasureFleet("fetch_add", "fetch_add_cpu", processes, window,
                          [&](bench::Worker& worker) {
                            worker.WaitForStart();
                            worker.Run([&] { word.Add(1); });
                          });
      // As a draw must: the counter is read between two additions, and they do not come in bursts
      // for which a processor keeps the line.
      bench::MeasureFleet("spaced_add", "spaced_add_cpu", processes, window,
                          [&](bench::Worker& worker) {
                            std::uint64_t sum = 0;
                            worker.WaitForStart();
                            worker.Run([&] { sum += bench::ReadCycles() ^ word.Add(1); });
                            if (sum == 1) bench::Die("add");
                          });
      bench::MeasureFleet("strict", "strict_cpu", processes, window,
                          [&](bench::Worker& worker) { DrawFrom(strict, worker); });
      bench::MeasureFleet("relaxed", "relaxed_cpu", processes, window,
                          [&](bench::Worker& worker) { DrawFrom(relaxed, worker); });
    }
  }
}
