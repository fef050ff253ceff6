// SPDX-License-Identifier: Apache-2.0
#include "capi/src/errors.h"

#include <cstdio>

#include "capi/src/handle.h"

namespace shmflake::capi {
namespace {

// initial-exec: no lazy allocation when a signal handler draws. Small, since static TLS is scarce.
thread_local constinit DrawError t_draw_error __attribute__((tls_model("initial-exec")));
thread_local constinit bool t_has_message __attribute__((tls_model("initial-exec"))) = false;
thread_local constinit char t_message[1024] = {};

}  // namespace

int SetLastError(const Status& status) noexcept {
  std::snprintf(t_message, sizeof(t_message), "%s", status.message().c_str());
  t_has_message = true;
  return static_cast<int>(status.code());
}

int SetLastError(const DrawError& error) noexcept {
  t_draw_error = error;
  t_has_message = false;
  return static_cast<int>(error.code);
}

int SetNullArgument(const char* name) noexcept {
  std::snprintf(t_message, sizeof(t_message), "%s must not be NULL", name);
  t_has_message = true;
  return SHMFLAKE_E_NULL_ARGUMENT;
}

}  // namespace shmflake::capi

// The header, the core and every golden list say the same numbers.
#define SHMFLAKE_CHECK_CODE(name, number, rule) static_assert(SHMFLAKE_E_##name == (number));
SHMFLAKE_ERROR_CODES(SHMFLAKE_CHECK_CODE)
#undef SHMFLAKE_CHECK_CODE

extern "C" {

const char* shmflake_strerror(int code) {
  return shmflake::CodeRule(static_cast<shmflake::Code>(code));
}

const char* shmflake_error_name(int code) {
  return shmflake::CodeName(static_cast<shmflake::Code>(code));
}

const char* shmflake_last_error(void) {
  using shmflake::capi::t_message;
  if (!shmflake::capi::t_has_message && !shmflake::capi::t_draw_error.ok()) {
    try {
      const std::string text = shmflake::DescribeDrawError(shmflake::capi::t_draw_error);
      std::snprintf(t_message, sizeof(t_message), "%s", text.c_str());
    } catch (const std::bad_alloc&) {
      return shmflake::CodeRule(shmflake::capi::t_draw_error.code);
    }
    shmflake::capi::t_has_message = true;
  }
  return t_message;
}

const char* shmflake_version(void) { return "0.1.0"; }

}  // extern "C"
