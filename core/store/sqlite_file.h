// SPDX-License-Identifier: Apache-2.0
// Where an SQLite store's file lies, and whether it is safe to open it.
#ifndef SHMFLAKE_CORE_STORE_SQLITE_FILE_H_
#define SHMFLAKE_CORE_STORE_SQLITE_FILE_H_

#include <cstdint>
#include <string>

#include "core/status.h"

namespace shmflake {

inline constexpr const char* kLeaseFile = "leases.db";
inline constexpr const char* kSegmentFile = "segments.db";

// The store's absolute path, free of symbolic links (SQLite's NOFOLLOW refuses them in directories
// too). Makes the directory, but not its parents, if it is missing. `mode` is that of the file:
// 0660 makes a directory of 2770, so that journals get its group.
Status LocateStoreFile(const std::string& state_directory, const std::string& file_name,
                       std::uint32_t mode, std::string* path);

// Makes an empty file with `mode`, unless there is a file. Nobody sees it with another mode.
Status CreateStoreFile(const std::string& path, std::uint32_t mode);

// SYMLINK, NOT_REGULAR, HARD_LINK, OWNER, MODE when it must not be opened. *exists is false, and
// the result OK, when there is none.
Status CheckStoreFile(const std::string& path, std::uint32_t mode, bool* exists);

// " (pid 17, pid 23)": who holds POSIX locks on the file; "" if that cannot be known.
[[nodiscard]] std::string DescribePosixLockHolders(const std::string& path);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SQLITE_FILE_H_
