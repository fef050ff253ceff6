// SPDX-License-Identifier: Apache-2.0
#include "core/fork_page.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace shmflake {
namespace {

// Pages that the kernel does not wipe, for the handler in the child. A fixed table: the handler
// must not allocate, and may run while another thread of the parent was changing it.
std::array<std::atomic<void*>, 1024> g_pages;

// A whole page is wiped, of whatever size.
std::size_t SystemPageSize() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

void WipeInChild() {
  for (auto& entry : g_pages) {
    // Relaxed: the child has one thread, and memory as it was at the fork.
    void* page = entry.load(std::memory_order_relaxed);
    if (page != nullptr) std::memset(page, 0, ForkPage::kSize);
  }
}

bool Register(void* page) {
  static const int registered = ::pthread_atfork(nullptr, nullptr, WipeInChild);
  if (registered != 0) return false;
  for (auto& entry : g_pages) {
    void* expected = nullptr;
    // Relaxed: only the child of a later fork() reads it, and fork() orders that.
    if (entry.compare_exchange_strong(expected, page, std::memory_order_relaxed,
                                      std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Unregister(void* page) {
  for (auto& entry : g_pages) {
    void* expected = page;
    if (entry.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed,
                                      std::memory_order_relaxed)) {
      return;
    }
  }
}

}  // namespace

void*& ForkPage::OwnerOf(void* data) noexcept {
  return *reinterpret_cast<void**>(static_cast<char*>(data) + SystemPageSize());
}

Status ForkPage::Make(bool use_wipe_on_fork, bool with_owner) {
  mapped_ = with_owner ? SystemPageSize() + sizeof(void*) : kSize;
  void* page = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return FailErrno(errno, "map", "a page of memory", Code::NO_MEMORY);
  data_ = page;
  wiped_by_kernel_ = use_wipe_on_fork && ::madvise(page, kSize, MADV_WIPEONFORK) == 0;
  if (!wiped_by_kernel_ && !Register(page)) {
    return Fail(Code::NO_MEMORY, "no more than %zu handles without MADV_WIPEONFORK",
                g_pages.size());
  }
  return Status::Ok();
}

ForkPage::~ForkPage() {
  if (data_ == nullptr) return;
  if (!wiped_by_kernel_) Unregister(data_);
  ::munmap(data_, mapped_);
}

}  // namespace shmflake
