// SPDX-License-Identifier: Apache-2.0
#include "core/segment_source.h"

#include <array>
#include <string_view>

#include "core/segment_layout.h"
#include "core/text.h"

namespace shmflake {
namespace {

// Their places are numbers in regions: append only.
constexpr std::array<const char*, 6> kKinds = {"",         "sqlite", "mysql",
                                               "postgres", "etcd",   "callback"};
constexpr std::uint32_t kDefaultPercent = 10;
constexpr std::uint64_t kDefaultMaxStep = 1'000'000;

std::uint8_t KindOf(std::string_view name) noexcept {
  std::uint8_t kind = 0;
  while (kind < kKinds.size() && name != kKinds[kind]) ++kind;
  return kind;
}

Status CheckNumber(const char* name, std::uint64_t value, std::uint64_t highest) {
  if (value >= 1 && value <= highest) return Status::Ok();
  return Fail(Code::OPTION, "%s must be 1..%llu: %llu", name,
              static_cast<unsigned long long>(highest), static_cast<unsigned long long>(value));
}

Status FillDefaults(SegmentOptions* options) {
  if (options->prefetch_percent == 0) options->prefetch_percent = kDefaultPercent;
  if (options->max_step == 0) options->max_step = kDefaultMaxStep;
  SHMFLAKE_RETURN_IF_ERROR(CheckNumber("prefetch_percent", options->prefetch_percent, 90));
  SHMFLAKE_RETURN_IF_ERROR(CheckNumber("max_step", options->max_step, kLongestSegment));
  if (options->step != 0) {
    SHMFLAKE_RETURN_IF_ERROR(CheckNumber("step", options->step, options->max_step));
  }
  if (options->min_step != 0) {
    SHMFLAKE_RETURN_IF_ERROR(CheckNumber("min_step", options->min_step, options->max_step));
  }
  if (options->reserve != nullptr && options->store) {
    return Fail(Code::OPTION, "a tag must have a store or a reserve callback, not both");
  }
  return Status::Ok();
}

}  // namespace

const char* SourceKindName(std::uint64_t mark) noexcept {
  const std::uint64_t kind = mark & 0xff;
  return kind < kKinds.size() ? kKinds[kind] : "";
}

Status OpenStoreByUrl(const Settings& settings, const std::string& url, StoreUrl* parsed,
                      std::unique_ptr<SegmentStore>* out) {
  SHMFLAKE_RETURN_IF_ERROR(ParseStoreUrl(url, parsed));
  return OpenSegmentStore(*parsed, settings.state_directory.value, settings.mode.value, out);
}

Status SegmentSource::Make(const Settings& settings, SegmentOptions* options,
                           std::unique_ptr<SegmentSource>* out) {
  SHMFLAKE_RETURN_IF_ERROR(FillDefaults(options));
  auto source = std::make_unique<SegmentSource>();
  if (options->reserve != nullptr) {
    source->reserve_ = options->reserve;
    source->shown_ = "the reserve callback";
    source->mark_ = StoreMark(0, KindOf("callback"));
  } else {
    StoreUrl url;
    SHMFLAKE_RETURN_IF_ERROR(OpenStoreByUrl(
        settings, options->store.value_or(settings.segment_store.value), &url, &source->store_));
    source->convention_ = url.convention;
    source->shown_ = url.Shown();
    source->mark_ = StoreMark(url.Fingerprint(), KindOf(url.scheme));
    // Without set-up is the point of SQLite; elsewhere a tag that was mistyped must not get a row.
    if (!options->create) options->create = url.scheme == "sqlite";
  }
  *out = std::move(source);
  return Status::Ok();
}

Status SegmentSource::Reserve(const SegmentRequest& request, std::int64_t timeout_ms,
                              SegmentGrant* grant) {
  if (store_ == nullptr) {
    const std::uint64_t step =
        request.step != 0 ? request.step : std::min(kDefaultStep, request.max_step);
    SHMFLAKE_RETURN_IF_ERROR(reserve_(request.tag, step, grant));
    return CheckReserved(request, *grant);
  }
  SegmentRequest asked = request;
  asked.convention = convention_;
  SegmentGrant granted;
  Status status =
      store_->Take(request.tag, timeout_ms, [&](const SegmentRow* found, SegmentRow* write) {
        return PlanSegment(asked, found, write, &granted);
      });
  if (status.ok()) *grant = granted;
  return status;
}

}  // namespace shmflake
