// SPDX-License-Identifier: Apache-2.0
#include "core/maintenance_thread.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/bits.h"

namespace shmflake {

Status MaintenanceThread::Start(std::int64_t interval_ns, std::function<void()> work) {
  SHMFLAKE_RETURN_IF_ERROR(mine_.Make());
  wake_.Reset(::eventfd(0, EFD_CLOEXEC));
  if (!wake_) return FailErrno(errno, "make", "an eventfd");
  wait_ms_.store(static_cast<int>(std::clamp<std::int64_t>(interval_ns / kNsPerMs, 5, 60'000)),
                 std::memory_order_relaxed);
  work_ = std::move(work);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // A fault that is blocked ends the process: the guard against a region that shrinks must see it.
  for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all,
                    &before);  // the application's handlers run on its own threads
  Status status;
  try {
    thread_ = new std::thread([this] { Run(); });
    *static_cast<char*>(mine_.data()) = 1;
  } catch (const std::system_error& failure) {
    status = FailErrno(failure.code().value(), "start", "the background thread");
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

void MaintenanceThread::Run() {
  pollfd wake{wake_.get(), POLLIN, 0};
  for (;;) {
    if (::poll(&wake, 1, wait_ms_.load(std::memory_order_relaxed)) > 0) {
      std::uint64_t times = 0;
      if (::read(wake_.get(), &times, sizeof(times)) < 0) times = 0;  // only to have it read
    }
    // Acquire, partner: the destructor.
    if (stopping_.load(std::memory_order_acquire)) return;
    work_();
    for (std::size_t i = 0;; ++i) {
      std::unique_lock lock(mutex_);
      if (i >= added_.size()) break;
      const auto [owner, work] = added_[i];
      running_ = owner;
      lock.unlock();
      work();
      lock.lock();
      running_ = nullptr;
      ended_.notify_all();
    }
  }
}

void MaintenanceThread::Add(const void* owner, std::function<void()> work) {
  constexpr int kLongestWaitMs = 100;
  const std::lock_guard lock(mutex_);
  added_.emplace_back(owner, std::move(work));
  wait_ms_.store(std::min(wait_ms_.load(std::memory_order_relaxed), kLongestWaitMs),
                 std::memory_order_relaxed);
  Wake();  // else the wait that is under way would come first
}

void MaintenanceThread::Remove(const void* owner) {
  std::unique_lock lock(mutex_);
  std::erase_if(added_, [owner](const auto& entry) { return entry.first == owner; });
  ended_.wait(lock, [this, owner] { return running_ != owner; });
}

void MaintenanceThread::Wake() noexcept {
  const std::uint64_t one = 1;
  while (::write(wake_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

MaintenanceThread::~MaintenanceThread() {
  if (thread_ == nullptr || !alive()) return;
  stopping_.store(true, std::memory_order_release);  // partner: Run
  Wake();
  thread_->join();
  delete thread_;
}

}  // namespace shmflake
