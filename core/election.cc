// SPDX-License-Identifier: Apache-2.0
#include "core/election.h"

#include "core/platform.h"

namespace shmflake {

bool Election::Try(std::int64_t levels) noexcept {
  if (!region_.OwnsFd()) return true;  // no lock to be had: the store decides alone
  for (std::int64_t byte = first_byte_; byte < first_byte_ + levels; ++byte) {
    if (TryLockBytes(region_.fd(), LockKind::kExclusive, byte, 1) == 0) {
      held_ = byte;
      return true;
    }
  }
  return false;
}

Election::~Election() {
  if (held_ >= 0 && region_.OwnsFd()) {
    (void)TryLockBytes(region_.fd(), LockKind::kNone, held_, 1);
  }
}

}  // namespace shmflake
