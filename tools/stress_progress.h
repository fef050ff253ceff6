// SPDX-License-Identifier: Apache-2.0
// The line that shows that a hunt is alive: rewritten in place on a terminal, else a line now and
// then.
#ifndef SHMFLAKE_TOOLS_STRESS_PROGRESS_H_
#define SHMFLAKE_TOOLS_STRESS_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "stress_plan.h"

namespace tool {

class StressProgress {
 public:
  // quiet: show nothing, unless standard error is a terminal.
  StressProgress(const StressPlan& plan, bool quiet);

  // Cheap when it is not yet time for another line.
  void Update(std::uint64_t ids, std::uint64_t elapsed_ns, double fraction, std::uint64_t kills);
  // A line of its own, for the part after the draws.
  void Say(const std::string& what);
  // Clears the line on a terminal.
  void End();

 private:
  void Show(const std::string& line);

  const StressPlan& plan_;
  bool terminal_;
  bool silent_;
  std::size_t shown_ = 0;  // columns in use on the terminal
  std::uint64_t last_ns_ = 0;
  std::uint64_t last_ids_ = 0;
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_PROGRESS_H_
