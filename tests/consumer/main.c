/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's C99 program. Prints 1,000 IDs, each larger than the one before, of the worker ID
 * that its argument names. */
#include <inttypes.h>
#include <shmflake/shmflake.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 1000

static int Fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, shmflake_last_error());
  return 1;
}

int main(int argc, char** argv) {
  shmflake* flake = NULL;
  shmflake_parts parts;
  uint64_t ids[COUNT];
  size_t filled = 0;
  size_t i;

  if (argc != 2) return 2;
  if (strcmp(shmflake_version(), "0.1.0") != 0) return Fail("version");
  if (shmflake_next(NULL, ids) != SHMFLAKE_E_NULL_ARGUMENT) return Fail("NULL handle");
  if (shmflake_open(NULL, NULL, &flake) != SHMFLAKE_OK) return Fail("open");
  if (shmflake_next(flake, &ids[0]) != SHMFLAKE_OK) return Fail("next");
  if (shmflake_next_n(flake, ids + 1, COUNT - 1, &filled) != SHMFLAKE_OK) return Fail("next_n");
  if (filled != COUNT - 1) return Fail("filled");
  for (i = 0; i < COUNT; ++i) {
    if (i > 0 && ids[i] <= ids[i - 1]) return Fail("order");
    if (shmflake_decode(flake, ids[i], &parts) != SHMFLAKE_OK) return Fail("decode");
    if (parts.worker_id != (uint32_t)atoi(argv[1])) return Fail("worker ID");
    printf("%" PRIu64 "\n", ids[i]);
  }
  shmflake_close(flake);
  return 0;
}
