// SPDX-License-Identifier: Apache-2.0
// The region's file: opened safely, made whole. What is not understood is never deleted or
// rewritten.
#ifndef SHMFLAKE_CORE_REGION_FILE_H_
#define SHMFLAKE_CORE_REGION_FILE_H_

#include <cstdint>
#include <string>

#include "core/header.h"
#include "core/options.h"
#include "core/platform.h"
#include "core/status.h"

namespace shmflake {

struct RegionFile {
  UniqueFd fd;
  Header header{};  // a private, checked copy
  std::uint64_t uuid_state = 0;
  std::uint64_t state = 0;  // the state word when it was opened
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  [[nodiscard]] bool retired() const { return (state & kRetiredBit) != 0; }
};

[[nodiscard]] std::string RegionPath(const Settings& settings);

// The directory must exist, and belong to the user, to root, or be opened to the group by option.
Status CheckRegionDirectory(const Settings& settings, std::uint64_t* device, std::uint64_t* inode);

// NOT_FOUND when there is none; SYMLINK, NOT_REGULAR, HARD_LINK, OWNER, MODE, or what CheckHeader
// says.
Status OpenRegionFile(const Settings& settings, RegionFile* out);

// Whether the path still leads to this very file.
[[nodiscard]] bool IsStillNamed(const std::string& path, const RegionFile& file);

// The right to take the name from a retired region's file, by replacing or unlinking it, until the
// file is closed. The creation lock is one of a state directory, and there may be two. *named is
// false when the name is not its own any more. TIMEOUT.
Status LockName(const std::string& path, const RegionFile& file, std::int64_t deadline_ns,
                bool* named);

// What a new region holds besides its header.
struct RegionContent {
  Header header{};  // sealed here
  std::uint64_t state = 0;
  std::uint64_t ceiling = 0;
  std::uint64_t uuid_state = 0;
  std::int64_t clock_offset_ns = 0;
};

// An unnamed file with its space taken and its content written: nobody sees it, a crash leaves
// nothing.
Status MakeRegionFile(const Settings& settings, RegionContent* content, UniqueFd* out);

// Gives it its name. With `replace`, in place of a retired region's file; else the name must be
// free.
Status PublishRegionFile(const Settings& settings, const UniqueFd& fd, bool replace);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_REGION_FILE_H_
