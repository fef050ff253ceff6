// SPDX-License-Identifier: Apache-2.0
#include "core/segment_plan.h"

#include <algorithm>
#include <limits>

#include "core/bits.h"
#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::int64_t kMinuteNs = 60'000 * kNsPerMs;
constexpr std::int64_t kMaxId = std::numeric_limits<std::int64_t>::max();

std::string Number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

Status PlanSegment(const SegmentRequest& request, const SegmentRow* found, SegmentRow* write,
                   SegmentGrant* grant) {
  const std::string tag = "tag " + Quote(request.tag);
  const bool leaf = request.convention == SegmentConvention::kLeaf;
  SegmentRow row;
  if (found != nullptr) {
    row = *found;
  } else if (request.create) {
    row.max_id = leaf ? 1 : 0;
    row.step = static_cast<std::int64_t>(
        request.new_step != 0 ? request.new_step : std::min(kDefaultStep, request.max_step));
  } else {
    return Fail(Code::TAG_UNKNOWN,
                "the store has no row for the %s; insert one, or open the tag with create on",
                tag.c_str());
  }
  if (row.step < 1 || static_cast<std::uint64_t>(row.step) > request.max_step) {
    return Fail(Code::STEP, "the row's step must be 1..%s (max_step) for the %s: %s",
                Number(request.max_step).c_str(), tag.c_str(), std::to_string(row.step).c_str());
  }
  const auto row_step = static_cast<std::uint64_t>(row.step);
  const std::uint64_t count =
      std::min(request.step != 0 ? request.step : row_step, request.max_step);
  const std::int64_t lowest = leaf ? 1 : 0;
  const std::int64_t highest = kMaxId - static_cast<std::int64_t>(count);
  if (row.max_id < lowest || row.max_id > highest) {
    return Fail(Code::SEGMENT_RANGE,
                "the row's max_id must be %s..%s for a segment of %s of the %s: %s",
                std::to_string(lowest).c_str(), std::to_string(highest).c_str(),
                Number(count).c_str(), tag.c_str(), std::to_string(row.max_id).c_str());
  }
  const std::uint64_t first = static_cast<std::uint64_t>(row.max_id) + (leaf ? 0 : 1);
  if (first <= request.high) {
    return Fail(
        Code::SEGMENT_BACKWARDS,
        "the row of the %s went backwards: its max_id is %s, but this host was granted IDs up to "
        "%s; if a backup was restored, raise max_id above all IDs that were ever issued",
        tag.c_str(), std::to_string(row.max_id).c_str(), Number(request.high).c_str());
  }
  row.max_id += static_cast<std::int64_t>(count);
  *write = row;
  *grant = {first, count, row_step};
  return Status::Ok();
}

Status CheckReserved(const SegmentRequest& request, const SegmentGrant& grant) {
  if (grant.first > request.high && grant.count >= 1 && grant.count <= request.max_step &&
      grant.first <= static_cast<std::uint64_t>(kMaxId) - (grant.count - 1)) {
    return Status::Ok();
  }
  return Fail(Code::RESERVE,
              "the reserve callback must return 1..%s IDs between %s and 2^63 - 1 for the tag %s: "
              "%s from %s",
              Number(request.max_step).c_str(), Number(request.high + 1).c_str(),
              Quote(request.tag).c_str(), Number(grant.count).c_str(), Number(grant.first).c_str());
}

std::uint64_t AdaptStep(std::uint64_t step, std::int64_t lasted_ns, std::uint64_t min_step,
                        std::uint64_t max_step) noexcept {
  if (lasted_ns < 15 * kMinuteNs) {
    step *= 2;
  } else if (lasted_ns > 30 * kMinuteNs) {
    step /= 2;
  }
  return std::clamp(step, std::min(min_step, max_step), max_step);
}

}  // namespace shmflake
