// SPDX-License-Identifier: Apache-2.0
#include "core/setting_rules.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "core/named_layout.h"
#include "core/text.h"
#include "core/worker_id.h"

namespace shmflake {

void FillDirectories(const Host& host, Settings* out) {
  const std::string user = std::to_string(host.EffectiveUserId());
  if (!out->directory.given) out->directory.value = "/dev/shm/shmflake-" + user;
  if (out->state_directory.given) return;
  out->state_directory.value = "/var/tmp/shmflake-" + user;
  if (host.EffectiveUserId() == 0) {
    out->state_directory.value = "/var/lib/shmflake";
  } else if (const auto home = host.HomeDirectory()) {
    // The same rule as for a directory that is given: an odd home falls through.
    const SettingSpec& spec = *FindSetting("state_directory");
    const GivenValue candidate{*home + "/.local/state/shmflake", SettingOrigin::kOption, "", ""};
    if (CheckValue(spec, candidate).ok()) {
      out->state_directory.value = std::get<std::string>(candidate.value);
    }
  }
}

Status FillGroupAndMode(const Host& host, const SettingSources& sources, Settings* out) {
  const SettingSpec& mode = *FindSetting("mode");
  if (!out->group.given) {
    if (out->mode.value == static_cast<std::uint32_t>(mode.number)) return Status::Ok();
    const GivenValue& given = *sources.Find(mode);
    return Fail(CodeOf(mode, given.origin), "%s must be %s when no group is given: %s",
                given.subject.c_str(), FormatOctal(static_cast<std::uint32_t>(mode.number)).c_str(),
                ShowValue(mode, given.value).c_str());
  }
  if (!out->mode.given) {
    out->mode.value = 0660;
    out->mode.source = "default with a group";
  }
  const std::string& group = out->group.value;
  // The number one below 2^32 is chown(2)'s "leave it as it is".
  const std::optional<std::int64_t> number = ParseInteger(group, /*allow_negative=*/false);
  if (number && *number < std::numeric_limits<std::uint32_t>::max()) {
    out->gid = static_cast<std::uint32_t>(*number);
    return Status::Ok();
  }
  int error = 0;
  if (const std::optional<std::uint32_t> gid = host.GroupId(group, &error)) {
    out->gid = *gid;
    return Status::Ok();
  }
  const SettingSpec& spec = *FindSetting("group");
  const GivenValue& given = *sources.Find(spec);
  return Fail(
      CodeOf(spec, given.origin), "%s %s of this host: %s%s", given.subject.c_str(),
      RuleOf(spec).c_str(), Quote(group).c_str(),
      std::string(error != 0 ? std::string(": ") + std::strerror(error) : std::string()).c_str());
}

namespace {

// A layout that is known by name sets everything but the epoch, which deployments choose.
Status FillNamedFormat(const SettingSources& sources, Settings* out) {
  const IdFormat& format = FindLayout(out->layout.value)->format;
  const struct {
    const char* key;
    Setting<std::uint32_t>* setting;
    std::uint32_t value;
  } parts[] = {{"timestamp_bits", &out->timestamp_bits, format.timestamp_bits},
               {"worker_id_bits", &out->worker_id_bits, format.worker_bits()},
               {"machine_bits", &out->machine_bits, format.machine_bits},
               {"sequence_bits", &out->sequence_bits, format.sequence_bits},
               {"tick_us", &out->tick_us, format.tick_us}};
  for (const auto& [key, setting, value] : parts) {
    if (setting->given && setting->value != value) {
      return Fail(Code::LAYOUT, "%s must be that of layout %s (%s), %s: %s",
                  sources.Find(key)->subject.c_str(), Quote(out->layout.value).c_str(),
                  out->layout.source.c_str(), std::to_string(value).c_str(),
                  std::to_string(setting->value).c_str());
    }
    setting->value = value;
    if (!setting->given) setting->source = "layout " + out->layout.value;
  }
  const std::int64_t epoch_ms = out->epoch_ms.given ? out->epoch_ms.value : format.epoch_ms;
  out->epoch_ms.value = epoch_ms;
  if (!out->epoch_ms.given) out->epoch_ms.source = "layout " + out->layout.value;
  out->format = format;
  out->format.epoch_ms = epoch_ms;
  return Status::Ok();
}

Status FillFormatFromBits(const SettingSources& sources, Settings* out) {
  const std::uint32_t worker_bits = out->worker_id_bits.value;
  const std::uint32_t sequence_bits = out->sequence_bits.value;
  if (!out->machine_bits.given) out->machine_bits.value = std::max(worker_bits, 3U) - 2;
  if (out->machine_bits.value > worker_bits) {
    return Fail(Code::LAYOUT, "%s must be 1..worker_id_bits, 1..%s (%s): %s",
                sources.Find("machine_bits")->subject.c_str(), std::to_string(worker_bits).c_str(),
                out->worker_id_bits.source.c_str(),
                std::to_string(out->machine_bits.value).c_str());
  }
  const std::uint32_t rest = kIdBits - worker_bits - sequence_bits;
  if (!out->timestamp_bits.given) out->timestamp_bits.value = rest;
  if (out->timestamp_bits.value != rest) {  // fewer bits in all are a named layout's
    return Fail(Code::LAYOUT,
                "timestamp_bits must be what worker_id_bits and sequence_bits leave, 63 - %s - %s "
                "= %s: %s (worker_id_bits: %s, sequence_bits: %s, timestamp_bits: %s)",
                std::to_string(worker_bits).c_str(), std::to_string(sequence_bits).c_str(),
                std::to_string(rest).c_str(), std::to_string(out->timestamp_bits.value).c_str(),
                out->worker_id_bits.source.c_str(), out->sequence_bits.source.c_str(),
                out->timestamp_bits.source.c_str());
  }
  out->format = {.timestamp_bits = out->timestamp_bits.value,
                 .datacenter_bits = worker_bits - out->machine_bits.value,
                 .machine_bits = out->machine_bits.value,
                 .sequence_bits = sequence_bits,
                 .tick_us = out->tick_us.value,
                 .epoch_ms = out->epoch_ms.value};
  return Status::Ok();
}

}  // namespace

Status FillFormat(const Host& host, const SettingSources& sources, Settings* out) {
  SHMFLAKE_RETURN_IF_ERROR(!out->layout.value.empty() ? FillNamedFormat(sources, out)
                                                      : FillFormatFromBits(sources, out));
  if (const Status status = ValidateFormat(out->format); !status.ok()) {
    return Fail(status.code(), "%s (worker_id_bits: %s, sequence_bits: %s, timestamp_bits: %s)",
                status.message().c_str(), out->worker_id_bits.source.c_str(),
                out->sequence_bits.source.c_str(), out->timestamp_bits.source.c_str());
  }
  // A clock that is before the default epoch is the draw's to refuse: nobody asked for that epoch.
  const std::int64_t now = host.NowUnixMs();
  if (out->epoch_ms.given && out->epoch_ms.value > now) {
    return Fail(Code::LAYOUT, "%s must not be after now (%s): %s",
                sources.Find("epoch_ms")->subject.c_str(), std::to_string(now).c_str(),
                std::to_string(out->epoch_ms.value).c_str());
  }
  return Status::Ok();
}

Status CheckHorizon(const SettingSources& sources, const Settings& settings) {
  const std::uint64_t horizon = settings.horizon_ms.value;
  const std::uint64_t backward = settings.max_backward_ms.value;
  if (horizon > 2 * backward) return Status::Ok();
  const SettingSpec& spec = *FindSetting("horizon_ms");
  const GivenValue* given = sources.Find(spec);
  if (given == nullptr) given = sources.Find("max_backward_ms");
  return Fail(CodeOf(spec, given->origin),
              "horizon_ms must be more than 2 x max_backward_ms, 2 x %s (%s): %s (%s)",
              std::to_string(backward).c_str(), settings.max_backward_ms.source.c_str(),
              std::to_string(horizon).c_str(), settings.horizon_ms.source.c_str());
}

Status FillLeaseTtl(const SettingSources& sources, Settings* out) {
  const std::int64_t horizon = out->horizon_ms.value;
  if (!out->lease_ttl_ms.given) {
    out->lease_ttl_ms.value = std::max(out->lease_ttl_ms.value, 2 * horizon);
    return Status::Ok();
  }
  if (out->lease_ttl_ms.value > horizon) return Status::Ok();
  const SettingSpec& spec = *FindSetting("lease_ttl_ms");
  return Fail(CodeOf(spec, sources.Find(spec)->origin),
              "lease_ttl_ms must be more than horizon_ms, %s (%s): %s (%s)",
              std::to_string(horizon).c_str(), out->horizon_ms.source.c_str(),
              std::to_string(out->lease_ttl_ms.value).c_str(), out->lease_ttl_ms.source.c_str());
}

Status FillWorkerId(const Host& host, const SettingSources& sources, Settings* out) {
  const struct {
    const SettingLayer& layer;
    WorkerIdSource source;
  } layers[] = {{sources.options, WorkerIdSource::kOption},
                {sources.environment, WorkerIdSource::kEnvironment},
                {sources.file, WorkerIdSource::kConfigFile}};
  // Only the source that counts is held against the bits: another one may have been written for
  // others.
  for (const auto& [layer, source] : layers) {
    std::optional<Setting<std::uint32_t>> found;
    SHMFLAKE_RETURN_IF_ERROR(WorkerIdOfLayer(out->format, layer, &found));
    if (found) {
      out->worker_id = *found;
      out->worker_id_source = source;
      return Status::Ok();
    }
  }
  if (IsShared(out->store_kind)) {
    out->worker_id = {0, "lease from the store", false};
    out->worker_id_source = WorkerIdSource::kLease;
    return Status::Ok();
  }
  return WorkerIdOfHost(out->format, host, &out->worker_id, &out->worker_id_source);
}

}  // namespace shmflake
