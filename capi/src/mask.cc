// SPDX-License-Identifier: Apache-2.0
// The C ABI's masked IDs. Success touches nothing but the arguments.
#include "core/mask.h"

#include "capi/src/errors.h"
#include "capi/src/handle.h"

using shmflake::Code;
using shmflake::IdMask;
using shmflake::capi::SetLastError;

namespace {

constexpr std::uint32_t kMaskBits = 63;

// Async-signal-safe: which of them was NULL is not said. 0 when all is well.
int CheckArguments(const unsigned char* key, uint64_t id, const uint64_t* out) noexcept {
  if (key == nullptr || out == nullptr) [[unlikely]] {
    return SetLastError(shmflake::DrawError{Code::NULL_ARGUMENT, 0, 0});
  }
  if ((id >> kMaskBits) != 0) [[unlikely]] {
    return SetLastError(
        shmflake::DrawError{Code::ID, static_cast<std::int64_t>(id), std::int64_t{kMaskBits}});
  }
  return 0;
}

}  // namespace

extern "C" {

int shmflake_mask(const unsigned char key[16], uint64_t id, uint64_t* masked) {
  if (const int code = CheckArguments(key, id, masked); code != 0) return code;
  *masked = IdMask(key).Mask(id);
  return 0;
}

int shmflake_unmask(const unsigned char key[16], uint64_t masked, uint64_t* id) {
  if (const int code = CheckArguments(key, masked, id); code != 0) return code;
  *id = IdMask(key).Unmask(masked);
  return 0;
}

}  // extern "C"
