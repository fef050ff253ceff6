// SPDX-License-Identifier: Apache-2.0
// The floor under every draw: one 64-bit word in MAP_SHARED memory, alone on its lines.
#ifndef SHMFLAKE_BENCH_SUPPORT_SHARED_WORD_H_
#define SHMFLAKE_BENCH_SUPPORT_SHARED_WORD_H_

#include <sys/mman.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace bench {

class SharedWord {
 public:
  SharedWord() {
    void* memory =
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    word_ = new (memory) std::atomic<std::uint64_t>(0);
  }
  ~SharedWord() { ::munmap(word_, kSize); }
  SharedWord(const SharedWord&) = delete;
  SharedWord& operator=(const SharedWord&) = delete;

  std::uint64_t Add(std::uint64_t n) { return word_->fetch_add(n, std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kSize = 4096;
  std::atomic<std::uint64_t>* word_;
};

// The constant-rate counter that a draw compares with the estimated end of its tick.
inline std::uint64_t ReadCycles() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  std::uint64_t value = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

}  // namespace bench

#endif  // SHMFLAKE_BENCH_SUPPORT_SHARED_WORD_H_
