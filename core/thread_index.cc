// SPDX-License-Identifier: Apache-2.0
#include "core/thread_index.h"

namespace shmflake::internal {

thread_local constinit std::uint32_t t_thread_index __attribute__((tls_model("initial-exec"))) = 0;

std::uint32_t AssignThreadIndex() noexcept {
  static std::atomic<std::uint32_t> next{1};
  // Relaxed: only the numbers' distinctness matters.
  t_thread_index = next.fetch_add(1, std::memory_order_relaxed);
  return t_thread_index;
}

}  // namespace shmflake::internal
