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
  const int wait_ms = static_cast<int>(std::clamp<std::int64_t>(interval_ns / kNsPerMs, 5, 60'000));
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // A fault that is blocked ends the process: the guard against a region that shrinks must see it.
  for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all,
                    &before);  // the application's handlers run on its own threads
  Status status;
  try {
    thread_ = new std::thread([wait_ms, fd = wake_.get(), work = std::move(work)] {
      pollfd wake{fd, POLLIN, 0};
      while (::poll(&wake, 1, wait_ms) <= 0) work();
    });
    *static_cast<char*>(mine_.data()) = 1;
  } catch (const std::system_error& failure) {
    status = FailErrno(failure.code().value(), "start", "the background thread");
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

MaintenanceThread::~MaintenanceThread() {
  if (thread_ == nullptr || *static_cast<char*>(mine_.data()) == 0) return;
  const std::uint64_t one = 1;
  while (::write(wake_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  thread_->join();
  delete thread_;
}

}  // namespace shmflake
