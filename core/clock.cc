// SPDX-License-Identifier: Apache-2.0
#include "core/clock.h"

#include <time.h>

#include "core/platform.h"
#include "core/tsc.h"

namespace shmflake {
namespace {

std::int64_t ReadClock(clockid_t id) noexcept {
  timespec now{};
  ::clock_gettime(id, &now);  // through the vDSO; some 27 ns
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

class TheSystemClock final : public Clock {
 public:
  std::int64_t RealtimeNs() noexcept override { return ReadClock(CLOCK_REALTIME); }
  std::int64_t BoottimeNs() noexcept override { return ReadClock(CLOCK_BOOTTIME); }
  std::int64_t MonotonicNs() noexcept override { return ReadClock(CLOCK_MONOTONIC); }
  void Sleep(std::int64_t ns) noexcept override { SleepNs(ns); }
  bool HasTsc() noexcept override { return TscIsReliable(); }
};

constinit TheSystemClock g_system_clock;
constinit TscRate g_tsc_rate;

constexpr std::uint64_t kHighestRate = 16 << 10;  // 16 GHz: no counter runs faster
constexpr std::int64_t kShortestBaseNs = 2'000'000;
constexpr std::uint64_t kLongestReadingCycles = 20'000;  // more: preempted between the two readings

}  // namespace

Clock& SystemClock() noexcept { return g_system_clock; }
TscRate& ProcessTscRate() noexcept { return g_tsc_rate; }

std::uint64_t TscRate::CyclesWithin(std::int64_t ns) noexcept {
  const std::uint64_t rate = cycles_per_1024_ns_.load(std::memory_order_relaxed);
  if (rate == 0) {
    Measure();
    return 0;
  }
  if (ns <= 0) return 0;
  return (static_cast<std::uint64_t>(ns) * rate >> 10) / 8 * 7;
}

void TscRate::Measure() noexcept {
  const std::uint64_t before = ReadTsc();
  // CLOCK_BOOTTIME, like the TSC, counts on while the machine is suspended.
  const std::int64_t now = ReadClock(CLOCK_BOOTTIME);
  if (ReadTsc() - before > kLongestReadingCycles) return;
  std::uint32_t none = 0;
  if (anchor_state_.compare_exchange_strong(none, 1, std::memory_order_relaxed,
                                            std::memory_order_relaxed)) {
    anchor_tsc_.store(before, std::memory_order_relaxed);
    anchor_ns_.store(now, std::memory_order_relaxed);
    anchor_state_.store(2, std::memory_order_release);  // partner: the acquire below
    return;
  }
  // Acquire: without it the anchor's two halves might not be there yet.
  if (anchor_state_.load(std::memory_order_acquire) != 2) return;
  const std::int64_t elapsed_ns = now - anchor_ns_.load(std::memory_order_relaxed);
  const std::uint64_t elapsed = before - anchor_tsc_.load(std::memory_order_relaxed);
  if (elapsed_ns < kShortestBaseNs || elapsed >> 53 != 0) return;
  const std::uint64_t rate = (elapsed << 10) / static_cast<std::uint64_t>(elapsed_ns);
  if (rate > kHighestRate) return;
  cycles_per_1024_ns_.store(rate, std::memory_order_relaxed);
}

}  // namespace shmflake
