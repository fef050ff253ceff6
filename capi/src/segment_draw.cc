// SPDX-License-Identifier: Apache-2.0
// The C ABI's draw of one dense ID: the hot path, compiled for speed.
#include "capi/src/errors.h"
#include "capi/src/segment_handle.h"

using shmflake::DrawError;
using shmflake::SegmentDraw;
using shmflake::SegmentFast;
using shmflake::Status;
using shmflake::capi::DrawerOf;
using shmflake::capi::Guarded;
using shmflake::capi::KeepErrno;
using shmflake::capi::NoCancellation;
using shmflake::capi::SetLastError;
using shmflake::capi::SetNullArgument;

namespace {

Status Next(shmflake_segment* segment, const SegmentDraw* seen, uint64_t* id) {
  return DrawerOf(segment).NextAfter(seen, id);
}

int NextNowait(shmflake_segment* segment, const SegmentDraw* seen, uint64_t* id) noexcept {
  const KeepErrno keep_errno;
  const NoCancellation no_cancellation;
  const DrawError error = DrawerOf(segment).NextNowaitAfter(seen, id);
  return error.ok() ? 0 : SetLastError(error);
}

// What follows the hot path, out of line and called last, with all in registers, so that none is
// saved there.
struct Waiting {
  [[gnu::noinline]] static int None(shmflake_segment* segment, uint64_t* id) noexcept {
    return Guarded([&] { return Next(segment, nullptr, id); });
  }
  [[gnu::noinline]] static int Added(shmflake_segment* segment, uint64_t* id,
                                     shmflake::SegmentEntry* entry, uint64_t cursor,
                                     uint64_t floor) noexcept {
    const SegmentDraw seen{entry, cursor, floor};
    return Guarded([&] { return Next(segment, &seen, id); });
  }
};
struct AtOnce {
  [[gnu::noinline]] static int None(shmflake_segment* segment, uint64_t* id) noexcept {
    return NextNowait(segment, nullptr, id);
  }
  [[gnu::noinline]] static int Added(shmflake_segment* segment, uint64_t* id,
                                     shmflake::SegmentEntry* entry, uint64_t cursor,
                                     uint64_t floor) noexcept {
    const SegmentDraw seen{entry, cursor, floor};
    return NextNowait(segment, &seen, id);
  }
};

template <typename After>
[[gnu::always_inline]] inline int DrawSegment(shmflake_segment* segment, uint64_t* id) noexcept {
  if (segment == nullptr) [[unlikely]]
    return SetNullArgument("segment");
  if (id == nullptr) [[unlikely]]
    return SetNullArgument("id");
  SegmentDraw seen;
  switch (segment->cache.Draw(id, &seen)) {
    [[likely]] case SegmentFast::kDrawn : return 0;
    case SegmentFast::kAdded:
      return After::Added(segment, id, seen.entry, seen.cursor, seen.floor);
    case SegmentFast::kNone:
      break;
  }
  return After::None(segment, id);
}

}  // namespace

extern "C" {

int shmflake_segment_next(shmflake_segment* segment, uint64_t* id) {
  return DrawSegment<Waiting>(segment, id);
}

int shmflake_segment_next_nowait(shmflake_segment* segment, uint64_t* id) {
  return DrawSegment<AtOnce>(segment, id);
}

}  // extern "C"
