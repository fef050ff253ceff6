/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Go calls instead of the functions of shmflake.h: the same functions, but
 *  - what they give back by a pointer comes by value, for a pointer that Go passes to C moves what
 *    it points to onto the heap;
 *  - a handle is a capi_handle_ref, which may be closed while others use it (inside.h).
 */
#ifndef SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_CAPI_H_
#define SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_CAPI_H_

#ifdef SHMFLAKE_AMALGAMATION
#include "shmflake.h"
#else
#include <shmflake/shmflake.h>
#endif

/* Beside the library's codes, which are negative. */
enum { CAPI_CLOSED = 1, CAPI_NO_MEMORY = 2 };

typedef struct {
  uint64_t value;
  int code;
} capi_number;

typedef struct {
  uint64_t first, second;
  int code;
} capi_pair;

typedef struct {
  unsigned char bytes[16];
  int code;
} capi_bytes;

typedef struct {
  char text[SHMFLAKE_TEXT_SIZE];
  int code;
} capi_text;

typedef struct {
  shmflake_parts parts;
  int code;
} capi_parts;

/* ------------------------------------------ Handles ------------------------------------------- */

/* A capi_handle* as a number, which Go does not look into at each call as it does into pointers. */
typedef uintptr_t capi_handle_ref;

/* 0 when there is no memory. */
capi_handle_ref capi_new_handle(void);
/* A handle that could not be opened is to be freed. */
int capi_open_handle(capi_handle_ref handle, const char* name, const shmflake_options* options);
/* Lets no further call in, and waits for those that are. */
void capi_close_handle(capi_handle_ref handle);
void capi_free_handle(capi_handle_ref handle);

capi_number capi_try_next(capi_handle_ref handle);
capi_number capi_next_nowait(capi_handle_ref handle);
/* .value: how many of the IDs are valid. */
capi_number capi_next_n(capi_handle_ref handle, uint64_t* ids, size_t n);
/* .first: the first ID; .second: how many. */
capi_pair capi_next_block(capi_handle_ref handle, uint64_t want);
int capi_observe(capi_handle_ref handle, uint64_t id);
capi_number capi_watermark(capi_handle_ref handle);

capi_bytes capi_uuid7(capi_handle_ref handle);
capi_bytes capi_uuid7_nowait(capi_handle_ref handle);
capi_number capi_uuid7_n(capi_handle_ref handle, unsigned char (*uuids)[16], size_t n);
/* Go keeps a ULID as its 16 bytes. */
capi_bytes capi_ulid(capi_handle_ref handle);
capi_bytes capi_ulid_nowait(capi_handle_ref handle);

capi_parts capi_decode(capi_handle_ref handle, uint64_t id);
/* .first: the lowest ID; .second: the highest. */
capi_pair capi_bounds(capi_handle_ref handle, int64_t unix_ms);
int capi_status(capi_handle_ref handle, shmflake_status_info* out);
int capi_processes(capi_handle_ref handle, shmflake_process* out, size_t capacity, size_t* count);

/* ----------------------------------------- Arithmetic ----------------------------------------- */

static inline capi_parts capi_decode_layout(const char* layout, uint64_t id) {
  capi_parts out;
  out.code = shmflake_decode_layout(layout, id, &out.parts);
  return out;
}

static inline capi_number capi_mask(const unsigned char* key, uint64_t id) {
  capi_number out;
  out.code = shmflake_mask(key, id, &out.value);
  return out;
}

static inline capi_number capi_unmask(const unsigned char* key, uint64_t masked) {
  capi_number out;
  out.code = shmflake_unmask(key, masked, &out.value);
  return out;
}

/* -------------------------------------------- Text -------------------------------------------- */

static inline capi_text capi_format(uint64_t id, int form) {
  capi_text out;
  out.code = shmflake_format(id, form, out.text, sizeof(out.text));
  return out;
}

static inline capi_number capi_parse(const char* text, int form) {
  capi_number out;
  out.code = shmflake_parse(text, form, &out.value);
  return out;
}

static inline capi_text capi_format_uuid(const unsigned char* uuid) {
  capi_text out;
  out.code = shmflake_format_uuid(uuid, out.text);
  return out;
}

static inline capi_bytes capi_parse_uuid(const char* text) {
  capi_bytes out;
  out.code = shmflake_parse_uuid(text, out.bytes);
  return out;
}

static inline capi_text capi_format_ulid(const unsigned char* ulid) {
  capi_text out;
  out.code = shmflake_format_ulid(ulid, out.text);
  return out;
}

static inline capi_bytes capi_parse_ulid(const char* text) {
  capi_bytes out;
  out.code = shmflake_parse_ulid(text, out.bytes);
  return out;
}

/* -------------------------------------------- Log --------------------------------------------- */

/* Go's (log.go). It knows no const. */
extern void shmflake_go_log(uintptr_t log, int level, char* event, shmflake_log_field* fields,
                            size_t count);

static inline void capi_log(void* context, int level, const char* event,
                            const shmflake_log_field* fields, size_t count) {
  shmflake_go_log((uintptr_t)context, level, (char*)event, (shmflake_log_field*)fields, count);
}

/* `log` is a number that Go knows its function by. */
static inline void capi_set_log(shmflake_options* options, uintptr_t log) {
  options->log = capi_log;
  options->log_context = (void*)log;
}

#endif /* SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_CAPI_H_ */
