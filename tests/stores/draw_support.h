/* SPDX-License-Identifier: Apache-2.0 */
/* What fleet_draw and segment_draw share: requests on the command line, the file that outlives a kill,
 * and the pause in which they may be told to stop. */
#ifndef SHMFLAKE_TESTS_STORES_DRAW_SUPPORT_H_
#define SHMFLAKE_TESTS_STORES_DRAW_SUPPORT_H_

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { kSlowMs = 20, kFailed = 1, kUsage = 2 };

typedef struct Request {
  const char* name; /* "--burst" */
  uint64_t value;
} Request;

static int64_t NowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits so long for standard input to say something or to end. */
static int IsToldToStop(uint64_t pause_us) {
  struct pollfd input = {STDIN_FILENO, POLLIN, 0};
  const struct timespec pause = {(time_t)(pause_us / 1000000), (long)(pause_us % 1000000) * 1000};
  return ppoll(&input, 1, &pause, NULL) > 0;
}

/* `size` zeros in a new file; NULL, and why in errno. Mapped: nothing is lost when we are killed. */
static void* MapNewFile(const char* path, size_t size) {
  void* mapped;
  const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, (off_t)size) != 0) return NULL;
  mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return mapped == MAP_FAILED ? NULL : mapped;
}

/* "--name N" pairs up to the NULL. 0: another word, or no number. */
static int ReadRequests(char** arguments, Request* requests, size_t count) {
  for (; *arguments != NULL; arguments += 2) {
    Request* request = requests;
    char* end = NULL;
    while (request < requests + count && strcmp(request->name, *arguments) != 0) ++request;
    if (request == requests + count || arguments[1] == NULL) return 0;
    request->value = strtoull(arguments[1], &end, 10);
    if (end == arguments[1] || *end != '\0') return 0;
  }
  return 1;
}

#endif /* SHMFLAKE_TESTS_STORES_DRAW_SUPPORT_H_ */
