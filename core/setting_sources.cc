// SPDX-License-Identifier: Apache-2.0
#include "core/setting_sources.h"

#include <type_traits>

#include "core/config_file.h"
#include "core/text.h"
#include "core/worker_id.h"

namespace shmflake {
namespace {

// The value as its kind; empty when the text is not of that kind.
std::optional<SettingValue> ParseText(const SettingSpec& spec, const std::string& text) {
  switch (spec.kind) {
    case SettingKind::kInteger:
    case SettingKind::kWorkerPart:
      if (const auto number = ParseInteger(text, spec.lowest < 0)) return *number;
      return std::nullopt;
    case SettingKind::kMode:
      if (const auto mode = ParseOctal(text)) return std::int64_t{*mode};
      return std::nullopt;
    case SettingKind::kBoolean:
      if (text == "true" || text == "on" || text == "1") return true;
      if (text == "false" || text == "off" || text == "0") return false;
      return std::nullopt;
    case SettingKind::kPath:
    case SettingKind::kName:
    case SettingKind::kGroup:
    case SettingKind::kChoice:
    case SettingKind::kStore:
    case SettingKind::kStoreUrl:
      break;
  }
  return text;
}

std::optional<SettingValue> OptionValue(const SettingSpec& spec, const Options& options) {
  std::optional<SettingValue> value;
  VisitMembers(spec, [&](const auto& members) {
    if (members.option == nullptr || !(options.*members.option)) return;
    using T = std::decay_t<decltype(*(options.*members.option))>;
    if constexpr (std::is_same_v<T, std::uint32_t>) {
      value = std::int64_t{*(options.*members.option)};
    } else {
      value = *(options.*members.option);
    }
  });
  return value;
}

Status ReadOptions(const Options& options, SettingLayer* layer) {
  for (const SettingSpec& spec : SettingTable()) {
    std::optional<SettingValue> value = OptionValue(spec, options);
    if (!value) continue;
    GivenValue given{std::move(*value), SettingOrigin::kOption, std::string(spec.key), "option"};
    SHMFLAKE_RETURN_IF_ERROR(CheckValue(spec, given));
    layer->Set(spec, std::move(given));
  }
  return Status::Ok();
}

Status ReadEnvironment(const Host& host, SettingLayer* layer) {
  for (const SettingSpec& spec : SettingTable()) {
    for (const std::string& variable : VariablesOf(spec)) {
      const std::optional<std::string> text = host.Variable(variable.c_str());
      if (!text) continue;
      std::optional<SettingValue> value = ParseText(spec, *text);
      if (!value) {
        return Fail(Code::ENVIRONMENT, "%s %s: %s", variable.c_str(), RuleOf(spec).c_str(),
                    Quote(*text).c_str());
      }
      GivenValue given{std::move(*value), SettingOrigin::kEnvironment, variable,
                       "environment " + variable};
      SHMFLAKE_RETURN_IF_ERROR(CheckValue(spec, given));
      const GivenValue* other = layer->Find(spec);
      if (other != nullptr && other->value != given.value) {
        return Fail(Code::ENVIRONMENT, "%s and %s must be equal when both are set: %s and %s",
                    other->subject.c_str(), variable.c_str(), ShowValue(spec, other->value).c_str(),
                    ShowValue(spec, given.value).c_str());
      }
      if (other == nullptr) layer->Set(spec, std::move(given));
    }
  }
  return Status::Ok();
}

Status ReadConfigFile(const Host& host, const Options& options, SettingLayer* layer,
                      Setting<std::string>* file) {
  if (options.config_file) {
    *file = {*options.config_file, "option", true};
  } else if (const auto named = host.Variable("SNOWFLAKE_CONFIG")) {
    *file = {*named, "environment SNOWFLAKE_CONFIG", true};
  } else {
    *file = {host.DefaultConfigFile(), "default", false};
  }
  bool found = false;
  std::string text;
  SHMFLAKE_RETURN_IF_ERROR(ReadConfigText(file->value, !file->given, &found, &text));
  if (!found) {
    file->value.clear();
    return Status::Ok();
  }
  return ParseConfigText(file->value, text, layer);
}

}  // namespace

const GivenValue* SettingSources::Find(const SettingSpec& spec) const {
  for (const SettingLayer* layer : {&options, &environment, &file}) {
    if (const GivenValue* given = layer->Find(spec)) return given;
  }
  return nullptr;
}

const GivenValue* SettingSources::Find(std::string_view key) const {
  const SettingSpec* spec = FindSetting(key);
  return spec == nullptr ? nullptr : Find(*spec);
}

Status ReadSources(const Host& host, const Options& options, SettingSources* sources,
                   Setting<std::string>* config_file) {
  SHMFLAKE_RETURN_IF_ERROR(ReadOptions(options, &sources->options));
  SHMFLAKE_RETURN_IF_ERROR(ReadEnvironment(host, &sources->environment));
  SHMFLAKE_RETURN_IF_ERROR(ReadConfigFile(host, options, &sources->file, config_file));
  SHMFLAKE_RETURN_IF_ERROR(CheckWorkerIdPair(sources->environment));
  return CheckWorkerIdPair(sources->file);
}

}  // namespace shmflake
