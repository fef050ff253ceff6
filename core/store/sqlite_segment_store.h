// SPDX-License-Identifier: Apache-2.0
// Segments in an SQLite file: segments.db of the state directory, or one of the application's.
#ifndef SHMFLAKE_CORE_STORE_SQLITE_SEGMENT_STORE_H_
#define SHMFLAKE_CORE_STORE_SQLITE_SEGMENT_STORE_H_

#include <memory>
#include <string>

#include "core/store/segment_store.h"

namespace shmflake {

// Does no I/O but to look where the file lies; Take and Init make what is missing.
Status OpenSqliteSegmentStore(const StoreUrl& url, const std::string& state_directory,
                              std::uint32_t mode, std::unique_ptr<SegmentStore>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_SQLITE_SEGMENT_STORE_H_
