// SPDX-License-Identifier: Apache-2.0
// A tag as people see it: a snapshot of its words, each of which may be a moment older than the next.
#ifndef SHMFLAKE_CORE_SEGMENT_VIEW_H_
#define SHMFLAKE_CORE_SEGMENT_VIEW_H_

#include <cstdint>
#include <string>

#include "core/segment_layout.h"
#include "core/status.h"

namespace shmflake {

struct SegmentView {
  std::string tag;
  std::uint64_t store_mark = 0;
  std::uint64_t generation = 0;  // 0: none was drawn from yet
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  std::uint64_t next_id = 0;  // 0: none is left of the segment
  std::uint64_t remaining = 0;
  std::uint64_t remaining_next = 0;
  std::uint64_t step = 0;
  std::int64_t fetched_unix_ms = 0;
  std::uint64_t fetched_us = 0;
  std::uint64_t fetches = 0;
  std::uint64_t failures = 0;
  std::uint64_t unfinished = 0;
  std::uint64_t granted = 0;
  std::uint64_t lost = 0;
  std::uint64_t failures_in_row = 0;
  std::int64_t next_attempt_ns = 0;  // from now; 0: at any time
  Status last_error;
};

[[nodiscard]] SegmentView ViewSegment(const SegmentEntry& entry, std::int64_t boottime_ns);

// The entry of the region's tag of that index, in no order; null past the last one.
[[nodiscard]] const SegmentEntry* TagAt(const SegmentEntry (&entries)[kTagCount],
                                        std::size_t index);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_VIEW_H_
