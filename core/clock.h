// SPDX-License-Identifier: Apache-2.0
// Time, injected: algorithms take it as an argument, and what must ask for it asks a Clock.
#ifndef SHMFLAKE_CORE_CLOCK_H_
#define SHMFLAKE_CORE_CLOCK_H_

#include <atomic>
#include <cstdint>

namespace shmflake {

// All functions are async-signal-safe and thread-safe; Sleep returns early on a signal.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::int64_t RealtimeNs() noexcept = 0;   // since the Unix epoch; may jump
  [[nodiscard]] virtual std::int64_t BoottimeNs() noexcept = 0;   // never jumps; counts suspension
  [[nodiscard]] virtual std::int64_t MonotonicNs() noexcept = 0;  // for deadlines
  virtual void Sleep(std::int64_t ns) noexcept = 0;
  // Whether ReadTsc() may stand in for RealtimeNs() until the estimated end of a tick.
  [[nodiscard]] virtual bool HasTsc() noexcept = 0;
};

[[nodiscard]] Clock& SystemClock() noexcept;

// How fast the TSC runs, measured against CLOCK_BOOTTIME between two calls that lie far enough
// apart. Thread safety: any thread; a torn or lost measurement is measured again.
class TscRate {
 public:
  // Cycles that surely fit into `ns`: the estimate less an eighth. 0 while the rate is not known.
  [[nodiscard]] std::uint64_t CyclesWithin(std::int64_t ns) noexcept;

 private:
  void Measure() noexcept;

  // Relaxed everywhere: each value is good by itself, and the anchor is written once, before
  // ready_.
  std::atomic<std::uint64_t> cycles_per_1024_ns_{0};
  std::atomic<std::uint64_t> anchor_tsc_{0};
  std::atomic<std::int64_t> anchor_ns_{0};
  std::atomic<std::uint32_t> anchor_state_{0};  // 0 none, 1 being written, 2 written
};

[[nodiscard]] TscRate& ProcessTscRate() noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_CLOCK_H_
