/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Go calls instead of the functions of shmflake.h that give something back by a pointer: the
 * same functions, which give it back by value. A pointer that Go passes to C moves what it points
 * to onto the heap; a value does not.
 */
#ifndef SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_CAPI_H_
#define SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_CAPI_H_

#ifdef SHMFLAKE_AMALGAMATION
#include "shmflake.h"
#else
#include <shmflake/shmflake.h>
#endif

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

/* ------------------------------------------- Draws -------------------------------------------- */

static inline capi_number capi_next(shmflake* flake) {
  capi_number out;
  out.code = shmflake_next(flake, &out.value);
  return out;
}

static inline capi_number capi_try_next(shmflake* flake) {
  capi_number out;
  out.code = shmflake_try_next(flake, &out.value);
  return out;
}

static inline capi_number capi_next_nowait(shmflake* flake) {
  capi_number out;
  out.code = shmflake_next_nowait(flake, &out.value);
  return out;
}

/* .value: how many of the IDs are valid. */
static inline capi_number capi_next_n(shmflake* flake, uint64_t* ids, size_t n) {
  capi_number out;
  size_t filled = 0;
  out.code = shmflake_next_n(flake, ids, n, &filled);
  out.value = filled;
  return out;
}

/* .first: the first ID; .second: how many. */
static inline capi_pair capi_next_block(shmflake* flake, uint64_t want) {
  capi_pair out;
  out.code = shmflake_next_block(flake, want, &out.first, &out.second);
  return out;
}

static inline capi_number capi_watermark(shmflake* flake) {
  capi_number out;
  out.code = shmflake_watermark(flake, &out.value);
  return out;
}

static inline capi_bytes capi_uuid7(shmflake* flake) {
  capi_bytes out;
  out.code = shmflake_uuid7(flake, out.bytes);
  return out;
}

static inline capi_bytes capi_uuid7_nowait(shmflake* flake) {
  capi_bytes out;
  out.code = shmflake_uuid7_nowait(flake, out.bytes);
  return out;
}

static inline capi_number capi_uuid7_n(shmflake* flake, unsigned char (*uuids)[16], size_t n) {
  capi_number out;
  size_t filled = 0;
  out.code = shmflake_uuid7_n(flake, uuids, n, &filled);
  out.value = filled;
  return out;
}

/* Go keeps a ULID as its 16 bytes. */
static inline capi_bytes capi_ulid(shmflake* flake) {
  capi_bytes out;
  char text[27];
  out.code = shmflake_ulid(flake, text);
  if (out.code == SHMFLAKE_OK) out.code = shmflake_parse_ulid(text, out.bytes);
  return out;
}

static inline capi_bytes capi_ulid_nowait(shmflake* flake) {
  capi_bytes out;
  char text[27];
  out.code = shmflake_ulid_nowait(flake, text);
  if (out.code == SHMFLAKE_OK) out.code = shmflake_parse_ulid(text, out.bytes);
  return out;
}

/* ----------------------------------------- Arithmetic ----------------------------------------- */

static inline capi_parts capi_decode(const shmflake* flake, uint64_t id) {
  capi_parts out;
  out.code = shmflake_decode(flake, id, &out.parts);
  return out;
}

static inline capi_parts capi_decode_layout(const char* layout, uint64_t id) {
  capi_parts out;
  out.code = shmflake_decode_layout(layout, id, &out.parts);
  return out;
}

/* .first: the lowest ID; .second: the highest. */
static inline capi_pair capi_bounds(const shmflake* flake, int64_t unix_ms) {
  capi_pair out;
  out.code = shmflake_bounds(flake, unix_ms, &out.first, &out.second);
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
