// SPDX-License-Identifier: Apache-2.0
// Tags and their segments, for people and as JSON.
#ifndef SHMFLAKE_TOOLS_SEGMENT_REPORT_H_
#define SHMFLAKE_TOOLS_SEGMENT_REPORT_H_

#include <shmflake/shmflake.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "output.h"

namespace tool {

[[nodiscard]] Json SegmentToJson(const shmflake_segment_info& info);
// A table, a line a tag.
[[nodiscard]] std::string ListSegments(const std::vector<shmflake_segment_info>& segments);
// All that is known of one.
[[nodiscard]] std::string DescribeSegment(const shmflake_segment_info& info);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_SEGMENT_REPORT_H_
