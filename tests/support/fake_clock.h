// SPDX-License-Identifier: Apache-2.0
// A clock that a test sets. Time passes when somebody sleeps, or when the test says so.
#ifndef SHMFLAKE_TESTS_SUPPORT_FAKE_CLOCK_H_
#define SHMFLAKE_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/clock.h"

namespace shmflake::test {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000 * kMs;
inline constexpr std::int64_t kDay = 86'400 * kSecond;

// Thread safety: any threads.
class FakeClock : public Clock {
 public:
  static constexpr std::int64_t kStartNs = 1'700'000'000 * kSecond;  // 2023-11-14

  explicit FakeClock(std::int64_t realtime_ns = kStartNs) : realtime_ns_(realtime_ns) {}

  [[nodiscard]] std::int64_t RealtimeNs() noexcept override {
    NoteReading();
    return realtime_ns_.load();
  }
  [[nodiscard]] std::int64_t BoottimeNs() noexcept override { return boottime_ns_.load(); }
  [[nodiscard]] std::int64_t MonotonicNs() noexcept override {
    NoteReading();
    return monotonic_ns_.load();
  }
  void Sleep(std::int64_t ns) noexcept override {
    sleeps_.fetch_add(1);
    if (ns > longest_sleep_ns_.load()) longest_sleep_ns_.store(ns);
    Advance(ns > 0 ? ns : 0);
  }
  [[nodiscard]] bool HasTsc() noexcept override { return false; }

  // Time passes.
  void Advance(std::int64_t ns) noexcept {
    readings_.store(0);
    realtime_ns_.fetch_add(ns);
    boottime_ns_.fetch_add(ns);
    monotonic_ns_.fetch_add(ns);
  }
  // Somebody sets the wall clock.
  void Step(std::int64_t ns) noexcept { realtime_ns_.fetch_add(ns); }
  // The host sleeps: CLOCK_MONOTONIC does not see it.
  void Suspend(std::int64_t ns) noexcept {
    realtime_ns_.fetch_add(ns);
    boottime_ns_.fetch_add(ns);
  }
  void SetRealtime(std::int64_t ns) noexcept { realtime_ns_.store(ns); }

  [[nodiscard]] std::uint64_t sleeps() const noexcept { return sleeps_.load(); }
  [[nodiscard]] std::int64_t longest_sleep_ns() const noexcept { return longest_sleep_ns_.load(); }

 private:
  // Whoever asks for the time so often while none passes is spinning, and would for ever.
  void NoteReading() noexcept {
    constexpr std::uint64_t kSpinning = 50'000'000;
    if (readings_.fetch_add(1) < kSpinning) return;
    std::fputs("the clock was read again and again while no time passed: something spins\n",
               stderr);
    std::abort();
  }

  std::atomic<std::int64_t> realtime_ns_;
  std::atomic<std::int64_t> boottime_ns_{1'000 * kSecond};
  std::atomic<std::int64_t> monotonic_ns_{500 * kSecond};
  std::atomic<std::uint64_t> sleeps_{0};
  std::atomic<std::int64_t> longest_sleep_ns_{0};
  std::atomic<std::uint64_t> readings_{0};
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_FAKE_CLOCK_H_
