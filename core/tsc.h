// SPDX-License-Identifier: Apache-2.0
// The CPU's constant-rate counter: the TSC on x86-64, the virtual counter on aarch64.
#ifndef SHMFLAKE_CORE_TSC_H_
#define SHMFLAKE_CORE_TSC_H_

#include <cstdint>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace shmflake {

// Not serialising: a draw may be off by the out-of-order window, some 100 ns, which only moves the
// moment at which the clock is read again.
[[nodiscard]] inline std::uint64_t ReadTsc() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  std::uint64_t value = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

// Whether the counter runs at one rate on all CPUs: invariant, and the kernel's own clock source.
[[nodiscard]] bool TscIsReliable() noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_TSC_H_
