// SPDX-License-Identifier: Apache-2.0
// The region's header: sealing a new one, and refusing every one that is not understood. Pure
// functions on a private copy; what a region says is never read from the mapping again.
#ifndef SHMFLAKE_CORE_HEADER_H_
#define SHMFLAKE_CORE_HEADER_H_

#include <cstddef>
#include <string>

#include "core/id_format.h"
#include "core/layout.h"
#include "core/platform.h"
#include "core/status.h"

namespace shmflake {

[[nodiscard]] IdFormat FormatOf(const Header& header) noexcept;
void SetFormat(const IdFormat& format, Header* header) noexcept;

// The state word's value at birth, "the last issued" before the first.
[[nodiscard]] std::uint64_t BirthState(const Header& header) noexcept;

// Writes the fixed fields and the checksum. The header is complete then.
void SealHeader(Header* header) noexcept;

// `bytes` is how much of *header the file had, `file_size` what fstat says. TRUNCATED, MAGIC,
// OLDER_VERSION, NEWER_VERSION, CHECKSUM, FEATURES or HEADER, each with the path and what was
// found.
Status CheckHeader(const Header& header, std::size_t bytes, std::uint64_t file_size,
                   const std::string& path);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_HEADER_H_
