// SPDX-License-Identifier: Apache-2.0
// An ID taken apart into the C ABI's struct. Async-signal-safe.
#ifndef SHMFLAKE_CAPI_SRC_PARTS_H_
#define SHMFLAKE_CAPI_SRC_PARTS_H_

#include "capi/src/errors.h"
#include "capi/src/handle.h"

namespace shmflake::capi {

inline int DecodeInto(const IdFormat& format, uint64_t id, shmflake_parts* out) noexcept {
  IdParts parts;
  if (!SplitId(format, id, &parts)) {
    return SetLastError(DrawError{Code::ID, static_cast<std::int64_t>(id), format.id_bits()});
  }
  out->timestamp = parts.timestamp;
  out->sequence = parts.sequence;
  out->worker_id = parts.worker_id;
  out->datacenter_id = parts.datacenter_id;
  out->machine_id = parts.machine_id;
  out->reserved = 0;
  out->unix_ms = UnixMsOfTick(format, parts.timestamp);
  out->unix_ns = UnixNsOfTick(format, parts.timestamp);
  return 0;
}

}  // namespace shmflake::capi

#endif  // SHMFLAKE_CAPI_SRC_PARTS_H_
