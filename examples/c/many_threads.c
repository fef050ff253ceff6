/* SPDX-License-Identifier: Apache-2.0 */
/* Four threads draw from one handle, each 1,000 IDs; every thread's own IDs ascend. */
#include <inttypes.h>
#include <pthread.h>
#include <shmflake/shmflake.h>
#include <stdio.h>

enum { THREADS = 4, IDS = 1000 };

static shmflake* flake;

static void* draw(void* argument) {
  uint64_t* last = argument;
  for (int i = 0; i < IDS; ++i) {
    uint64_t id;
    if (shmflake_next(flake, &id) != SHMFLAKE_OK) {
      fprintf(stderr, "%s\n", shmflake_last_error()); /* this thread's own error */
      return NULL;
    }
    if (id <= *last) return NULL;
    *last = id;
  }
  return argument;
}

int main(void) {
  pthread_t threads[THREADS];
  uint64_t last[THREADS] = {0};
  int done = 0;

  if (shmflake_open(NULL, NULL, &flake) != SHMFLAKE_OK) {
    fprintf(stderr, "%s\n", shmflake_last_error());
    return 1;
  }
  for (int i = 0; i < THREADS; ++i) {
    if (pthread_create(&threads[i], NULL, draw, &last[i]) != 0) return 1;
  }
  for (int i = 0; i < THREADS; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    done += result != NULL;
    printf("thread %d: last ID %" PRIu64 "\n", i + 1, last[i]);
  }
  shmflake_close(flake); /* after the last thread has ended */
  return done == THREADS ? 0 : 1;
}
