// SPDX-License-Identifier: Apache-2.0
#include "core/lease.h"

#include <algorithm>

namespace shmflake {

std::uint64_t TicksOfMs(const IdFormat& format, std::uint64_t ms) noexcept {
  return ms * 1000 / format.tick_us;
}

LeaseTerms MakeLeaseTerms(const IdFormat& format, std::uint32_t horizon_ms,
                          std::uint32_t max_recovery_ms) noexcept {
  LeaseTerms terms;
  // At least four ticks, so that there is a half and a quarter of it.
  terms.span = std::max<std::uint64_t>(4, TicksOfMs(format, horizon_ms));
  terms.step = std::max<std::uint64_t>(1, std::min(TicksOfMs(format, 100), terms.span / 4));
  terms.allowance = std::max<std::uint64_t>(1, TicksOfMs(format, 1000));
  terms.max_recovery = std::max<std::uint64_t>(1, TicksOfMs(format, max_recovery_ms));
  return terms;
}

Status PlanBirth(const LeaseTerms& terms, const IdFormat& format, std::uint64_t now,
                 std::uint64_t floor, const LeaseRecord& record, Birth* out) {
  const std::uint64_t old_horizon = record.exists ? record.horizon : 0;
  const std::uint64_t start = std::max({now, floor, old_horizon});  // invariant (1)
  const std::uint64_t end = format.max_timestamp() + 1;
  if (start >= end) {
    return Fail(Code::TIME_RANGE, "the timestamp must be 0..%llu: %llu (%s)",
                static_cast<unsigned long long>(format.max_timestamp()),
                static_cast<unsigned long long>(start), DescribeFormat(format).c_str());
  }
  if (start - now > terms.max_recovery) {
    const double tick_s = format.tick_us / 1e6;
    const bool is_for_order = start > old_horizon;  // another worker ID would be no help
    return Fail(
        Code::RECOVERY,
        "the %s has issued up to %.1f s ahead of the clock, max_recovery_ms is %.0f; set the "
        "clock right, wait that long%s, or raise max_recovery_ms",
        is_for_order ? "last region at this name" : "worker ID",
        static_cast<double>(start - now) * tick_s,
        static_cast<double>(terms.max_recovery) * tick_s * 1000,
        is_for_order ? "" : ", take another worker_id");
  }
  out->birth_tick = start;
  out->allowance_tick = 0;
  out->horizon = std::min(end, now + terms.span);
  if (start > now) {  // invariant (3)
    out->allowance_tick = std::min(end - 1, start + terms.allowance);
    out->horizon = std::min(end, std::max(out->horizon, start + terms.step));
  }
  return Status::Ok();
}

std::uint64_t PlanExtension(const LeaseTerms& terms, const IdFormat& format,
                            const LeaseView& view) noexcept {
  const std::uint64_t end = format.max_timestamp() + 1;
  std::uint64_t wanted = view.now + terms.span;
  if (view.now < view.birth) {  // invariant (3)
    wanted = std::max(wanted, std::min(view.allowance_tick + 1, view.state + terms.step));
  }
  wanted = std::min(wanted, end);
  if (wanted <= view.ceiling) return 0;
  const std::uint64_t gain = wanted - view.ceiling;
  const std::uint64_t used_up_to = std::max(view.now, view.state);
  const std::uint64_t left = view.ceiling > used_up_to ? view.ceiling - used_up_to : 0;
  // Past the half, with something to gain; a quarter keeps a region that runs ahead of the clock
  // from asking at every tick.
  if (left <= terms.span / 2 && gain >= terms.span / 4) return wanted;
  const std::uint64_t least = std::max<std::uint64_t>(1, terms.step / 4);
  if (left <= terms.step / 2 && gain >= least) return wanted;
  // The last of the range, or of a birth's allowance: however little it is.
  const bool is_last =
      wanted == end || (view.now < view.birth && view.ceiling <= view.allowance_tick &&
                        wanted > view.allowance_tick);
  return left == 0 && is_last ? wanted : 0;
}

}  // namespace shmflake
