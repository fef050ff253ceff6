// SPDX-License-Identifier: Apache-2.0
// Who of a host's processes does a thing that one should do: whoever holds a byte lock on the
// region file. It spares the store work and never decides anything: who was elected may be stopped,
// and its lock may outlive it in a forked child. So there are more bytes than one, and those who
// wait elect one more beside it after a while.
#ifndef SHMFLAKE_CORE_ELECTION_H_
#define SHMFLAKE_CORE_ELECTION_H_

#include <algorithm>
#include <cstdint>

#include "core/bits.h"
#include "core/clock.h"
#include "core/region.h"

namespace shmflake {

// Thread safety: one thread; threads of one process do not exclude each other.
class Election {
 public:
  Election(const Region& region, std::int64_t first_byte) noexcept
      : region_(region), first_byte_(first_byte) {}
  ~Election();
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;

  // Takes one of the first `levels` bytes. False when others hold them all.
  [[nodiscard]] bool Try(std::int64_t levels) noexcept;

  // Until elected, or nothing is needed any more: whether to go on. `levels()` says how many bytes
  // are tried; who need not (`must`) tries once. At the deadline, who must goes on all the same:
  // asked once without being elected, the store says itself what is wrong.
  template <typename Needed, typename Levels>
  [[nodiscard]] bool Wait(Clock& clock, bool must, std::int64_t deadline_ns, Needed needed,
                          Levels levels) {
    constexpr std::int64_t kLongestPauseNs = 8 * kNsPerMs;
    for (std::int64_t pause_ns = kNsPerMs;;) {
      if (!needed()) return false;
      if (Try(levels())) return true;
      if (!must || clock.MonotonicNs() >= deadline_ns) return must;
      clock.Sleep(pause_ns);
      pause_ns = std::min(2 * pause_ns, kLongestPauseNs);
    }
  }

 private:
  const Region& region_;
  std::int64_t first_byte_;
  std::int64_t held_ = -1;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_ELECTION_H_
