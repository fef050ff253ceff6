// SPDX-License-Identifier: Apache-2.0
#include "region_options.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "text.h"

namespace tool {
namespace {

constexpr char kRegionGroup[] = "Region";
constexpr char kLayoutGroup[] = "ID layout (of a new region; an old one must agree)";

constexpr char kLayoutFlag[] = "--layout";

struct TextOption {
  const char* flag;
  const char* shmflake_options::*field;
  const char* type;
  const char* help;
  const char* group = kRegionGroup;
};

constexpr TextOption kTexts[] = {
    {"--config", &shmflake_options::config_file, "FILE", "TOML file [/etc/snowflake.toml]"},
    {"--directory", &shmflake_options::directory, "DIR",
     "where regions lie [/dev/shm/shmflake-UID]"},
    {"--state-directory", &shmflake_options::state_directory, "DIR", "where leases are remembered"},
    {"--namespace", &shmflake_options::id_namespace, "NAME", "what worker IDs are unique in"},
    {"--store", &shmflake_options::store, "STORE",
     "sqlite, none, or the URL of one that hosts share\n[sqlite]"},
    {"--segment-store", &shmflake_options::segment_store, "URL",
     "where segments come from [sqlite:]"},
    {"--group", &shmflake_options::group, "GROUP", "a group whose members may attach"},
    {kLayoutFlag, &shmflake_options::layout, "NAME", "all of it by name (shmflake layouts)",
     kLayoutGroup},
};

struct NumberOption {
  const char* flag;
  std::uint32_t shmflake_options::*field;
  std::uint32_t set;  // the SHMFLAKE_SET_ bit of an option whose 0 is meant
  const char* type;
  const char* group;
  const char* help;
};

constexpr NumberOption kNumbers[] = {
    {"--worker-id", &shmflake_options::worker_id, SHMFLAKE_SET_WORKER_ID, "N", kRegionGroup,
     "tells this host from others"},
    {"--max-backward-ms", &shmflake_options::max_backward_ms, SHMFLAKE_SET_MAX_BACKWARD, "MS",
     kRegionGroup, "how far ahead of the clock [10]"},
    {"--max-forward-ms", &shmflake_options::max_forward_ms, 0, "MS", kRegionGroup,
     "refuse larger jumps of the clock"},
    {"--max-recovery-ms", &shmflake_options::max_recovery_ms, 0, "MS", kRegionGroup,
     "refuse horizons further ahead [60000]"},
    {"--horizon-ms", &shmflake_options::horizon_ms, 0, "MS", kRegionGroup,
     "how far ahead the lease is taken [10000]"},
    {"--wait-timeout-ms", &shmflake_options::wait_timeout_ms, 0, "MS", kRegionGroup,
     "the longest that a call waits [1000]"},
    {"--worker-id-bits", &shmflake_options::worker_id_bits, 0, "N", kLayoutGroup, "1..22 [8]"},
    {"--machine-bits", &shmflake_options::machine_bits, 0, "N", kLayoutGroup,
     "lower part of the worker ID [worker ID bits - 2]"},
    {"--sequence-bits", &shmflake_options::sequence_bits, 0, "N", kLayoutGroup, "1..31 [12]"},
    {"--tick-us", &shmflake_options::tick_us, 0, "US", kLayoutGroup, "100..1000000 [1000]"},
};

constexpr char kEpochFlag[] = "--epoch-ms";
constexpr char kTtlFlag[] = "--lease-ttl-ms";
constexpr char kOrderingFlag[] = "--ordering";
constexpr char kModeFlag[] = "--mode";
constexpr char kNameFlag[] = "--name";

bool ParseMode(const std::string& text, std::uint32_t* mode) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *mode, 8);
  return !text.empty() && error == std::errc{} && stopped == end && *mode != 0;
}

std::string NotEmpty(const std::string& text) { return text.empty() ? "must not be empty" : ""; }

std::string IsNumber(const std::string& text) {
  std::uint64_t value = 0;
  return ParseUnsigned(text, std::numeric_limits<std::uint32_t>::max(), &value)
             ? ""
             : "must be a whole number, 0..4294967295";
}

// The option struct's 0 means "default", so a 0 that is written out must not get there.
std::string IsPositiveNumber(const std::string& text) {
  std::uint64_t value = 0;
  return ParseUnsigned(text, std::numeric_limits<std::uint32_t>::max(), &value) && value > 0
             ? ""
             : "must be a whole number, 1..4294967295";
}

std::string IsInstant(const std::string& text) {
  std::int64_t value = 0;
  return ParseSigned(text, &value) ? "" : "must be a whole number of Unix milliseconds";
}

std::string IsPositiveMs(const std::string& text) {
  std::int64_t value = 0;
  return ParseSigned(text, &value) && value > 0 ? "" : "must be a whole number, 1 or more";
}

std::string IsOrdering(const std::string& text) {
  return text == "strict" || text == "relaxed" ? "" : "must be strict or relaxed";
}

std::string IsMode(const std::string& text) {
  std::uint32_t mode = 0;
  return ParseMode(text, &mode) ? "" : "must be an octal number (0600, 0640 or 0660)";
}

}  // namespace

void RegionOptions::AddTo(CLI::App* command) {
  const auto add = [this, command](const char* flag, const char* type, const char* help,
                                   const char* group, std::string (*check)(const std::string&)) {
    AddOption(command, flag, type, help, group, [this, flag, check](const std::string& text) {
      std::string rule = check(text);
      if (rule.empty()) given_[flag] = text;
      return rule;
    });
  };
  add(kNameFlag, "NAME", "the region [default]", kRegionGroup, NotEmpty);
  for (const TextOption& option : kTexts) {
    add(option.flag, option.type, option.help, option.group, NotEmpty);
  }
  add(kModeFlag, "MODE", "of the region file [0600]", kRegionGroup, IsMode);
  add(kOrderingFlag, "HOW", "strict or relaxed [strict]", kRegionGroup, IsOrdering);
  for (const NumberOption& option : kNumbers) {
    add(option.flag, option.type, option.help, option.group,
        option.set != 0 ? IsNumber : IsPositiveNumber);
  }
  add(kTtlFlag, "MS", "then others may take the worker ID [60000]", kRegionGroup, IsPositiveMs);
  add(kEpochFlag, "MS", "Unix ms of timestamp 0 [1609459200000]", kLayoutGroup, IsInstant);
}

const char* RegionOptions::name() const {
  const auto found = given_.find(kNameFlag);
  return found == given_.end() ? nullptr : found->second.c_str();
}

std::string RegionOptions::display_name() const { return name() == nullptr ? "default" : name(); }

shmflake_options RegionOptions::Build() const {
  shmflake_options options{};
  options.struct_size = sizeof options;
  const auto find = [this](const char* flag) -> const std::string* {
    const auto found = given_.find(flag);
    return found == given_.end() ? nullptr : &found->second;
  };
  for (const TextOption& option : kTexts) {
    if (const std::string* text = find(option.flag)) options.*option.field = text->c_str();
  }
  for (const NumberOption& option : kNumbers) {
    const std::string* text = find(option.flag);
    std::uint64_t value = 0;
    if (text == nullptr) continue;
    if (!ParseUnsigned(*text, std::numeric_limits<std::uint32_t>::max(), &value)) continue;
    options.*option.field = static_cast<std::uint32_t>(value);
    options.set |= option.set;
  }
  if (const std::string* text = find(kModeFlag)) (void)ParseMode(*text, &options.mode);
  if (const std::string* text = find(kOrderingFlag)) {
    options.ordering = *text == "relaxed" ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
  }
  if (const std::string* text = find(kEpochFlag)) {
    if (ParseSigned(*text, &options.epoch_ms)) options.set |= SHMFLAKE_SET_EPOCH;
  }
  if (const std::string* text = find(kTtlFlag)) {
    (void)ParseSigned(*text, &options.lease_ttl_ms);
  }
  return options;
}

bool RegionOptions::bits_given() const {
  return std::any_of(std::begin(kNumbers), std::end(kNumbers), [this](const NumberOption& option) {
    return option.group == kLayoutGroup && given(option.flag);
  });
}

bool RegionOptions::layout_given() const {
  return bits_given() || given(kLayoutFlag) || given(kEpochFlag);
}

bool RegionOptions::named_layout_given() const { return given(kLayoutFlag) && !bits_given(); }

std::vector<std::string> RegionOptions::Arguments() const {
  std::vector<std::string> arguments;
  for (const auto& [flag, value] : given_) {
    arguments.push_back(flag);
    arguments.back().append("=").append(value);
  }
  return arguments;
}

int RegionOptions::Open(bool attach_only, Flake* out) const {
  shmflake_options options = Build();
  options.attach_only = attach_only ? 1 : 0;
  shmflake* flake = nullptr;
  const int code = shmflake_open(name(), &options, &flake);
  if (code == SHMFLAKE_OK) out->reset(flake);
  return code;
}

}  // namespace tool
