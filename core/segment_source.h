// SPDX-License-Identifier: Apache-2.0
// Where a tag's segments come from: a store's row, or the application's own callback.
#ifndef SHMFLAKE_CORE_SEGMENT_SOURCE_H_
#define SHMFLAKE_CORE_SEGMENT_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/options.h"
#include "core/segment_plan.h"
#include "core/status.h"
#include "core/store/segment_store.h"

namespace shmflake {

using ReserveFunction =
    std::function<Status(const std::string& tag, std::uint64_t step, SegmentGrant* grant)>;

// As the caller gave them: empty or 0 is the default.
struct SegmentOptions {
  std::optional<std::string> store;
  std::optional<bool> create;
  std::uint32_t prefetch_percent = 0;
  std::uint64_t step = 0;
  std::uint64_t min_step = 0;
  std::uint64_t max_step = 0;
  ReserveFunction reserve;
};

class SegmentSource {
 public:
  // Loads the store's plug-in, asks nothing of the store. Fills in defaults. OPTION, STORE_URL,
  // STORE_PLUGIN.
  static Status Make(const Settings& settings, SegmentOptions* options,
                     std::unique_ptr<SegmentSource>* out);

  // One range that nobody else gets. Thread-safe.
  Status Reserve(const SegmentRequest& request, std::int64_t timeout_ms, SegmentGrant* grant);

  [[nodiscard]] std::uint64_t mark() const { return mark_; }  // segment_tags.h
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  std::unique_ptr<SegmentStore> store_;  // null: the callback's
  ReserveFunction reserve_;
  SegmentConvention convention_ = SegmentConvention::kShmflake;
  std::uint64_t mark_ = 0;
  std::string shown_;
};

// The kind in a mark's lowest byte, by name: "sqlite" ...; "" for none.
[[nodiscard]] const char* SourceKindName(std::uint64_t mark) noexcept;

// store_url.h's URL, or the setting's, opened.
Status OpenStoreByUrl(const Settings& settings, const std::string& url, StoreUrl* parsed,
                      std::unique_ptr<SegmentStore>* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_SOURCE_H_
