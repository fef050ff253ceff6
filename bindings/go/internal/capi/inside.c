/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "inside.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__thread capi_thread* capi_this_thread;

/* Grows only: a thread that ends leaves its word to another. */
static _Atomic(capi_thread*) all_threads;
static pthread_key_t at_thread_end;
static int barrier_of_all; /* whether the kernel has it */
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static int Membarrier(int command) { return (int)syscall(SYS_membarrier, command, 0, 0); }

/* Release, partner: the acquire of who takes it. Without it the two could write the word in any
 * order. */
static void GiveBack(void* thread) {
  atomic_store_explicit(&((capi_thread*)thread)->taken, 0, memory_order_release);
}

static void Prepare(void) {
  if (pthread_key_create(&at_thread_end, GiveBack) != 0) abort();
  barrier_of_all = Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

static capi_thread* TakeLeftOne(void) {
  capi_thread* thread = atomic_load_explicit(&all_threads, memory_order_acquire);
  for (; thread != NULL; thread = thread->next) {
    int free = 0;
    if (atomic_compare_exchange_strong_explicit(&thread->taken, &free, 1, memory_order_acquire,
                                                memory_order_relaxed)) {
      return thread;
    }
  }
  return NULL;
}

static capi_thread* AddOne(void) {
  capi_thread* thread = aligned_alloc(128, sizeof(capi_thread));
  if (thread == NULL) return NULL;
  atomic_init(&thread->inside, NULL);
  atomic_init(&thread->taken, 1);
  thread->next = atomic_load_explicit(&all_threads, memory_order_relaxed);
  /* Release, partners: the acquires of all_threads, which read what is above. That the word is in
   * the list before "closing" is looked at is invariant (2)'s, or (3)'s, barrier. */
  while (!atomic_compare_exchange_weak_explicit(&all_threads, &thread->next, thread,
                                                memory_order_release, memory_order_relaxed)) {
  }
  return thread;
}

capi_thread* capi_adopt_thread(void) {
  capi_thread* thread = TakeLeftOne();
  if (thread == NULL) thread = AddOne();
  if (thread == NULL) return NULL;
  if (pthread_setspecific(at_thread_end, thread) != 0) {
    GiveBack(thread);
    return NULL;
  }
  capi_this_thread = thread;
  return thread;
}

capi_handle_ref capi_new_handle(void) {
  capi_handle* handle = calloc(1, sizeof(capi_handle));
  if (handle == NULL) return 0;
  pthread_once(&prepared, Prepare);
  handle->threads_need_a_barrier = !barrier_of_all;
  return (capi_handle_ref)handle;
}

int capi_open_handle(capi_handle_ref handle, const char* name, const shmflake_options* options) {
  return shmflake_open(name, options, &capi_at(handle)->flake);
}

static int IsInside(const capi_handle* handle) {
  const capi_thread* thread = atomic_load_explicit(&all_threads, memory_order_acquire);
  for (; thread != NULL; thread = thread->next) {
    if (atomic_load_explicit(&thread->inside, memory_order_acquire) == handle) return 1;
  }
  return 0;
}

void capi_close_handle(capi_handle_ref ref) {
  const struct timespec moment = {0, 200 * 1000};
  capi_handle* handle = capi_at(ref);
  atomic_store_explicit(&handle->closing, 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_seq_cst); /* invariant (3)'s other half */
  if (!handle->threads_need_a_barrier) Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  while (IsInside(handle)) nanosleep(&moment, NULL);
  shmflake_segment_close(handle->segment);
  shmflake_close(handle->flake);
}

void capi_free_handle(capi_handle_ref handle) { free(capi_at(handle)); }
