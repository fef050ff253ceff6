// SPDX-License-Identifier: Apache-2.0
// The ID layout that the configuration says.
#include <algorithm>
#include <limits>
#include <utility>

#include "layout.h"
#include "text.h"

namespace tool {
namespace {

constexpr const char* kLayoutKeys[] = {"layout",       "timestamp_bits", "worker_id_bits",
                                       "machine_bits", "sequence_bits",  "tick_us",
                                       "epoch_ms"};

const shmflake_setting* Find(const std::vector<shmflake_setting>& settings, std::string_view key) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const shmflake_setting& one) { return key == one.key; });
  return found == settings.end() ? nullptr : &*found;
}

bool SameFormat(const Layout& a, const Layout& b) {
  return a.id_bits == b.id_bits && a.timestamp_bits == b.timestamp_bits &&
         a.datacenter_bits == b.datacenter_bits && a.machine_bits == b.machine_bits &&
         a.sequence_bits == b.sequence_bits && a.tick_us == b.tick_us &&
         a.worker_last == b.worker_last;
}

}  // namespace

int ReadSettings(const RegionOptions& region, std::vector<shmflake_setting>* out) {
  const shmflake_options options = region.Build();
  std::size_t count = 64;
  std::vector<shmflake_setting> settings;
  do {
    settings.resize(count);
    const int code =
        shmflake_settings(region.name(), &options, settings.data(), settings.size(), &count);
    if (code != SHMFLAKE_OK) return code;
  } while (count > settings.size());
  settings.resize(count);
  *out = std::move(settings);
  return SHMFLAKE_OK;
}

bool LayoutOf(const std::vector<shmflake_setting>& settings, Layout* out) {
  const auto number = [&settings](std::string_view key, std::uint32_t* value) {
    const shmflake_setting* setting = Find(settings, key);
    if (setting == nullptr) return false;
    std::uint64_t parsed = 0;  // "" where a layout has no such bits
    if (setting->value[0] != '\0' &&
        !ParseUnsigned(setting->value, std::numeric_limits<std::uint32_t>::max(), &parsed)) {
      return false;
    }
    *value = static_cast<std::uint32_t>(parsed);
    return true;
  };
  Layout layout;
  std::uint32_t worker_bits = 0;
  const shmflake_setting* epoch = Find(settings, "epoch_ms");
  const shmflake_setting* name = Find(settings, "layout");
  if (!number("timestamp_bits", &layout.timestamp_bits) ||
      !number("worker_id_bits", &worker_bits) || !number("machine_bits", &layout.machine_bits) ||
      !number("sequence_bits", &layout.sequence_bits) || !number("tick_us", &layout.tick_us) ||
      epoch == nullptr || !ParseSigned(epoch->value, &layout.epoch_ms) || name == nullptr ||
      worker_bits < layout.machine_bits) {
    return false;
  }
  layout.datacenter_bits = worker_bits - layout.machine_bits;
  layout.id_bits = layout.timestamp_bits + worker_bits + layout.sequence_bits;
  // What only a layout by name can be, and which one it is.
  const std::vector<shmflake_layout_info> named = NamedLayouts();
  for (const shmflake_layout_info& info : named) {
    if (std::string_view(name->value) == info.name) layout.worker_last = info.worker_last != 0;
  }
  for (const shmflake_layout_info& info : named) {
    if (layout.name.empty() && SameFormat(layout, LayoutOf(info)) &&
        layout.epoch_ms == info.epoch_ms) {
      layout.name = info.name;
    }
  }
  *out = std::move(layout);
  return out->id_bits > 0 && out->id_bits <= 63;
}

bool LayoutIsSaid(const std::vector<shmflake_setting>& settings) {
  return std::any_of(std::begin(kLayoutKeys), std::end(kLayoutKeys), [&](const char* key) {
    const shmflake_setting* setting = Find(settings, key);
    return setting != nullptr && std::string_view(setting->source) != "default";
  });
}

}  // namespace tool
