/* SPDX-License-Identifier: Apache-2.0 */
/* The calls on a handle, but for the hot one (next.h). */
#define _GNU_SOURCE
#include "capi.h"

#include <string.h>

#include "next.h"

/* CODE = CALL of handle->flake, unless the handle is closed. */
#define CALL_INSIDE(CODE, CALL)                 \
  do {                                          \
    (CODE) = capi_enter(handle);                \
    if ((CODE) == 0) {                          \
      shmflake* flake = capi_at(handle)->flake; \
      (CODE) = (CALL);                          \
      capi_leave();                             \
    }                                           \
  } while (0)

uint64_t capi_keep_message(void) { return (uintptr_t)strdup(shmflake_last_error()); }

capi_number capi_try_next(capi_handle_ref handle) {
  capi_number out = {0, 0};
  CALL_INSIDE(out.code, shmflake_try_next(flake, &out.value));
  return out;
}

capi_number capi_next_nowait(capi_handle_ref handle) {
  capi_number out = {0, 0};
  CALL_INSIDE(out.code, shmflake_next_nowait(flake, &out.value));
  return out;
}

capi_number capi_next_n(capi_handle_ref handle, uint64_t* ids, size_t n) {
  capi_number out;
  size_t filled = 0;
  CALL_INSIDE(out.code, shmflake_next_n(flake, ids, n, &filled));
  out.value = filled;
  return out;
}

capi_pair capi_next_block(capi_handle_ref handle, uint64_t want) {
  capi_pair out = {0, 0, 0};
  CALL_INSIDE(out.code, shmflake_next_block(flake, want, &out.first, &out.second));
  return out;
}

int capi_observe(capi_handle_ref handle, uint64_t id) {
  int code;
  CALL_INSIDE(code, shmflake_observe(flake, id));
  return code;
}

capi_number capi_watermark(capi_handle_ref handle) {
  capi_number out = {0, 0};
  CALL_INSIDE(out.code, shmflake_watermark(flake, &out.value));
  return out;
}

capi_bytes capi_uuid7(capi_handle_ref handle) {
  capi_bytes out;
  CALL_INSIDE(out.code, shmflake_uuid7(flake, out.bytes));
  return out;
}

capi_bytes capi_uuid7_nowait(capi_handle_ref handle) {
  capi_bytes out;
  CALL_INSIDE(out.code, shmflake_uuid7_nowait(flake, out.bytes));
  return out;
}

capi_number capi_uuid7_n(capi_handle_ref handle, unsigned char (*uuids)[16], size_t n) {
  capi_number out;
  size_t filled = 0;
  CALL_INSIDE(out.code, shmflake_uuid7_n(flake, uuids, n, &filled));
  out.value = filled;
  return out;
}

capi_bytes capi_ulid(capi_handle_ref handle) {
  capi_bytes out;
  char text[27];
  CALL_INSIDE(out.code, shmflake_ulid(flake, text));
  if (out.code == SHMFLAKE_OK) out.code = shmflake_parse_ulid(text, out.bytes);
  return out;
}

capi_bytes capi_ulid_nowait(capi_handle_ref handle) {
  capi_bytes out;
  char text[27];
  CALL_INSIDE(out.code, shmflake_ulid_nowait(flake, text));
  if (out.code == SHMFLAKE_OK) out.code = shmflake_parse_ulid(text, out.bytes);
  return out;
}

capi_parts capi_decode(capi_handle_ref handle, uint64_t id) {
  capi_parts out;
  CALL_INSIDE(out.code, shmflake_decode(flake, id, &out.parts));
  return out;
}

capi_pair capi_bounds(capi_handle_ref handle, int64_t unix_ms) {
  capi_pair out = {0, 0, 0};
  CALL_INSIDE(out.code, shmflake_bounds(flake, unix_ms, &out.first, &out.second));
  return out;
}

int capi_status(capi_handle_ref handle, shmflake_status_info* info) {
  int code;
  CALL_INSIDE(code, shmflake_status(flake, info));
  return code;
}

int capi_processes(capi_handle_ref handle, shmflake_process* out, size_t capacity, size_t* count) {
  int code;
  CALL_INSIDE(code, shmflake_processes(flake, out, capacity, count));
  return code;
}
