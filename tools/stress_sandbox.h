// SPDX-License-Identifier: Apache-2.0
// A private place for the region and the state of a hunt, so that the real ones are left alone.
#ifndef SHMFLAKE_TOOLS_STRESS_SANDBOX_H_
#define SHMFLAKE_TOOLS_STRESS_SANDBOX_H_

#include <string>
#include <vector>

#include "region_options.h"

namespace tool {

class StressSandbox {
 public:
  StressSandbox() = default;
  StressSandbox(const StressSandbox&) = delete;
  StressSandbox& operator=(const StressSandbox&) = delete;
  ~StressSandbox();  // removes the directories

  // Makes the directories, puts them and the layout of a hunt into the options, and takes the
  // settings of shmflake out of this process's environment, hence out of its children's. "" or what
  // went wrong.
  [[nodiscard]] std::string Enter(RegionOptions* region);

 private:
  std::vector<std::string> directories_;
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_SANDBOX_H_
