// SPDX-License-Identifier: Apache-2.0
#include "core/worker_id.h"

#include <cinttypes>
#include <cstdio>

#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::uint32_t kLoopback = 0x7f000001;
constexpr std::size_t kMostOrdinalDigits = 4;

Status CheckPart(const char* key, const GivenValue& given, std::uint64_t highest) {
  const auto value = std::get<std::int64_t>(given.value);
  if (value >= 0 && static_cast<std::uint64_t>(value) <= highest) return Status::Ok();
  return Fail(CodeOf(*FindSetting(key), given.origin), "%s must be 0..%s: %s",
              given.subject.c_str(), std::to_string(highest).c_str(),
              std::to_string(value).c_str());
}

std::uint64_t Number(const GivenValue& given) {
  return static_cast<std::uint64_t>(std::get<std::int64_t>(given.value));
}

// The code of a source whose values do not go together.
Code ConflictCode(const GivenValue& given) {
  return given.origin == SettingOrigin::kEnvironment ? Code::ENVIRONMENT : Code::CONFIG_VALUE;
}

std::string FormatAddress(std::uint32_t address) {
  char text[16];
  std::snprintf(text, sizeof(text), "%u.%u.%u.%u", address >> 24 & 0xff, address >> 16 & 0xff,
                address >> 8 & 0xff, address & 0xff);
  return text;
}

}  // namespace

const char* WorkerIdSourceName(WorkerIdSource source) {
  switch (source) {
    case WorkerIdSource::kOption:
      return "option";
    case WorkerIdSource::kEnvironment:
      return "environment";
    case WorkerIdSource::kConfigFile:
      return "config_file";
    case WorkerIdSource::kLease:
      return "lease";
    case WorkerIdSource::kStatefulSet:
      return "statefulset";
    case WorkerIdSource::kHostAddress:
      return "host_address";
  }
  return "unknown";
}

bool IsGuaranteedUnique(WorkerIdSource source) {
  switch (source) {
    case WorkerIdSource::kOption:
    case WorkerIdSource::kEnvironment:
    case WorkerIdSource::kConfigFile:
    case WorkerIdSource::kLease:
    case WorkerIdSource::kStatefulSet:
      return true;
    case WorkerIdSource::kHostAddress:
      break;
  }
  return false;
}

std::optional<std::uint32_t> StatefulSetOrdinal(std::string_view pod_name) {
  const std::size_t dash = pod_name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view digits = pod_name.substr(dash + 1);
  if (digits.size() > kMostOrdinalDigits) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;  // ordinals have no leading zero
  const std::optional<std::int64_t> ordinal = ParseInteger(digits, /*allow_negative=*/false);
  if (!ordinal) return std::nullopt;
  return static_cast<std::uint32_t>(*ordinal);
}

Status CheckWorkerIdPair(const SettingLayer& layer) {
  const GivenValue* datacenter = layer.Find("datacenter_id");
  const GivenValue* machine = layer.Find("machine_id");
  if ((datacenter == nullptr) == (machine == nullptr)) return Status::Ok();
  const GivenValue& one = datacenter != nullptr ? *datacenter : *machine;
  const SettingSpec* other = FindSetting(datacenter != nullptr ? "machine_id" : "datacenter_id");
  const bool is_variable = one.origin == SettingOrigin::kEnvironment;
  return Fail(ConflictCode(one), "%s must be given together with %s: %s", one.subject.c_str(),
              (is_variable ? VariablesOf(*other).front() : std::string(other->key)).c_str(),
              std::to_string(std::get<std::int64_t>(one.value)).c_str());
}

Status WorkerIdOfLayer(const IdFormat& format, const SettingLayer& layer,
                       std::optional<Setting<std::uint32_t>>* out) {
  out->reset();
  const GivenValue* whole = layer.Find("worker_id");
  const GivenValue* datacenter = layer.Find("datacenter_id");
  const GivenValue* machine = layer.Find("machine_id");
  if (whole != nullptr) {
    SHMFLAKE_RETURN_IF_ERROR(CheckPart("worker_id", *whole, format.max_worker_id()));
    *out = {static_cast<std::uint32_t>(Number(*whole)), whole->source, true};
  }
  if (datacenter == nullptr || machine == nullptr) return CheckWorkerIdPair(layer);

  SHMFLAKE_RETURN_IF_ERROR(
      CheckPart("datacenter_id", *datacenter, LowMask(format.datacenter_bits)));
  SHMFLAKE_RETURN_IF_ERROR(CheckPart("machine_id", *machine, LowMask(format.machine_bits)));
  const auto joined =
      static_cast<std::uint32_t>(Number(*datacenter) << format.machine_bits | Number(*machine));
  if (whole != nullptr && (*out)->value != joined) {
    char text[160];
    std::snprintf(text, sizeof(text),
                  " must be datacenter_id << machine_bits | machine_id, %" PRIu64
                  " << %u | %" PRIu64 " = %u, when all are given: %u",
                  Number(*datacenter), format.machine_bits, Number(*machine), joined,
                  (*out)->value);
    return Fail(ConflictCode(*whole), "%s%s", whole->subject.c_str(), text);
  }
  if (whole == nullptr) {
    const bool is_variable = datacenter->origin == SettingOrigin::kEnvironment;
    *out = {joined,
            is_variable ? datacenter->source + " and " + machine->subject : datacenter->source,
            true};
  }
  return Status::Ok();
}

Status WorkerIdOfHost(const IdFormat& format, const Host& host, Setting<std::uint32_t>* out,
                      WorkerIdSource* source) {
  if (host.Variable("KUBERNETES_SERVICE_HOST")) {
    const std::string pod = host.Variable("POD_NAME").value_or(host.Name());
    if (const std::optional<std::uint32_t> ordinal = StatefulSetOrdinal(pod)) {
      if (*ordinal > format.max_worker_id()) {
        return Fail(Code::WORKER_ID,
                    "the ordinal of StatefulSet pod %s, its worker ID, must be 0..%s: %s; set "
                    "worker_id_bits or worker_id",
                    Printable(pod).c_str(), std::to_string(format.max_worker_id()).c_str(),
                    std::to_string(*ordinal).c_str());
      }
      *out = {*ordinal, "StatefulSet pod " + Printable(pod), false};
      *source = WorkerIdSource::kStatefulSet;
      return Status::Ok();
    }
  }
  const std::uint32_t address = host.Ipv4Address().value_or(kLoopback);
  *out = {static_cast<std::uint32_t>(address & format.max_worker_id()),
          "host address " + FormatAddress(address) + " (not guaranteed unique)", false};
  *source = WorkerIdSource::kHostAddress;
  return Status::Ok();
}

}  // namespace shmflake
