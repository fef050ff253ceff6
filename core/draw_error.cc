// SPDX-License-Identifier: Apache-2.0
#include "core/draw_error.h"

#include "core/id_text_error.h"

namespace shmflake {

std::string DescribeDrawError(const DrawError& error) {
  const auto value = static_cast<long long>(error.value);
  const auto limit = static_cast<long long>(error.limit);
  switch (error.code) {
    case Code::EXHAUSTED:
      return Fail(error.code,
                  "the sequence is used up %lld ms ahead of the clock, max_backward_ms allows %lld",
                  value, limit)
          .message();
    case Code::CLOCK_BEHIND:
      return Fail(
                 error.code,
                 "the clock is %lld ms behind the last ID, max_backward_ms allows %lld; it was set "
                 "back",
                 value, limit)
          .message();
    case Code::CLOCK_JUMP:
      return Fail(error.code,
                  "the clock jumped forward by %lld ms that CLOCK_BOOTTIME did not see, "
                  "max_forward_ms allows %lld",
                  value, limit)
          .message();
    case Code::CEILING:
      return Fail(error.code,
                  "the lease's ceiling is reached, %lld ms %s the clock, and was not extended; "
                  "shmflake_next() or the background thread of any process extends it",
                  value < 0 ? -value : value, value < 0 ? "ahead of" : "behind")
          .message();
    case Code::TIME_RANGE:
      return Fail(error.code, "the timestamp must be 0..%lld: %lld", limit, value).message();
    case Code::RETIRED:
      return "the region was retired; shmflake_next() follows to the next one";
    case Code::REGION_LOST:
      return Fail(error.code, "the region file was %s under this process",
                  value == 1   ? "removed or replaced"
                  : value == 2 ? "truncated"
                  : value == 3 ? "overwritten"
                               : "detached (its descriptor was closed)")
          .message();
    case Code::OPTION:
      return "a watermark needs strict ordering: in relaxed ordering processes hold blocks of "
             "lower IDs";
    case Code::TOO_FAR_AHEAD:
      return Fail(error.code,
                  "the observed ID is %lld ms ahead of the clock, max_backward_ms allows %lld",
                  value, limit)
          .message();
    case Code::INSTANT:
      return Fail(error.code,
                  "the instant must be at or after the epoch, %lld ms, and within the time range: "
                  "%lld ms",
                  limit, value)
          .message();
    case Code::ID:
      return Fail(error.code, "an ID of this layout has %lld bits, the sign bit stays 0: %llu",
                  limit, static_cast<unsigned long long>(value))
          .message();
    case Code::TEXT:
    case Code::FORM:
    case Code::BUFFER:
      return DescribeTextError(error);
    default:
      return CodeRule(error.code);
  }
}

}  // namespace shmflake
