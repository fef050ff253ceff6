// SPDX-License-Identifier: Apache-2.0
// This thread's last error. Async-signal-safe to set from a draw: three words, formatted when asked
// for.
#ifndef SHMFLAKE_CAPI_SRC_ERRORS_H_
#define SHMFLAKE_CAPI_SRC_ERRORS_H_

#include <exception>
#include <new>

#include "core/draw_error.h"
#include "core/status.h"

namespace shmflake::capi {

// Each returns the code as the C ABI's int.
int SetLastError(const Status& status) noexcept;
int SetLastError(const DrawError& error) noexcept;
int SetNullArgument(const char* name) noexcept;

// Runs a body that returns Status; nothing that it throws crosses the boundary.
template <typename Body>
int Guarded(Body&& body) noexcept {
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
