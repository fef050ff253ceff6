// SPDX-License-Identifier: Apache-2.0
// A failed draw in three words: made without formatting, since shmflake_try_next is
// async-signal-safe, and turned into text when somebody asks.
#ifndef SHMFLAKE_CORE_DRAW_ERROR_H_
#define SHMFLAKE_CORE_DRAW_ERROR_H_

#include <cstdint>
#include <string>

#include "core/status.h"

namespace shmflake {

struct DrawError {
  Code code = Code::OK;
  std::int64_t value = 0;  // what was found: milliseconds ahead, a timestamp ...
  std::int64_t limit = 0;  // what the rule allows

  [[nodiscard]] bool ok() const noexcept { return code == Code::OK; }
};

[[nodiscard]] std::string DescribeDrawError(const DrawError& error);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_DRAW_ERROR_H_
