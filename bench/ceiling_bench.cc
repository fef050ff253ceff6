// SPDX-License-Identifier: Apache-2.0
// The default layout at full load: 4,096 IDs a tick of 1 ms are all there are. Bar: 99.5 % of them
// are drawn, by 1, 4 and 16 processes, and those that wait sleep.
//
// The window opens a second after the start and its edges are readings of the wall clock. At either
// edge the state word may be up to max_backward_ms (10 ms) ahead of the clock, so that a window of
// W seconds is uncertain by 0.01 / W: 0.1 % in 10 s. `filled` has no such edges: the IDs that the
// processes were given, of all the values that the state word passed meanwhile.
//
// usage: ceiling_bench [--seconds SECONDS] [--rounds N]
#include "bench/support/fleet.h"
#include "bench/support/samples.h"
#include "bench/support/scratch_region.h"

namespace {

constexpr double kWarmUp = 1.0;
constexpr double kCeiling = 4'096'000;

std::uint64_t StateOf(shmflake* flake) {
  std::uint64_t id = 0;
  shmflake_parts parts;
  if (shmflake_watermark(flake, &id) != 0) bench::Die("watermark");
  if (shmflake_decode(flake, id, &parts) != 0) bench::Die("decode");
  return parts.timestamp * 4096 + parts.sequence;
}

void Measure(int processes, double seconds) {
  const bench::ScratchRegion region(bench::kDefaultStrict);
  shmflake* observer = region.Open();
  std::uint64_t state[2] = {};
  const bench::FleetResult result = bench::RunFleet(
      processes, kWarmUp, seconds,
      [&](bench::Worker& worker) {
        shmflake* flake = region.Open();
        std::uint64_t id = 0;
        worker.WaitForStart();
        worker.Run([&] {
          if (shmflake_next(flake, &id) != 0) bench::Die("next");
        });
        shmflake_close(flake);
      },
      [&](int edge) { state[edge] = StateOf(observer); });
  shmflake_close(observer);
  const auto ids = static_cast<double>(result.steps);
  bench::Print("ids", processes, "per_s", ids / result.seconds);
  bench::Print("of_ceiling", processes, "percent", 100 * ids / result.seconds / kCeiling);
  bench::Print("filled", processes, "percent",
               100 * ids / static_cast<double>(state[1] - state[0]));
  bench::Print("cpu", processes, "processors", result.cpu_seconds / result.seconds);
  bench::Print("cpu_user_share", processes, "percent",
               100 * result.user_seconds / (result.user_seconds + result.system_seconds));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = bench::NumberOption(argc, argv, "--seconds", 10);
  const int rounds = static_cast<int>(bench::NumberOption(argc, argv, "--rounds", 1));
  for (int round = 0; round < rounds; ++round) {
    for (const int processes : {1, 4, 16}) Measure(processes, seconds);
  }
}
