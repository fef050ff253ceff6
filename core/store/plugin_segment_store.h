// SPDX-License-Identifier: Apache-2.0
// A store of segments that a plug-in (store_plugin.h) reaches.
#ifndef SHMFLAKE_CORE_STORE_PLUGIN_SEGMENT_STORE_H_
#define SHMFLAKE_CORE_STORE_PLUGIN_SEGMENT_STORE_H_

#include <memory>

#include "core/store/segment_store.h"

namespace shmflake {

Status OpenPluginSegmentStore(const StoreUrl& url, std::unique_ptr<SegmentStore>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_PLUGIN_SEGMENT_STORE_H_
