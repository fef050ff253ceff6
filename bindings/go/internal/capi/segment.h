/* SPDX-License-Identifier: Apache-2.0 */
/* A tag's calls. Its handle is guarded as a Flake's is (inside.h), with the same draws (next.h). */
#ifndef SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_SEGMENT_H_
#define SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_SEGMENT_H_

#include "next.h"

/* When the library fails, .value is its message, to be freed. */
static inline capi_number capi_segment_next(capi_handle_ref segment) {
  capi_number out = {0, 0};
  out.code = capi_enter(segment);
  if (__builtin_expect(out.code != 0, 0)) return out;
  out.code = shmflake_segment_next(capi_at(segment)->segment, &out.value);
  capi_leave();
  if (__builtin_expect(out.code != 0, 0)) out.value = capi_keep_message();
  return out;
}

capi_number capi_segment_next_nowait(capi_handle_ref segment);
/* .value: how many of the IDs are valid. */
capi_number capi_segment_next_n(capi_handle_ref segment, uint64_t* ids, size_t n);
int capi_segment_status(capi_handle_ref segment, shmflake_segment_info* out);

/* `segment` is a new handle; one that could not be opened is to be freed. */
int capi_open_segment(capi_handle_ref flake, const char* tag,
                      const shmflake_segment_options* options, capi_handle_ref segment);
int capi_segment_at(capi_handle_ref flake, size_t index, shmflake_segment_info* out);

/* Go's (reserve.go). It knows no const. */
extern int shmflake_go_reserve(uintptr_t reserve, char* tag, uint64_t step, uint64_t* first,
                               uint64_t* count, char* error, size_t size);

static inline int capi_reserve(void* context, const char* tag, uint64_t step, uint64_t* first,
                               uint64_t* count, char* error, size_t size) {
  return shmflake_go_reserve((uintptr_t)context, (char*)tag, step, first, count, error, size);
}

/* `reserve` is a number that Go knows its function by. */
static inline void capi_set_reserve(shmflake_segment_options* options, uintptr_t reserve) {
  options->reserve = capi_reserve;
  options->reserve_context = (void*)reserve;
}

#endif /* SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_SEGMENT_H_ */
