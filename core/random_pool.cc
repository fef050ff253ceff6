// SPDX-License-Identifier: Apache-2.0
#include "core/random_pool.h"

#include <cstring>
#include <mutex>
#include <new>

#include "core/platform.h"

#ifdef SHMFLAKE_WITH_SODIUM
#include <sodium/crypto_stream_chacha20.h>

// sodium_init() would choose the fastest code for this processor, and bring the rest of libsodium
// with it. These two are what it calls for ChaCha20; sodium_misuse() is where a wrong length ends.
extern "C" {
int _sodium_runtime_get_cpu_features(void);
int _crypto_stream_chacha20_pick_best_implementation(void);
[[gnu::visibility("hidden")]] void sodium_misuse() { __builtin_trap(); }
}
#endif

namespace shmflake {
namespace internal {

thread_local constinit RandomPage* t_random_page = nullptr;

namespace {

// What a thread's destructors, and those of the program, still draw comes from the kernel.
thread_local constinit bool t_page_is_gone = false;

// Frees the page with its thread.
struct ThreadPage {
  ForkPage page;
  ~ThreadPage() {
    t_page_is_gone = true;
    t_random_page = nullptr;
  }
};

void Fill(void* out, std::size_t size) noexcept {
#ifdef SHMFLAKE_WITH_SODIUM
  static std::once_flag chosen;
  std::call_once(chosen, [] {
    _sodium_runtime_get_cpu_features();
    _crypto_stream_chacha20_pick_best_implementation();
  });
  unsigned char key[crypto_stream_chacha20_KEYBYTES];
  constexpr unsigned char kNonce[crypto_stream_chacha20_NONCEBYTES] = {};  // a key is used once
  RandomBytes(key, sizeof(key));
  crypto_stream_chacha20(static_cast<unsigned char*>(out), size, kNonce, key);
  ::explicit_bzero(key, sizeof(key));
#else
  RandomBytes(out, size);
#endif
}

}  // namespace

std::uint64_t RefillRandomPage() noexcept {
  RandomPage* page = t_random_page;
  if (page == nullptr) {
    if (t_page_is_gone) return RandomU64();
    thread_local ThreadPage own;
    // Where a child of a raw clone() would keep its copy, or no page is to be had, nothing is kept.
    if (own.page.data() == nullptr && !own.page.Make().ok()) return RandomU64();
    if (!own.page.wiped_by_kernel()) return RandomU64();
    page = new (own.page.data()) RandomPage;
    page->left = 0;
    t_random_page = page;
  }
  // While it is filled it counts as empty: a signal handler's fork finds nothing to repeat.
  Fill(page->words, sizeof(page->words));
  page->left = RandomPage::kWords;
  return PooledRandom();
}

}  // namespace internal

const char* RandomSourceName() noexcept {
#ifdef SHMFLAKE_WITH_SODIUM
  return "libsodium ChaCha20";
#else
  return "getrandom";
#endif
}

}  // namespace shmflake
