// SPDX-License-Identifier: Apache-2.0
#include "core/setting_table.h"

#include <algorithm>
#include <limits>

#include "core/store/store_url.h"
#include "core/text.h"

namespace shmflake {
namespace {

using Kind = SettingKind;

constexpr std::int64_t kInt31Max = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kLongestPath = 200;  // file names are added to it
constexpr std::size_t kLongestName = 63;

template <typename T>
constexpr SettingMembers<T> Both(std::optional<T> Options::*option, Setting<T> Settings::*setting) {
  return {option, setting};
}

// A setting that is called the same in the file and in both structs.
#define SETTING(name) .key = #name, .members = Both(&Options::name, &Settings::name)

// Defaults that depend on the host or on another setting (directories, namespace, worker ID,
// machine and timestamp bits, the mode with a group) are settings.cc's.
constexpr SettingSpec kTable[] = {
    {SETTING(directory), .kind = Kind::kPath, .variable = "SHMFLAKE_DIR"},
    {SETTING(state_directory), .kind = Kind::kPath, .variable = "SHMFLAKE_STATE_DIR"},
    {SETTING(id_namespace), .kind = Kind::kName, .code = Code::NAME},
    {SETTING(store), .kind = Kind::kStore, .text = "sqlite", .code = Code::STORE_UNKNOWN},
    {SETTING(group), .kind = Kind::kGroup},
    {SETTING(mode), .kind = Kind::kMode, .number = 0600},

    {SETTING(worker_id), .kind = Kind::kWorkerPart, .variable = "SNOWFLAKE_WORKER_ID",
     .second_variable = "SHMFLAKE_WORKER_ID", .code = Code::WORKER_ID},
    {.key = "datacenter_id", .members = {}, .kind = Kind::kWorkerPart, .code = Code::WORKER_ID},
    {.key = "machine_id", .members = {}, .kind = Kind::kWorkerPart, .code = Code::WORKER_ID},

    {SETTING(layout), .kind = Kind::kChoice,
     .choices = "default|twitter|discord|instagram|mastodon|sonyflake|leaf|baidu|mid|tsid|js53|",
     .code = Code::LAYOUT},
    {SETTING(timestamp_bits), .kind = Kind::kInteger, .lowest = kMinTimestampBits,
     .highest = kIdBits - 2, .code = Code::LAYOUT},
    {SETTING(worker_id_bits), .kind = Kind::kInteger, .lowest = 1, .highest = kMaxWorkerBits,
     .number = 8, .code = Code::LAYOUT},
    {SETTING(machine_bits), .kind = Kind::kInteger, .lowest = 1, .highest = kMaxWorkerBits,
     .code = Code::LAYOUT},
    {SETTING(sequence_bits), .kind = Kind::kInteger, .lowest = 1, .highest = kMaxSequenceBits,
     .number = 12, .code = Code::LAYOUT},
    {SETTING(tick_us), .kind = Kind::kInteger, .lowest = kMinTickUs, .highest = kMaxTickUs,
     .number = 1000, .code = Code::LAYOUT},
    {SETTING(epoch_ms), .kind = Kind::kInteger, .lowest = kMinEpochMs, .highest = kMaxEpochMs,
     .number = kDefaultEpochMs, .code = Code::LAYOUT},

    {SETTING(ordering), .kind = Kind::kChoice, .text = "strict", .choices = "strict|relaxed"},
    {SETTING(max_backward_ms), .kind = Kind::kInteger, .highest = 60'000, .number = 10},
    // 0, the default, is not a value to give: it means that jumps are followed.
    {SETTING(max_forward_ms), .kind = Kind::kInteger, .lowest = 1, .highest = kInt31Max},
    {SETTING(max_recovery_ms), .kind = Kind::kInteger, .lowest = 1, .highest = kInt31Max,
     .number = 60'000},
    {SETTING(horizon_ms), .kind = Kind::kInteger, .lowest = 100, .highest = 86'400'000,
     .number = 10'000},
    {SETTING(lease_ttl_ms), .kind = Kind::kInteger, .lowest = 1000, .highest = 172'800'000,
     .number = 60'000},
    {SETTING(wait_timeout_ms), .kind = Kind::kInteger, .lowest = 1, .highest = 3'600'000,
     .number = 1000},
    {SETTING(background_thread), .kind = Kind::kBoolean, .number = 0},
    {SETTING(sigbus_guard), .kind = Kind::kBoolean, .number = 1},
    {SETTING(segment_store), .kind = Kind::kStoreUrl, .text = "sqlite:", .code = Code::STORE_URL},
    // The option is a callback, not a text.
    {.key = "log",
     .members = SettingMembers<std::string>{nullptr, &Settings::log},
     .kind = Kind::kChoice,
     .choices = "stderr|"},
};

#undef SETTING

// "\"strict\" or \"relaxed\"".
std::string ListChoices(std::string_view choices) {
  std::string out;
  while (true) {
    const std::size_t end = choices.find('|');
    const std::string_view choice = choices.substr(0, end);
    if (!out.empty()) out += " or ";
    out += Quote(choice);
    if (end == std::string_view::npos) return out;
    choices.remove_prefix(end + 1);
  }
}

bool IsChoice(std::string_view choices, std::string_view text) {
  while (true) {
    const std::size_t end = choices.find('|');
    if (choices.substr(0, end) == text) return true;
    if (end == std::string_view::npos) return false;
    choices.remove_prefix(end + 1);
  }
}

bool HasControlCharacters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool KeepsRule(const SettingSpec& spec, const SettingValue& value) {
  switch (spec.kind) {
    case Kind::kInteger: {
      const auto number = std::get<std::int64_t>(value);
      return number >= spec.lowest && number <= spec.highest;
    }
    case Kind::kMode: {
      const auto mode = std::get<std::int64_t>(value);
      return mode == 0600 || mode == 0640 || mode == 0660;
    }
    case Kind::kPath: {
      const auto& path = std::get<std::string>(value);
      return path.starts_with('/') && path.size() <= kLongestPath && !HasControlCharacters(path);
    }
    case Kind::kName:
      return IsName(std::get<std::string>(value));
    case Kind::kGroup: {
      const auto& group = std::get<std::string>(value);
      return !group.empty() && !HasControlCharacters(group);
    }
    case Kind::kChoice:
      return IsChoice(spec.choices, std::get<std::string>(value));
    case Kind::kWorkerPart:
    case Kind::kBoolean:
    case Kind::kStore:     // CheckValue asks ParseStoreKind
    case Kind::kStoreUrl:  // and ParseStoreUrl
      return true;
  }
  return false;
}

}  // namespace

std::span<const SettingSpec> SettingTable() { return kTable; }

std::vector<std::string> VariablesOf(const SettingSpec& spec) {
  std::vector<std::string> variables;
  if (!spec.variable.empty()) {
    variables.emplace_back(spec.variable);
  } else {
    std::string variable = "SHMFLAKE_";
    for (const char c : spec.key) {
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    variables.push_back(std::move(variable));
  }
  if (!spec.second_variable.empty()) variables.emplace_back(spec.second_variable);
  return variables;
}

const SettingSpec* FindSetting(std::string_view key) {
  const auto* found = std::find_if(std::begin(kTable), std::end(kTable),
                                   [&](const SettingSpec& spec) { return spec.key == key; });
  return found == std::end(kTable) ? nullptr : found;
}

const GivenValue* SettingLayer::Find(const SettingSpec& spec) const {
  const auto& value = values_[static_cast<std::size_t>(&spec - SettingTable().data())];
  return value ? &*value : nullptr;
}

const GivenValue* SettingLayer::Find(std::string_view key) const {
  const SettingSpec* spec = FindSetting(key);
  return spec == nullptr ? nullptr : Find(*spec);
}

std::string RuleOf(const SettingSpec& spec) {
  switch (spec.kind) {
    case Kind::kInteger:
      return "must be an integer " + std::to_string(spec.lowest) + ".." +
             std::to_string(spec.highest);
    case Kind::kWorkerPart:
      return "must be an integer, 0 or more";
    case Kind::kBoolean:
      return "must be true or false";
    case Kind::kMode:
      return "must be 0600, 0640 or 0660";
    case Kind::kPath:
      return "must be an absolute path of at most " + std::to_string(kLongestPath) +
             " bytes without control characters";
    case Kind::kName:
      return kNameRule;
    case Kind::kGroup:
      return "must be the name or the number of a group";
    case Kind::kChoice:
      return "must be " + ListChoices(spec.choices);
    case Kind::kStore:
      return kStoreRule;
    case Kind::kStoreUrl:
      return "must be a store's URL";
  }
  return "";
}

std::string ShowValue(const SettingSpec& spec, const SettingValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return spec.kind == Kind::kMode && *number >= 0 && *number <= kInt31Max
               ? FormatOctal(static_cast<std::uint32_t>(*number))
               : std::to_string(*number);
  }
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  return Quote(std::get<std::string>(value));
}

Code CodeOf(const SettingSpec& spec, SettingOrigin origin) {
  if (spec.code != Code::OK) return spec.code;
  switch (origin) {
    case SettingOrigin::kOption:
      return Code::OPTION;
    case SettingOrigin::kEnvironment:
      return Code::ENVIRONMENT;
    case SettingOrigin::kConfigFile:
      break;
  }
  return Code::CONFIG_VALUE;
}

Status CheckValue(const SettingSpec& spec, const GivenValue& given) {
  if (spec.kind == Kind::kStore || spec.kind == Kind::kStoreUrl) {
    const auto& text = std::get<std::string>(given.value);
    StoreKind kind{};
    StoreUrl url;
    // Their words, which never show a password.
    const Status status =
        spec.kind == Kind::kStore ? ParseStoreKind(text, &kind) : ParseStoreUrl(text, &url);
    if (status.code() == Code::STORE_UNKNOWN) {
      return Fail(status.code(), "%s %s: %s", given.subject.c_str(), kStoreRule,
                  Quote(text).c_str());
    }
    return status.ok() ? status : Status(status.code(), given.subject + ": " + status.message());
  }
  if (KeepsRule(spec, given.value)) return Status::Ok();
  return Fail(CodeOf(spec, given.origin), "%s %s: %s", given.subject.c_str(), RuleOf(spec).c_str(),
              ShowValue(spec, given.value).c_str());
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kLongestName || text[0] == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace shmflake
