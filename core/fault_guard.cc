// SPDX-License-Identifier: Apache-2.0
#include "core/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

namespace shmflake {
namespace {

// `base` is published last (release) and read first (acquire, in the handler): without the pair the
// handler could see a base with the size of an older entry.
struct Entry {
  std::atomic<std::uintptr_t> base;
  std::atomic<std::size_t> size;
  std::atomic<TombstoneFiller> fill;
};
constexpr std::uintptr_t kReserved = 1;  // an entry being filled
std::array<Entry, 4096> g_entries;
struct sigaction g_previous;

bool ReplaceWithTombstone(std::uintptr_t address) noexcept {
  for (Entry& entry : g_entries) {
    const std::uintptr_t base =
        entry.base.load(std::memory_order_acquire);  // partner: GuardMapping
    if (base <= kReserved) continue;
    const std::size_t size = entry.size.load(std::memory_order_relaxed);
    if (address < base || address - base >= size) continue;
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    entry.fill.load(std::memory_order_relaxed)(memory);
    // One step: no thread ever sees the mapping gone, or not yet filled.
    return ::mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
                    reinterpret_cast<void*>(base)) !=
           MAP_FAILED;  // NOLINT(performance-no-int-to-ptr)
  }
  return false;
}

void PassOn(int signal, siginfo_t* info, void* context) {
  if ((g_previous.sa_flags & SA_SIGINFO) != 0 && g_previous.sa_sigaction != nullptr) {
    g_previous.sa_sigaction(signal, info, context);
  } else if (g_previous.sa_handler == SIG_DFL || g_previous.sa_handler == SIG_IGN) {
    const bool sent = info == nullptr || info->si_code <= 0;  // by kill(), not by an access
    if (sent && g_previous.sa_handler == SIG_IGN) return;
    // The access is repeated on return and ends the process as it would have without us.
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    if (sent) ::raise(signal);
  } else {
    g_previous.sa_handler(signal);
  }
}

void HandleBusError(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  if (info == nullptr || info->si_code <= 0 ||
      !ReplaceWithTombstone(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    PassOn(signal, info, context);
  }
  errno = saved_errno;
}

bool InstallHandler() {
  struct sigaction action {};
  action.sa_sigaction = HandleBusError;
  // SA_ONSTACK: as runtimes with small stacks (Go) require of handlers in C libraries.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, nullptr, &g_previous);  // known before the handler can run
  return ::sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

Status GuardMapping(void* base, std::size_t size, TombstoneFiller fill) {
  static const bool installed = InstallHandler();
  if (!installed) return FailErrno(errno, "install", "a SIGBUS handler");
  for (Entry& entry : g_entries) {
    std::uintptr_t expected = 0;
    if (!entry.base.compare_exchange_strong(expected, kReserved, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
      continue;
    }
    entry.size.store(size, std::memory_order_relaxed);
    entry.fill.store(fill, std::memory_order_relaxed);
    entry.base.store(reinterpret_cast<std::uintptr_t>(base), std::memory_order_release);
    return Status::Ok();
  }
  return Fail(Code::NO_MEMORY,
              "no more than %zu guarded handles in a process; set sigbus_guard off",
              g_entries.size());
}

bool ReplaceGuardedMapping(void* base) noexcept {
  return ReplaceWithTombstone(reinterpret_cast<std::uintptr_t>(base));
}

void UnguardMapping(void* base) {
  for (Entry& entry : g_entries) {
    std::uintptr_t expected = reinterpret_cast<std::uintptr_t>(base);
    // Release, so that a later owner of the entry does not write its size before this.
    if (entry.base.compare_exchange_strong(expected, 0, std::memory_order_release,
                                           std::memory_order_relaxed)) {
      return;
    }
  }
}

}  // namespace shmflake
