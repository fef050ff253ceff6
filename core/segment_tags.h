// SPDX-License-Identifier: Apache-2.0
// The region's directory of tags. Lock-free: an entry's name is written word by word, each by one
// compare-and-swap from 0, by everybody who needs it.
//
// Invariants:
//   (1) A word of a name, once it is not 0, never changes. So an entry that cannot become a tag's
//       never can, and one that bears a tag does for ever.
//   (2) Everybody who looks for a tag walks the entries in one order, and takes the first that is,
//       or can be made, the tag's. By (1) that is the same one for all, whoever is killed in the
//       middle: the next one completes the name, or goes past it.
#ifndef SHMFLAKE_CORE_SEGMENT_TAGS_H_
#define SHMFLAKE_CORE_SEGMENT_TAGS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/segment_layout.h"
#include "core/status.h"

namespace shmflake {

// TAG unless it is 1..64 bytes of UTF-8 without control characters.
Status CheckTag(std::string_view tag);

// The tag's entry, which is made if need be. Null: the region has 256 others.
[[nodiscard]] SegmentEntry* FindTag(SegmentEntry (&entries)[kTagCount],
                                    std::string_view tag) noexcept;

// "" while the entry bears none.
[[nodiscard]] std::string TagOf(const SegmentEntry& entry);

// What the entry's tag is drawn from. The last who asks before the first segment came decides: a
// mistyped one does not stay. Returns what stands.
[[nodiscard]] std::uint64_t AgreeOnStore(SegmentEntry& entry, std::uint64_t mark) noexcept;

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_TAGS_H_
