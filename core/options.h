// SPDX-License-Identifier: Apache-2.0
// What a caller asks for (Options, all optional) and what results (Settings, each with its source).
// capi/include/shmflake/shmflake.h documents every option: meaning, range, default, cost.
#ifndef SHMFLAKE_CORE_OPTIONS_H_
#define SHMFLAKE_CORE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/id_format.h"
#include "core/store/store.h"

namespace shmflake {

enum class Ordering : std::uint32_t { kStrict = 1, kRelaxed = 2 };

// Pinned: part of the region header.
enum class WorkerIdSource : std::uint32_t {
  kOption = 1,
  kEnvironment = 2,
  kConfigFile = 3,
  kLease = 4,
  kStatefulSet = 5,
  kHostAddress = 6,
};
[[nodiscard]] const char* WorkerIdSourceName(WorkerIdSource source);  // "host_address"
// False where nothing but an address tells two hosts apart.
[[nodiscard]] bool IsGuaranteedUnique(WorkerIdSource source);

// The option struct's values; an empty optional falls through to environment, file, default.
struct Options {
  std::optional<std::string> config_file{};
  std::optional<std::string> directory{};
  std::optional<std::string> state_directory{};
  std::optional<std::string> id_namespace{};
  std::optional<std::string> store{};
  std::optional<std::string> group{};
  std::optional<std::string> ordering{};  // "strict", "relaxed"
  std::optional<std::uint32_t> mode{};
  std::optional<std::uint32_t> worker_id{};
  std::optional<std::string> layout{};
  std::optional<std::uint32_t> timestamp_bits{};
  std::optional<std::uint32_t> worker_id_bits{};
  std::optional<std::uint32_t> machine_bits{};
  std::optional<std::uint32_t> sequence_bits{};
  std::optional<std::uint32_t> tick_us{};
  std::optional<std::int64_t> epoch_ms{};
  std::optional<std::uint32_t> max_backward_ms{};
  std::optional<std::uint32_t> max_forward_ms{};
  std::optional<std::uint32_t> max_recovery_ms{};
  std::optional<std::uint32_t> horizon_ms{};
  std::optional<std::int64_t> lease_ttl_ms{};
  std::optional<std::uint32_t> wait_timeout_ms{};
  std::optional<bool> background_thread{};
  std::optional<bool> sigbus_guard{};
  std::optional<std::string> segment_store{};

  ~Options();
};

// A resolved setting. `given` is false for a default: then attaching takes what the region has.
template <typename T>
struct Setting {
  T value{};
  std::string source = "default";
  bool given = false;
};

struct Settings {
  // In one place: of some thirty settings with texts each of these is a lot of code.
  Settings();
  Settings(const Settings& other);
  Settings(Settings&& other) noexcept;
  Settings& operator=(const Settings& other);
  Settings& operator=(Settings&& other) noexcept;
  ~Settings();

  std::string name;
  Setting<std::string> config_file;  // "" when none was read
  Setting<std::string> directory;
  Setting<std::string> state_directory;
  Setting<std::string> id_namespace;
  Setting<std::string> store;
  StoreKind store_kind = StoreKind::kSqlite;
  Setting<std::string> group;
  std::uint32_t gid = 0;  // meaningful when group is given
  Setting<std::uint32_t> mode;
  Setting<std::uint32_t> worker_id;
  WorkerIdSource worker_id_source = WorkerIdSource::kHostAddress;
  Setting<std::string> layout;  // a name of named_layout.h, or "" for the bits that follow
  Setting<std::uint32_t> timestamp_bits;
  Setting<std::uint32_t> worker_id_bits;
  Setting<std::uint32_t> machine_bits;
  Setting<std::uint32_t> sequence_bits;
  Setting<std::uint32_t> tick_us;
  Setting<std::int64_t> epoch_ms;
  Setting<std::string> ordering;
  Ordering ordering_kind = Ordering::kStrict;
  Setting<std::uint32_t> max_backward_ms;
  Setting<std::uint32_t> max_forward_ms;  // 0: jumps are followed
  Setting<std::uint32_t> max_recovery_ms;
  Setting<std::uint32_t> horizon_ms;
  Setting<std::int64_t> lease_ttl_ms;
  Setting<std::uint32_t> wait_timeout_ms;
  Setting<bool> background_thread;
  Setting<bool> sigbus_guard;
  Setting<std::string> segment_store;  // store_url.h
  Setting<std::string> log;            // "" or "stderr"

  IdFormat format;  // assembled from the bits above, validated
};

// One line of check-config.
struct SettingLine {
  std::string key;
  std::string value;
  std::string source;
};

// Reads options over environment over file over defaults. Touches no region. Every failure names
// the setting, its source (variable, or file and line), the rule and the value.
Status ResolveSettings(const char* name, const Options& options, Settings* out);

// Every setting in the order of the manual.
[[nodiscard]] std::vector<SettingLine> ListSettings(const Settings& settings);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_OPTIONS_H_
