// SPDX-License-Identifier: Apache-2.0
#include "bench/support/samples.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {

void Print(const char* name, const char* unit, double value) {
  std::printf("%s\t%s\t%.6g\n", name, unit, value);
  std::fflush(stdout);
}

void Print(const char* name, int processes, const char* unit, double value) {
  std::printf("%s_%d\t%s\t%.6g\n", name, processes, unit, value);
  std::fflush(stdout);
}

double NumberOption(int argc, char** argv, const char* flag, double fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], flag) != 0) continue;
    char* end = nullptr;
    const double value = std::strtod(argv[i + 1], &end);
    if (*end == '\0' && value > 0) return value;
    std::fprintf(stderr, "%s must be a number above 0: %s\n", flag, argv[i + 1]);
    std::exit(2);
  }
  return fallback;
}

}  // namespace bench
