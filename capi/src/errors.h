// SPDX-License-Identifier: Apache-2.0
// This thread's last error. Async-signal-safe to set from a draw: three words, formatted when asked
// for.
#ifndef SHMFLAKE_CAPI_SRC_ERRORS_H_
#define SHMFLAKE_CAPI_SRC_ERRORS_H_

#include <pthread.h>

#include <cerrno>
#include <exception>
#include <new>

#include "core/draw_error.h"
#include "core/status.h"

namespace shmflake::capi {

// Each returns the code as the C ABI's int.
int SetLastError(const Status& status) noexcept;
int SetLastError(const DrawError& error) noexcept;
int SetNullArgument(const char* name) noexcept;

// pthread_cancel() unwinds through what it meets at a cancellation point, and the draw is noexcept:
// it waits until the call is over.
class NoCancellation {
 public:
  NoCancellation() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~NoCancellation() { ::pthread_setcancelstate(before_, nullptr); }
  NoCancellation(const NoCancellation&) = delete;
  NoCancellation& operator=(const NoCancellation&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

// For what may be called from a signal handler.
class KeepErrno {
 public:
  KeepErrno() noexcept : before_(errno) {}
  ~KeepErrno() { errno = before_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int before_;
};

// Runs a body that returns Status; nothing that it throws crosses the boundary.
template <typename Body>
int Guarded(Body&& body) noexcept {
  const NoCancellation no_cancellation;
  try {
    const Status status = body();
    return status.ok() ? 0 : SetLastError(status);
  } catch (const std::bad_alloc&) {
    return SetLastError(DrawError{Code::NO_MEMORY, 0, 0});
  } catch (const std::exception& failure) {
    return SetLastError(Fail(Code::SYSTEM, "unexpected: %s", failure.what()));
  }
}

}  // namespace shmflake::capi

#endif  // SHMFLAKE_CAPI_SRC_ERRORS_H_
