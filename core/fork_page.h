// SPDX-License-Identifier: Apache-2.0
// A page of process-local memory that a child finds zeroed after fork() or a raw clone():
// MADV_WIPEONFORK (Linux 4.14), with pthread_atfork as the fallback. getpid() is no test: PIDs
// recur, and a raw clone() skips every handler.
#ifndef SHMFLAKE_CORE_FORK_PAGE_H_
#define SHMFLAKE_CORE_FORK_PAGE_H_

#include <cstddef>

#include "core/status.h"

namespace shmflake {

// Thread safety: Make and the destructor may run on any thread; the page is the owner's.
class ForkPage {
 public:
  static constexpr std::size_t kSize = 4096;

  ForkPage() = default;
  ForkPage(const ForkPage&) = delete;
  ForkPage& operator=(const ForkPage&) = delete;
  ~ForkPage();

  // Zero-filled. `use_wipe_on_fork` false takes the fallback (for its test). `with_owner`: with room
  // for a pointer behind the page that a child keeps.
  Status Make(bool use_wipe_on_fork = true, bool with_owner = false);

  // That pointer, from the page's address alone: for a caller that has no other.
  [[nodiscard]] static void*& OwnerOf(void* data) noexcept;

  [[nodiscard]] void* data() const noexcept { return data_; }
  [[nodiscard]] bool wiped_by_kernel() const noexcept { return wiped_by_kernel_; }

 private:
  void* data_ = nullptr;
  std::size_t mapped_ = 0;
  bool wiped_by_kernel_ = false;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_FORK_PAGE_H_
