// SPDX-License-Identifier: Apache-2.0
// Every setting, said once: its key in the file, its variable, its range, its default, and the
// members that hold it. Options, environment and file are each read into a layer by this table,
// checked by it, and laid over each other.
#ifndef SHMFLAKE_CORE_SETTING_TABLE_H_
#define SHMFLAKE_CORE_SETTING_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/options.h"
#include "core/status.h"

namespace shmflake {

enum class SettingKind {
  kInteger,     // within lowest..highest
  kWorkerPart,  // an integer whose range the layout's bits set, once they are known
  kBoolean,
  kMode,
  kPath,
  kName,
  kGroup,
  kChoice,  // one of `choices`
  kStore,   // sqlite, none, or a URL of one that hosts share
  kStoreUrl,
};

// The members that hold a setting, of one type in both structs.
template <typename T>
struct SettingMembers {
  std::optional<T> Options::*option;  // null: not an option
  Setting<T> Settings::*setting;
};

struct SettingSpec {
  std::string_view
      key;  // in the file; its variable is SHMFLAKE_ and the key in capitals, unless given
  std::variant<std::monostate, SettingMembers<std::uint32_t>, SettingMembers<std::int64_t>,
               SettingMembers<std::string>, SettingMembers<bool>>
      members;
  SettingKind kind;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  std::int64_t number = 0;        // the default of an integer, a boolean or a mode
  std::string_view text = {};     // the default of a text
  std::string_view choices = {};  // "strict|relaxed"
  std::string_view variable = {};
  std::string_view second_variable = {};  // says the same
  Code code = Code::OK;  // of a value that breaks the rule; OK: that of the value's origin
};

// Calls function(SettingMembers<T>) with the members of a setting that has some.
template <typename Function>
void VisitMembers(const SettingSpec& spec, Function function) {
  std::visit(
      [&](const auto& members) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(members)>, std::monostate>) {
          function(members);
        }
      },
      spec.members);
}

// In the order of the manual.
[[nodiscard]] std::span<const SettingSpec> SettingTable();

// The environment variables that set it, one or two.
[[nodiscard]] std::vector<std::string> VariablesOf(const SettingSpec& spec);

// Null when there is no such key.
[[nodiscard]] const SettingSpec* FindSetting(std::string_view key);

// ---- Values and where they came from

using SettingValue = std::variant<std::int64_t, bool, std::string>;

enum class SettingOrigin { kOption, kEnvironment, kConfigFile };

struct GivenValue {
  SettingValue value;
  SettingOrigin origin;
  std::string subject;  // who breaks a rule: "tick_us", "SHMFLAKE_TICK_US", "a.toml:3: tick_us"
  std::string source;   // Setting::source: "option", "environment SHMFLAKE_TICK_US", "a.toml:3"
};

// What one origin says: empty where it is silent.
class SettingLayer {
 public:
  void Set(const SettingSpec& spec, GivenValue value) { At(spec) = std::move(value); }
  // Null where the origin is silent.
  [[nodiscard]] const GivenValue* Find(const SettingSpec& spec) const;
  [[nodiscard]] const GivenValue* Find(std::string_view key) const;

 private:
  [[nodiscard]] std::optional<GivenValue>& At(const SettingSpec& spec) {
    return values_[static_cast<std::size_t>(&spec - SettingTable().data())];
  }

  std::vector<std::optional<GivenValue>> values_{SettingTable().size()};
};

// ---- Rules

// "must be an integer 100..1000000".
[[nodiscard]] std::string RuleOf(const SettingSpec& spec);

// The value as messages and check-config show it.
[[nodiscard]] std::string ShowValue(const SettingSpec& spec, const SettingValue& value);

// The code of a value that breaks its rule.
[[nodiscard]] Code CodeOf(const SettingSpec& spec, SettingOrigin origin);

// OK when the value keeps its rule by itself.
Status CheckValue(const SettingSpec& spec, const GivenValue& given);

// Region and namespace names.
inline constexpr const char* kNameRule =
    "must be 1..63 of [A-Za-z0-9._-], not beginning with a dot";
[[nodiscard]] bool IsName(std::string_view text);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SETTING_TABLE_H_
