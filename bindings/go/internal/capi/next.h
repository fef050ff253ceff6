/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot path, inline: what it gives back fits two registers. A larger struct, or a goroutine that
 * is locked to its thread until it has asked for the message, costs another 5 to 10 ns.
 */
#ifndef SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_NEXT_H_
#define SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_NEXT_H_

#include "inside.h"

/* A copy of this thread's last error, as a number; 0 when there is no memory. */
uint64_t capi_keep_message(void);
static inline char* capi_kept_message(uint64_t value) { return (char*)(uintptr_t)value; }

/* When the library fails, .value is its message, to be freed. */
static inline capi_number capi_next(capi_handle_ref handle) {
  capi_number out = {0, 0};
  out.code = capi_enter(handle);
  if (__builtin_expect(out.code != 0, 0)) return out;
  out.code = shmflake_next(capi_at(handle)->flake, &out.value);
  capi_leave();
  if (__builtin_expect(out.code != 0, 0)) out.value = capi_keep_message();
  return out;
}

#endif /* SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_NEXT_H_ */
