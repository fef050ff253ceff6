/* SPDX-License-Identifier: Apache-2.0 */
#include "segment.h"

/* CODE = CALL of the open handle HANDLE, unless it is closed. */
#define CALL_INSIDE(CODE, HANDLE, CALL) \
  do {                                  \
    (CODE) = capi_enter(HANDLE);        \
    if ((CODE) == 0) {                  \
      (CODE) = (CALL);                  \
      capi_leave();                     \
    }                                   \
  } while (0)

capi_number capi_segment_next_nowait(capi_handle_ref segment) {
  capi_number out = {0, 0};
  CALL_INSIDE(out.code, segment,
              shmflake_segment_next_nowait(capi_at(segment)->segment, &out.value));
  return out;
}

capi_number capi_segment_next_n(capi_handle_ref segment, uint64_t* ids, size_t n) {
  capi_number out;
  size_t filled = 0;
  CALL_INSIDE(out.code, segment,
              shmflake_segment_next_n(capi_at(segment)->segment, ids, n, &filled));
  out.value = filled;
  return out;
}

int capi_segment_status(capi_handle_ref segment, shmflake_segment_info* info) {
  int code;
  CALL_INSIDE(code, segment, shmflake_segment_status(capi_at(segment)->segment, info));
  return code;
}

int capi_open_segment(capi_handle_ref flake, const char* tag,
                      const shmflake_segment_options* options, capi_handle_ref segment) {
  int code;
  CALL_INSIDE(
      code, flake,
      shmflake_segment_open(capi_at(flake)->flake, tag, options, &capi_at(segment)->segment));
  return code;
}

int capi_segment_at(capi_handle_ref flake, size_t index, shmflake_segment_info* info) {
  int code;
  CALL_INSIDE(code, flake, shmflake_segment_at(capi_at(flake)->flake, index, info));
  return code;
}
