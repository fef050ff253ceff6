// SPDX-License-Identifier: Apache-2.0
// A region of a benchmark's own: its directory on tmpfs, its state directory on a disk, both
// removed with it. Nothing of the caller's environment or of /etc/snowflake.toml reaches it.
#ifndef SHMFLAKE_BENCH_SUPPORT_SCRATCH_REGION_H_
#define SHMFLAKE_BENCH_SUPPORT_SCRATCH_REGION_H_

#include <shmflake/shmflake.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

struct RegionKind {
  std::uint32_t worker_id_bits = 8;
  std::uint32_t machine_bits = 6;
  std::uint32_t sequence_bits = 12;
  std::uint32_t ordering = SHMFLAKE_ORDERING_STRICT;
};

// 39 timestamp bits, 4,194,304 IDs a tick: the clock never holds a benchmark up.
inline constexpr RegionKind kWideStrict = {2, 1, 22, SHMFLAKE_ORDERING_STRICT};
inline constexpr RegionKind kWideRelaxed = {2, 1, 22, SHMFLAKE_ORDERING_RELAXED};
inline constexpr RegionKind kDefaultStrict = {};

// Under $BENCH_REGIONS (/dev/shm unless set) and $BENCH_STATE (/tmp unless set).
class ScratchRegion {
 public:
  explicit ScratchRegion(const RegionKind& kind);
  ~ScratchRegion();
  ScratchRegion(const ScratchRegion&) = delete;
  ScratchRegion& operator=(const ScratchRegion&) = delete;

  // Creates the region or attaches to it. A failure ends the program with the library's message.
  [[nodiscard]] shmflake* Open(const char* name = "bench", bool background_thread = false) const;
  // Attaches as a caller does who says nothing of a worker ID: the host's address decides.
  [[nodiscard]] shmflake* OpenWithoutWorkerId() const;
  void Retire(const char* name) const;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const std::string& state_directory() const { return state_directory_; }

 private:
  [[nodiscard]] shmflake_options Options() const;

  RegionKind kind_;
  std::string directory_;
  std::string state_directory_;
  std::string config_file_;  // empty: no key is set
  pid_t owner_;              // a forked child removes nothing
};

// Ends the program: "WHAT: the library's last error".
[[noreturn]] void Die(const char* what);

}  // namespace bench

#endif  // SHMFLAKE_BENCH_SUPPORT_SCRATCH_REGION_H_
