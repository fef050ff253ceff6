// SPDX-License-Identifier: Apache-2.0
#include "core/settings.h"

#include <algorithm>
#include <exception>
#include <new>
#include <type_traits>

#include "core/setting_rules.h"
#include "core/setting_sources.h"
#include "core/setting_table.h"
#include "core/text.h"

namespace shmflake {

Settings::Settings() = default;
Settings::Settings(const Settings& other) = default;
Settings::Settings(Settings&& other) noexcept = default;
Settings& Settings::operator=(const Settings& other) = default;
Settings& Settings::operator=(Settings&& other) noexcept = default;
Settings::~Settings() = default;
Options::~Options() = default;

namespace {

// The setting's value, or the table's default; it has been checked, so that a number fits its
// member.
template <typename T>
T ValueOf(const SettingSpec& spec, const GivenValue* given) {
  if constexpr (std::is_same_v<T, std::string>) {
    return given != nullptr ? std::get<std::string>(given->value) : std::string(spec.text);
  } else if constexpr (std::is_same_v<T, bool>) {
    return given != nullptr ? std::get<bool>(given->value) : spec.number != 0;
  } else {
    return static_cast<T>(given != nullptr ? std::get<std::int64_t>(given->value) : spec.number);
  }
}

void Merge(const SettingSources& sources, Settings* out) {
  for (const SettingSpec& spec : SettingTable()) {
    if (spec.kind == SettingKind::kWorkerPart) continue;
    const GivenValue* given = sources.Find(spec);
    VisitMembers(spec, [&](const auto& members) {
      auto& setting = out->*members.setting;
      setting.value = ValueOf<std::decay_t<decltype(setting.value)>>(spec, given);
      if (given != nullptr) setting.source = given->source;
      setting.given = given != nullptr;
    });
  }
}

Status Resolve(const Host& host, const char* name, const Options& options, Settings* out) {
  out->name = name == nullptr ? "default" : name;
  if (!IsName(out->name)) {
    return Fail(Code::NAME, "a region's name %s: %s", kNameRule, Quote(out->name).c_str());
  }
  SettingSources sources;
  SHMFLAKE_RETURN_IF_ERROR(ReadSources(host, options, &sources, &out->config_file));
  Merge(sources, out);
  if (!out->id_namespace.given) out->id_namespace.value = out->name;
  out->ordering_kind = out->ordering.value == "relaxed" ? Ordering::kRelaxed : Ordering::kStrict;
  SHMFLAKE_RETURN_IF_ERROR(ParseStoreKind(out->store.value, &out->store_kind));
  FillDirectories(host, out);
  SHMFLAKE_RETURN_IF_ERROR(FillGroupAndMode(host, sources, out));
  SHMFLAKE_RETURN_IF_ERROR(FillFormat(host, sources, out));
  // A burst must be able to borrow from the next tick, however long that is, and to wait for it.
  const std::uint32_t two_ticks_ms = 2 * out->format.tick_us / 1000;
  if (!out->max_backward_ms.given) {
    const std::uint32_t most = out->horizon_ms.given ? (out->horizon_ms.value - 1) / 2 : ~0U;
    std::uint32_t& backward = out->max_backward_ms.value;
    backward = std::max(backward, std::min(two_ticks_ms, most));
  }
  if (!out->wait_timeout_ms.given) {
    out->wait_timeout_ms.value = std::max(out->wait_timeout_ms.value, two_ticks_ms);
  }
  if (!out->horizon_ms.given) {  // every max_backward_ms must work alone
    out->horizon_ms.value = std::max(out->horizon_ms.value, 4 * out->max_backward_ms.value);
  }
  SHMFLAKE_RETURN_IF_ERROR(CheckHorizon(sources, *out));
  SHMFLAKE_RETURN_IF_ERROR(FillLeaseTtl(sources, out));
  return FillWorkerId(host, sources, out);
}

// As it would be written in the file, without quotes; "" for what is not set.
template <typename T>
std::string Show(const SettingSpec& spec, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    if (spec.kind == SettingKind::kMode) return FormatOctal(static_cast<std::uint32_t>(value));
    const bool is_unset = spec.kind == SettingKind::kInteger && value < spec.lowest;
    return is_unset ? "" : std::to_string(value);
  }
}

}  // namespace

Status ResolveSettingsOn(const Host& host, const char* name, const Options& options,
                         Settings* out) {
  try {
    *out = Settings{};
    return Resolve(host, name, options, out);
  } catch (const std::bad_alloc&) {
    return {Code::NO_MEMORY, "no memory"};
  } catch (const std::exception& error) {
    return Fail(Code::SYSTEM, "cannot read the settings: %s", error.what());
  }
}

Status ResolveSettings(const char* name, const Options& options, Settings* out) {
  return ResolveSettingsOn(Host(), name, options, out);
}

std::vector<SettingLine> ListSettings(const Settings& settings) {
  std::vector<SettingLine> lines;
  lines.push_back({"config_file", settings.config_file.value, settings.config_file.source});
  for (const SettingSpec& spec : SettingTable()) {
    VisitMembers(spec, [&](const auto& members) {
      const auto& setting = settings.*members.setting;
      std::string value = Show(spec, setting.value);
      // Which one it is, is known when a region is created.
      const bool leased = spec.kind == SettingKind::kWorkerPart &&
                          settings.worker_id_source == WorkerIdSource::kLease;
      if (leased) value.clear();
      lines.push_back({std::string(spec.key), std::move(value), setting.source});
    });
  }
  return lines;
}

}  // namespace shmflake
