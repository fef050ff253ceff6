/* SPDX-License-Identifier: Apache-2.0 */
/* The first ID, and what it says. */
#include <inttypes.h>
#include <shmflake/shmflake.h>
#include <stdio.h>

int main(void) {
  shmflake* flake;
  uint64_t id;
  shmflake_parts parts;

  if (shmflake_open(NULL, NULL, &flake) != SHMFLAKE_OK) {
    fprintf(stderr, "%s\n", shmflake_last_error());
    return 1;
  }
  if (shmflake_next(flake, &id) != SHMFLAKE_OK ||
      shmflake_decode(flake, id, &parts) != SHMFLAKE_OK) {
    fprintf(stderr, "%s\n", shmflake_last_error());
    shmflake_close(flake);
    return 1;
  }
  printf("ID %" PRIu64 ": worker %" PRIu32 ", number %" PRIu64 " of Unix millisecond %" PRId64 "\n",
         id, parts.worker_id, parts.sequence, parts.unix_ms);
  shmflake_close(flake);
  return 0;
}
