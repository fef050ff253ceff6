/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handle that may be closed while threads draw from it, without a word that all of them write.
 *
 * Thread safety: any threads; capi_close_handle once a handle, capi_free_handle after all else.
 *
 *  1. Each thread has a word of its own, which says which handle it is inside of. It writes that,
 *     then looks whether the handle is closing, and only then calls the library.
 *  2. Who closes says so in the handle, has every thread of the process pass a full barrier
 *     (membarrier(2)), then looks at all the words until none says the handle. Of the two sides
 *     one sees the other: a thread that did not see "closing" in (1) is seen in (2).
 *  3. Where the kernel has no such barrier, threads pass one of their own in (1).
 *  4. A handle's few bytes outlive its closing, since (1) looks at them: Go frees them when nobody
 *     can call any more.
 *
 * Two additions to one count, even if spread over cache lines, cost a fifth of a draw.
 */
#ifndef SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_INSIDE_H_
#define SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_INSIDE_H_

#include <stdatomic.h>
#include <stddef.h>

#include "capi.h"

typedef struct {
  shmflake* flake;            /* one of the two; the other is NULL */
  shmflake_segment* segment;  /* which must be closed before its flake is */
  int threads_need_a_barrier; /* case (3) */
  atomic_int closing;
} capi_handle;

static inline capi_handle* capi_at(capi_handle_ref ref) { return (capi_handle*)ref; }

typedef struct capi_thread {
  _Atomic(capi_handle*) inside;
  atomic_int taken;         /* 0: its thread has ended, another may have it */
  struct capi_thread* next; /* constant once it is in the list */
  char padding[104];        /* two cache lines, which processors fetch in pairs */
} capi_thread;

extern __thread capi_thread* capi_this_thread;
/* Gives this thread a word; NULL when there is no memory. */
capi_thread* capi_adopt_thread(void);

/* 0, or why the library must not be called. */
static inline int capi_enter(capi_handle_ref ref) {
  capi_handle* handle = capi_at(ref);
  capi_thread* thread = capi_this_thread;
  if (handle == NULL) return CAPI_CLOSED;
  if (thread == NULL && (thread = capi_adopt_thread()) == NULL) return CAPI_NO_MEMORY;
  /* Relaxed, both: invariant (2) orders them, and a closing handle is not used further. */
  atomic_store_explicit(&thread->inside, handle, memory_order_relaxed);
  if (handle->threads_need_a_barrier) {
    atomic_thread_fence(memory_order_seq_cst);
  } else {
    atomic_signal_fence(memory_order_seq_cst);
  }
  if (atomic_load_explicit(&handle->closing, memory_order_relaxed) == 0) return 0;
  atomic_store_explicit(&thread->inside, NULL, memory_order_relaxed);
  return CAPI_CLOSED;
}

/* Release, partner: the acquire in capi_close_handle. Without it the handle could be freed before
 * the call's last access. */
static inline void capi_leave(void) {
  atomic_store_explicit(&capi_this_thread->inside, NULL, memory_order_release);
}

#endif /* SHMFLAKE_BINDINGS_GO_INTERNAL_CAPI_INSIDE_H_ */
