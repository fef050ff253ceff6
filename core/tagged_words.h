// SPDX-License-Identifier: Apache-2.0
// A value wider than a word, written by many without a lock: every word of it bears the version of
// its writer. A version belongs to one writer for ever, so that a word with a given version can hold
// one thing only; and a word only ever goes to a higher version. Hence words that bear one version
// are one writer's value, however late others wake up.
#ifndef SHMFLAKE_CORE_TAGGED_WORDS_H_
#define SHMFLAKE_CORE_TAGGED_WORDS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/bits.h"

namespace shmflake {

template <std::size_t N, unsigned kPayloadBits>
class TaggedWords {
 public:
  static constexpr std::uint64_t kMaxVersion = LowMask(64 - kPayloadBits);
  using Payload = std::uint64_t[N];  // kPayloadBits each

  // By the one owner of the version, 1..kMaxVersion. False when a word is of a newer one already.
  bool Publish(std::uint64_t version, const Payload& payload) noexcept {
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t wanted = version << kPayloadBits | payload[i];
      std::uint64_t old = words_[i].load(std::memory_order_relaxed);
      do {
        if (old >> kPayloadBits > version) return false;
        // Release, partner: Read: who sees the version sees what it was made of.
      } while (!words_[i].compare_exchange_weak(old, wanted, std::memory_order_release,
                                                std::memory_order_relaxed));
    }
    return true;
  }

  // The version that all words bear; 0 when they do not bear one, now or ever.
  [[nodiscard]] std::uint64_t Read(Payload& payload) const noexcept {
    std::uint64_t version = 0;
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t word = words_[i].load(std::memory_order_acquire);  // partner: Publish
      if (i == 0) version = word >> kPayloadBits;
      if (word >> kPayloadBits != version) return 0;
      payload[i] = word & LowMask(kPayloadBits);
    }
    return version;
  }

 private:
  std::atomic<std::uint64_t> words_[N];
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_TAGGED_WORDS_H_
