// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_step.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "core/bits.h"
#include "core/platform.h"

namespace shmflake {
namespace {

constexpr std::int64_t kFirstSleepNs = 50'000;
constexpr std::int64_t kLongestSleepNs = 5'000'000;
constexpr std::uint32_t kForkPatienceMs = 5000;

// The thread in a step; kNobody; or kBroken: a copy that was made in the middle of one (invariant
// 4).
constexpr pid_t kNobody = 0;
constexpr pid_t kBroken = -1;
std::atomic<pid_t> g_owner{kNobody};
// Threads that want to fork go first: a thread that does step after step leaves them no gap.
std::atomic<std::uint32_t> g_forks_waiting{0};

// What this thread's fork() holds, from prepare to its end in parent and child.
struct ForkHold {
  bool step = false;
  bool mutexes = false;
  int cancel_state = PTHREAD_CANCEL_ENABLE;
};
thread_local ForkHold t_fork;

pid_t ThisThread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

bool Take(pid_t self) noexcept {
  pid_t expected = kNobody;
  // Acquire: SYNC POINT with Leave(); without it, SQLite's tables could be seen as they were before
  // the last step. Relaxed on failure: nothing is read then.
  return g_owner.compare_exchange_strong(expected, self, std::memory_order_acquire,
                                         std::memory_order_relaxed);
}

// Release: SYNC POINT with Take().
void Leave() noexcept { g_owner.store(kNobody, std::memory_order_release); }

// Whether the owner is no thread of this process: then this is a copy (invariant 4). Relaxed loads:
// a decision is made on the value alone, and it cannot change back once it is true.
bool IsCopy() noexcept {
  const pid_t owner = g_owner.load(std::memory_order_relaxed);
  if (owner == kBroken) return true;
  if (owner == kNobody) return false;
  const int saved_errno = errno;
  const bool gone = ::syscall(SYS_tgkill, ::getpid(), owner, 0) != 0 && errno == ESRCH;
  errno = saved_errno;
  // Looked at again, as a thread may have left its step and ended meanwhile.
  return gone && g_owner.load(std::memory_order_relaxed) == owner;
}

// SQLite's global mutexes, but those for applications. In the order of SQLite's own nesting; they
// are only ever tried, so another order costs a retry, not a deadlock.
constexpr int kSqliteMutexes[] = {
    SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_OPEN, SQLITE_MUTEX_STATIC_VFS1,
    SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS3, SQLITE_MUTEX_STATIC_LRU,
    SQLITE_MUTEX_STATIC_PMEM, SQLITE_MUTEX_STATIC_PRNG, SQLITE_MUTEX_STATIC_MEM};

void LeaveSqliteMutexes(std::size_t count) noexcept {
  while (count > 0) sqlite3_mutex_leave(sqlite3_mutex_alloc(kSqliteMutexes[--count]));
}

bool TrySqliteMutexes() noexcept {
  for (std::size_t i = 0; i < std::size(kSqliteMutexes); ++i) {
    if (sqlite3_mutex_try(sqlite3_mutex_alloc(kSqliteMutexes[i])) != SQLITE_OK) {
      LeaveSqliteMutexes(i);
      return false;
    }
  }
  return true;
}

void BeforeFork() {
  t_fork = {};
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &t_fork.cancel_state);
  const pid_t self = ThisThread();
  // Relaxed: only this thread stores its own number. A callback, or a signal handler, forks inside
  // a step: the child gets a copy of it.
  if (g_owner.load(std::memory_order_relaxed) == self) return;
  Patience patience(kForkPatienceMs);
  // Relaxed, as everywhere: it only asks others to be polite.
  g_forks_waiting.fetch_add(1, std::memory_order_relaxed);
  while (!(t_fork.step = Take(self)) && !IsCopy() && patience.Sleep()) {
  }
  g_forks_waiting.fetch_sub(1, std::memory_order_relaxed);
  while (t_fork.step && !(t_fork.mutexes = TrySqliteMutexes()) && patience.Sleep()) {
  }
}

void AfterForkInParent() {
  if (t_fork.mutexes) LeaveSqliteMutexes(std::size(kSqliteMutexes));
  if (t_fork.step) Leave();
  ::pthread_setcancelstate(t_fork.cancel_state, nullptr);
}

// The child may leave what its parent took: the mutexes are not recursive, hence know no owner.
void AfterForkInChild() {
  g_forks_waiting.store(0, std::memory_order_relaxed);  // nobody else is here
  if (t_fork.mutexes) {
    LeaveSqliteMutexes(std::size(kSqliteMutexes));
    Leave();
  } else {
    g_owner.store(kBroken, std::memory_order_relaxed);  // invariant (4)
  }
  ::pthread_setcancelstate(t_fork.cancel_state, nullptr);
}

// 0, or why the fork handlers could not be registered. Called inside a step, so that a fork()
// before they are registered leaves a copy that knows it is one.
int RegisterForkHandlers() {
  static bool registered = false;  // guarded by g_owner
  if (registered) return 0;
  if (sqlite3_initialize() != SQLITE_OK) return ENOMEM;  // else the mutexes may not exist yet
  const int error = ::pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
  registered = error == 0;
  return error;
}

}  // namespace

Patience::Patience(std::uint32_t total_ms)
    : total_ms_(total_ms),
      start_ns_(MonotonicNs()),
      next_ns_(kFirstSleepNs),
      random_(static_cast<std::uint64_t>(start_ns_) ^
              Mix64(static_cast<std::uint64_t>(ThisThread()))) {}

std::uint32_t Patience::used_ms() const noexcept {
  const std::int64_t passed_ms = std::max(MonotonicNs() - start_ns_, slept_ns_) / 1'000'000;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(passed_ms, total_ms_));
}

bool Patience::Sleep() noexcept {
  const std::int64_t passed = std::max(MonotonicNs() - start_ns_, slept_ns_);
  const std::int64_t left = total_ms_ * std::int64_t{1'000'000} - passed;
  if (left <= 0) return false;
  random_ = Mix64(random_ + 0x9e3779b97f4a7c15ULL);
  // Between a half and the whole, so that processes do not meet again in step.
  const std::int64_t half = next_ns_ / 2;
  const std::int64_t part = static_cast<std::int64_t>(random_ % static_cast<std::uint64_t>(half));
  const std::int64_t sleep = std::min(left, half + part);
  SleepNs(sleep);
  slept_ns_ += sleep;
  next_ns_ = std::min(next_ns_ * 2, kLongestSleepNs);
  return true;
}

StoreStep::StoreStep() { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state_); }

Status StoreStep::Begin(const std::string& path, Patience* patience) {
  const pid_t self = ThisThread();
  // Relaxed: it only asks to be polite.
  while (g_forks_waiting.load(std::memory_order_relaxed) > 0 || !Take(self)) {
    if (IsCopy()) {
      return Fail(Code::STORE_LOCKED,
                  "%s cannot be used by this process: it is a copy, made by clone() or fork() in "
                  "the middle of a step of another thread; exec, or start it otherwise",
                  path.c_str());
    }
    if (!patience->Sleep()) {
      return Fail(Code::STORE_LOCKED,
                  "%s is in use by another thread of this process for longer than %s ms",
                  path.c_str(), std::to_string(patience->total_ms()).c_str());
    }
  }
  pid_ = ::getpid();
  if (const int error = RegisterForkHandlers(); error != 0) {
    return FailErrno(error, "prepare for fork() before using", path, Code::STORE_UNAVAILABLE);
  }
  // In a copy by a raw clone(), a mutex that the program's own use of SQLite held stays locked for
  // ever.
  while (!TrySqliteMutexes()) {
    if (!patience->Sleep()) {
      return Fail(Code::STORE_LOCKED,
                  "%s cannot be used: SQLite was locked for longer than %s ms, by another thread "
                  "of this process, or of the one that it is a copy of",
                  path.c_str(), std::to_string(patience->total_ms()).c_str());
    }
  }
  LeaveSqliteMutexes(std::size(kSqliteMutexes));
  return Status::Ok();
}

StoreStep::~StoreStep() {
  if (pid_ != 0 && pid_ == ::getpid()) Leave();  // else invariant (4)
  ::pthread_setcancelstate(cancel_state_, nullptr);
}

}  // namespace shmflake
