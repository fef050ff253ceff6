// SPDX-License-Identifier: Apache-2.0
// What a hunt found, for people and for programs.
#ifndef SHMFLAKE_TOOLS_STRESS_REPORT_H_
#define SHMFLAKE_TOOLS_STRESS_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "layout.h"
#include "output.h"
#include "stress_count.h"
#include "stress_hunt.h"
#include "stress_log.h"
#include "stress_plan.h"

namespace tool {

struct StressProcessReport {
  pid_t pid = 0;
  StressEnd end = StressEnd::kFinished;
  std::uint64_t ids = 0;
  double seconds = 0;  // from its first draw to its end
};

struct StressReport {
  StressPlan plan;
  Layout layout;
  std::string region;  // its file
  bool strict = true;
  StressOutcome outcome;
  StressCount count;
  std::vector<StressProcessReport> processes;
  double seconds = 0;  // from the first draw of any to the end of the last
  std::uint64_t order_checks = 0;
  std::uint64_t order_breaks = 0;
  std::uint64_t refusals = 0;
  std::string order_example;  // the first break, in words

  // Neither a repeat nor a break of the order, and it ran to its end.
  [[nodiscard]] bool passed() const;
  // Why it did not pass, in one line.
  [[nodiscard]] std::string Verdict() const;
};

// Puts times and order checks out of the log's records into the report.
void ReadRecords(const StressLog& log, StressReport* report);

void PrintStress(Output* out, const StressReport& report);
[[nodiscard]] Json StressToJson(const StressReport& report);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_REPORT_H_
