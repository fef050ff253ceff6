// SPDX-License-Identifier: Apache-2.0
#include "core/store/plugin_segment_store.h"

#include "core/store/store_plugin_loader.h"

namespace shmflake {
namespace {

// The C++ plan behind a C callback.
struct Decision {
  const SegmentPlan* plan;
  Status status;

  static int Decide(void* context, const shmflake_store_row* found, shmflake_store_row* write) {
    auto* self = static_cast<Decision*>(context);
    return DecideFor(&self->status, [&] {
      const SegmentRow row =
          found == nullptr ? SegmentRow{} : SegmentRow{found->max_id, found->step};
      SegmentRow change;
      Status planned = (*self->plan)(found == nullptr ? nullptr : &row, &change);
      *write = {change.max_id, change.step};
      return planned;
    });
  }
};

class PluginSegmentStore final : public SegmentStore {
 public:
  PluginSegmentStore(const StoreUrl& url, const shmflake_store_plugin* plugin)
      : caller_(url, plugin) {}

  Status Take(const std::string& tag, std::int64_t timeout_ms, const SegmentPlan& plan) override {
    Decision decision{&plan, Status::Ok()};
    const Status status =
        caller_.Call([&](const shmflake_store_target& target, shmflake_store_error* error) {
          return caller_.plugin().take(&target, tag.c_str(), timeout_ms, Decision::Decide,
                                       &decision, error);
        });
    return decision.status.ok() ? status : decision.status;
  }

  Status Init(std::int64_t timeout_ms) override {
    return caller_.Call([&](const shmflake_store_target& target, shmflake_store_error* error) {
      return caller_.plugin().init(&target, timeout_ms, error);
    });
  }

 private:
  const PluginCaller caller_;
};

}  // namespace

Status OpenPluginSegmentStore(const StoreUrl& url, std::unique_ptr<SegmentStore>* out) {
  const shmflake_store_plugin* plugin = nullptr;
  SHMFLAKE_RETURN_IF_ERROR(LoadPlugin(url.scheme, &plugin));
  *out = std::make_unique<PluginSegmentStore>(url, plugin);
  return Status::Ok();
}

}  // namespace shmflake
