// SPDX-License-Identifier: Apache-2.0
// The hidden subcommand that stress starts many times: one real process that draws IDs into the
// log.
#ifndef SHMFLAKE_TOOLS_STRESS_WORKER_H_
#define SHMFLAKE_TOOLS_STRESS_WORKER_H_

#include <atomic>
#include <cstdint>

namespace tool {

inline constexpr char kStressWorkerName[] = "stress-worker";

// Sleeps while *word is `value`, across processes, at most timeout_ms. May return early.
void FutexWait(std::atomic<std::uint32_t>* word, std::uint32_t value, int timeout_ms);
void FutexWakeAll(std::atomic<std::uint32_t>* word);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_WORKER_H_
