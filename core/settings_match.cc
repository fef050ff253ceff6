// SPDX-License-Identifier: Apache-2.0
// Whether what a caller asked for is what a region was made with.
#include <cinttypes>
#include <cstdio>
#include <string>

#include "core/named_layout.h"
#include "core/region_open.h"
#include "core/store/store_url.h"

namespace shmflake {
namespace {

std::string Text(std::uint64_t value) { return std::to_string(value); }

std::string Octal(std::uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof(text), "%04o", mode);
  return text;
}

// "twitter (41/5+5/12 x ...)", and the bits alone where they have no name.
std::string LayoutText(const std::string& name, const IdFormat& format) {
  return name.empty() ? DescribeFormat(format) : name + " (" + DescribeFormat(format) + ")";
}

// What two texts of one store have in common: hosts in any order, whatever users and certificates.
std::string StoreText(StoreKind kind, const std::string& url) {
  StoreUrl parsed;
  if (!IsShared(kind) || !ParseStoreUrl(url, &parsed).ok()) return StoreKindName(kind);
  char mark[24];
  std::snprintf(mark, sizeof(mark), " (%08x)", static_cast<unsigned>(parsed.Fingerprint() >> 32));
  return parsed.Shown() + mark;
}

}  // namespace

Status CompareSettings(const Settings& settings, const Header& header, const std::string& path) {
  Status status;
  const auto compare = [&](const char* key, bool given, const std::string& source,
                           const std::string& wanted, const std::string& found) {
    if (!given || wanted == found || !status.ok()) return;
    status = Fail(Code::SETTINGS_DIFFER,
                  "%s is %s (%s), but the region %s was made with %s; retire it to change that",
                  key, wanted.c_str(), source.c_str(), path.c_str(), found.c_str());
  };
  const auto number = [&](const char* key, const auto& setting, auto found) {
    compare(key, setting.given, setting.source, std::to_string(setting.value),
            std::to_string(found));
  };
  compare("id_namespace", settings.id_namespace.given, settings.id_namespace.source,
          settings.id_namespace.value, header.id_namespace);
  const auto kind = static_cast<StoreKind>(header.store_kind);
  compare("store", settings.store.given, settings.store.source,
          StoreText(settings.store_kind, settings.store.value), StoreText(kind, header.store_url));
  const IdFormat format = FormatOf(header);
  const NamedLayout* layout = FindLayout(format);
  compare("layout", !settings.layout.value.empty() && settings.format != format,
          settings.layout.source, LayoutText(settings.layout.value, settings.format),
          LayoutText(layout == nullptr ? "" : layout->name, format));
  number("worker_id_bits", settings.worker_id_bits, header.datacenter_bits + header.machine_bits);
  number("machine_bits", settings.machine_bits, header.machine_bits);
  number("sequence_bits", settings.sequence_bits, header.sequence_bits);
  number("timestamp_bits", settings.timestamp_bits, header.timestamp_bits);
  number("worker_id", settings.worker_id, header.worker_id);
  number("tick_us", settings.tick_us, header.tick_us);
  number("epoch_ms", settings.epoch_ms, header.epoch_ms);
  number("max_backward_ms", settings.max_backward_ms, header.max_backward_ms);
  number("horizon_ms", settings.horizon_ms, header.horizon_ms);
  if (IsShared(kind)) number("lease_ttl_ms", settings.lease_ttl_ms, header.lease_ttl_ms);
  const bool relaxed = header.ordering == static_cast<std::uint32_t>(Ordering::kRelaxed);
  compare("ordering", settings.ordering.given, settings.ordering.source, settings.ordering.value,
          relaxed ? "relaxed" : "strict");
  compare("mode", settings.mode.given, settings.mode.source, Octal(settings.mode.value),
          Octal(header.file_mode));
  compare("group", settings.group.given, settings.group.source, Text(settings.gid),
          header.group_id == kNoGroup ? "none" : Text(header.group_id));
  return status;
}

void InheritSettings(const Header& header, Settings* settings) {
  const auto take = [](auto* setting, auto value) {
    if (!setting->given) setting->value = value;
  };
  const auto kind = static_cast<StoreKind>(header.store_kind);
  const bool relaxed = header.ordering == static_cast<std::uint32_t>(Ordering::kRelaxed);
  take(&settings->id_namespace, std::string(header.id_namespace));
  take(&settings->store, std::string(IsShared(kind) ? header.store_url : StoreKindName(kind)));
  if (!settings->store.given) settings->store_kind = kind;
  take(&settings->ordering, std::string(relaxed ? "relaxed" : "strict"));
  if (!settings->ordering.given) {
    settings->ordering_kind = relaxed ? Ordering::kRelaxed : Ordering::kStrict;
  }
  take(&settings->max_backward_ms, header.max_backward_ms);
  take(&settings->horizon_ms, header.horizon_ms);
  if (IsShared(kind)) take(&settings->lease_ttl_ms, std::int64_t{header.lease_ttl_ms});
  take(&settings->mode, header.file_mode);
  if (!settings->group.given && header.group_id != kNoGroup) {
    settings->group.value = Text(header.group_id);
    settings->group.given = true;
    settings->gid = header.group_id;
  }
  // The caller attached to this region: what it gave of the layout is what the region has.
  settings->format = FormatOf(header);
  if (!settings->worker_id.given) {
    settings->worker_id.value = header.worker_id;
    settings->worker_id_source = static_cast<WorkerIdSource>(header.worker_id_source);
  }
}

}  // namespace shmflake
