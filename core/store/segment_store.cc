// SPDX-License-Identifier: Apache-2.0
#include "core/store/segment_store.h"

#include "core/store/plugin_segment_store.h"
#include "core/store/sqlite_segment_store.h"

namespace shmflake {

Status OpenSegmentStore(const StoreUrl& url, const std::string& state_directory, std::uint32_t mode,
                        std::unique_ptr<SegmentStore>* out) {
  if (url.scheme == "sqlite") return OpenSqliteSegmentStore(url, state_directory, mode, out);
  return OpenPluginSegmentStore(url, out);
}

}  // namespace shmflake
