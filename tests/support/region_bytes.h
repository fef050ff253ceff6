// SPDX-License-Identifier: Apache-2.0
// Where things lie in a region file, for tests through the C ABI: shmflake.h and the core cannot be
// included together.
#ifndef SHMFLAKE_TESTS_SUPPORT_REGION_BYTES_H_
#define SHMFLAKE_TESTS_SUPPORT_REGION_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace flake::test {

extern const std::uint32_t kVersion;  // of the layout
extern const std::size_t kRegionBytes;
extern const std::size_t kHeaderBytes;
extern const std::size_t kStateAt;
extern const std::size_t kCeilingAt;
extern const std::size_t kSlotsAt;
extern const std::size_t kTagsAt;  // segment mode's
extern const std::size_t kTagsBytes;

// The native bytes of a word.
[[nodiscard]] std::string BytesOf(std::uint64_t word);

// A region file's bytes with another value of a header's field, and a checksum that is right.
[[nodiscard]] std::string WithField(std::string file, const std::string& field,
                                    std::uint64_t value);
// The same for a text field, all of whose bytes become `fill`.
[[nodiscard]] std::string WithText(std::string file, const std::string& field, char fill);

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_REGION_BYTES_H_
