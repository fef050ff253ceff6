// SPDX-License-Identifier: Apache-2.0
// A small number for each thread of the process, so that threads count on lines of their own.
#ifndef SHMFLAKE_CORE_THREAD_INDEX_H_
#define SHMFLAKE_CORE_THREAD_INDEX_H_

#include <atomic>
#include <cstdint>

namespace shmflake {

namespace internal {
// initial-exec: reading it never allocates, so a signal handler may. 0: none yet.
extern thread_local constinit std::uint32_t t_thread_index
    __attribute__((tls_model("initial-exec")));
std::uint32_t AssignThreadIndex() noexcept;
}  // namespace internal

// This thread's number; 0 if it has none yet.
[[nodiscard]] inline std::uint32_t CurrentThreadIndex() noexcept {
  return internal::t_thread_index;
}

// 1, 2, 3 ...; never reused, so that two living threads never share one. A forked child goes on
// with its thread's number, and later threads of it with higher ones.
[[nodiscard]] inline std::uint32_t ThreadIndex() noexcept {
  const std::uint32_t index = internal::t_thread_index;
  return index != 0 ? index : internal::AssignThreadIndex();
}

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_THREAD_INDEX_H_
