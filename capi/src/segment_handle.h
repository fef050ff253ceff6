// SPDX-License-Identifier: Apache-2.0
// What stands behind the C ABI's opaque handle of a tag.
#ifndef SHMFLAKE_CAPI_SRC_SEGMENT_HANDLE_H_
#define SHMFLAKE_CAPI_SRC_SEGMENT_HANDLE_H_

#include "capi/src/handle.h"
#include "core/segment_generator.h"

// The opaque handle is what a draw needs first: one look-up less than the drawer's address.
struct shmflake_segment {
  shmflake::SegmentCache cache;
};

namespace shmflake::capi {

inline SegmentGenerator& DrawerOf(shmflake_segment* segment) noexcept {
  return SegmentGenerator::Of(&segment->cache);
}

}  // namespace shmflake::capi

#endif  // SHMFLAKE_CAPI_SRC_SEGMENT_HANDLE_H_
