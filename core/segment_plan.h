// SPDX-License-Identifier: Apache-2.0
// What a fetch asks the store for, and whether the row's answer is sound. Pure; no state.
#ifndef SHMFLAKE_CORE_SEGMENT_PLAN_H_
#define SHMFLAKE_CORE_SEGMENT_PLAN_H_

#include <cstdint>
#include <string>

#include "core/status.h"

namespace shmflake {

struct SegmentRow {
  std::int64_t max_id = 0;  // the highest ID that was ever granted
  std::int64_t step = 0;
};

// Which IDs a change of max_id from m to m + n grants: m + 1 .. m + n (tinyid, too), or, beside
// servers of Leaf on the same row, m .. m + n - 1.
enum class SegmentConvention : std::uint32_t { kShmflake = 0, kLeaf = 1 };

struct SegmentRequest {
  std::string tag;
  std::uint64_t step = 0;      // wanted; 0: the row's
  std::uint64_t new_step = 0;  // of a row that is created; 0: kDefaultStep
  std::uint64_t max_step = 0;
  std::uint64_t high = 0;  // the highest ID that this region was ever granted
  bool create = false;
  SegmentConvention convention = SegmentConvention::kShmflake;
};

struct SegmentGrant {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t row_step = 0;  // 0: not known
};

inline constexpr std::uint64_t kDefaultStep = 1000;

// `found` is the tag's row, or null. What to write in its place, and what is granted by that.
// TAG_UNKNOWN, STEP, SEGMENT_RANGE or SEGMENT_BACKWARDS; then nothing must be written.
Status PlanSegment(const SegmentRequest& request, const SegmentRow* found, SegmentRow* write,
                   SegmentGrant* grant);

// RESERVE, when what a callback gave is no range of new IDs.
Status CheckReserved(const SegmentRequest& request, const SegmentGrant& grant);

// Leaf's rule: the last segment was of `step` and lasted for `lasted_ns`.
[[nodiscard]] std::uint64_t AdaptStep(std::uint64_t step, std::int64_t lasted_ns,
                                      std::uint64_t min_step, std::uint64_t max_step) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_PLAN_H_
