// SPDX-License-Identifier: Apache-2.0
// What a benchmark prints for bench/report.py: a line "NAME <tab> UNIT <tab> VALUE" for each
// repetition.
#ifndef SHMFLAKE_BENCH_SUPPORT_SAMPLES_H_
#define SHMFLAKE_BENCH_SUPPORT_SAMPLES_H_

namespace bench {

void Print(const char* name, const char* unit, double value);
// As "NAME_PROCESSES".
void Print(const char* name, int processes, const char* unit, double value);

// The number after `flag` on the command line, else `fallback`. Anything else there is an error.
double NumberOption(int argc, char** argv, const char* flag, double fallback);

}  // namespace bench

#endif  // SHMFLAKE_BENCH_SUPPORT_SAMPLES_H_
