/* SPDX-License-Identifier: Apache-2.0 */
/* count_repeats FILE...: how many IDs the files hold, and how many of them stand there before. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void* left, const void* right) {
  const uint64_t a = *(const uint64_t*)left, b = *(const uint64_t*)right;
  return (a > b) - (a < b);
}

int main(int argc, char** argv) {
  uint64_t* ids = NULL;
  size_t count = 0, room = 0, repeats = 0;

  for (int i = 1; i < argc; ++i) {
    FILE* file = fopen(argv[i], "rb");
    if (file == NULL) {
      perror(argv[i]);
      return 2;
    }
    for (uint64_t id; fread(&id, sizeof(id), 1, file) == 1; ids[count++] = id) {
      if (count < room) continue;
      room = 2 * room + 4096;
      ids = realloc(ids, room * sizeof(id));
      if (ids == NULL) abort();
    }
    if (ferror(file)) {
      perror(argv[i]);
      return 2;
    }
    fclose(file);
  }
  if (count > 0) qsort(ids, count, sizeof(*ids), compare);
  for (size_t i = 1; i < count; ++i) repeats += ids[i] == ids[i - 1];
  printf("%zu IDs from %d processes, %zu repeats\n", count, argc - 1, repeats);
  free(ids);
  return repeats != 0;
}
