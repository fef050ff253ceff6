// SPDX-License-Identifier: Apache-2.0
// Random bits for UUIDs: cryptographically secure, some nanoseconds each, never the same in parent
// and child. Each thread has a page of them that the kernel wipes in a child (fork_page.h), filled
// from ChaCha20 (libsodium, linked statically, if it was there when this was built) under a key
// that getrandom(2) gives for that filling alone; else from getrandom(2) itself.
#ifndef SHMFLAKE_CORE_RANDOM_POOL_H_
#define SHMFLAKE_CORE_RANDOM_POOL_H_

#include <cstddef>
#include <cstdint>

#include "core/fork_page.h"

namespace shmflake {

struct RandomPage {
  static constexpr std::uint64_t kWords = ForkPage::kSize / 8 - 1;
  std::uint64_t left;  // 0 in a child, and at first
  std::uint64_t words[kWords];
};
static_assert(sizeof(RandomPage) == ForkPage::kSize);

namespace internal {
extern thread_local constinit RandomPage* t_random_page __attribute__((tls_model("initial-exec")));
// Fills this thread's page, and takes one word of it.
std::uint64_t RefillRandomPage() noexcept;
}  // namespace internal

// Thread-safe, fork-safe (a raw clone() too); not async-signal-safe; never blocks, but that
// getrandom(2) waits for the kernel's entropy in the first seconds of a machine.
[[nodiscard]] inline std::uint64_t PooledRandom() noexcept {
  RandomPage* page = internal::t_random_page;
  if (page == nullptr || page->left == 0) [[unlikely]]
    return internal::RefillRandomPage();
  std::uint64_t& word = page->words[--page->left];
  const std::uint64_t taken = word;
  word = 0;  // who reads this memory later does not learn what was handed out
  // Also what a child sees that a signal handler forked just here: its page is wiped.
  if (taken == 0) [[unlikely]]
    return internal::RefillRandomPage();
  return taken;
}

// "libsodium ChaCha20" or "getrandom".
[[nodiscard]] const char* RandomSourceName() noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_RANDOM_POOL_H_
