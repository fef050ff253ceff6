/* SPDX-License-Identifier: Apache-2.0 */
/* draw_to_file FILE COUNT: draws so many IDs and writes them as they lie in memory, 8 bytes each.
 * Those of examples/python and examples/go do the same; count_repeats reads what all of them drew. */
#include <shmflake/shmflake.h>
#include <stdio.h>
#include <stdlib.h>

static int draw(shmflake* flake, FILE* file, unsigned long count) {
  for (; count > 0; --count) {
    uint64_t id;
    if (shmflake_next(flake, &id) != SHMFLAKE_OK) {
      fprintf(stderr, "%s\n", shmflake_last_error());
      return 1;
    }
    if (fwrite(&id, sizeof(id), 1, file) != 1) {
      perror("write");
      return 1;
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  shmflake* flake;
  FILE* file;
  int failed;

  if (argc != 3 || (file = fopen(argv[1], "wb")) == NULL) {
    fprintf(stderr, "usage: draw_to_file FILE COUNT\n");
    return 2;
  }
  if (shmflake_open(NULL, NULL, &flake) != SHMFLAKE_OK) {
    fprintf(stderr, "%s\n", shmflake_last_error());
    return 1;
  }
  failed = draw(flake, file, strtoul(argv[2], NULL, 10));
  shmflake_close(flake);
  if (fclose(file) != 0) {
    perror(argv[1]);
    failed = 1;
  }
  return failed;
}
