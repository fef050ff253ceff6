// SPDX-License-Identifier: Apache-2.0
// The whole of ResolveSettings: what overrides what, and where each value is said to come from.
#include "core/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "core/setting_table.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_dir.h"

namespace shmflake {
namespace {

Settings Resolved(const Host& host, const Options& options = {}, const char* name = nullptr) {
  Settings settings;
  const Status status = ResolveSettingsOn(host, name, options, &settings);
  EXPECT_TRUE(status.ok()) << status.message();
  return settings;
}

void ExpectRefused(const Host& host, const Options& options, Code code,
                   const std::string& message) {
  Settings settings;
  const Status status = ResolveSettingsOn(host, nullptr, options, &settings);
  EXPECT_EQ(status.code(), code) << CodeName(status.code());
  EXPECT_EQ(status.message(), message);
}

TEST(ResolveSettings, HasTheManualsDefaults) {
  const test::FakeHost host;
  const Settings settings = Resolved(host);
  EXPECT_EQ(settings.name, "default");
  EXPECT_EQ(settings.config_file.value, "");
  EXPECT_EQ(settings.directory.value, "/dev/shm/shmflake-1000");
  EXPECT_EQ(settings.state_directory.value, "/home/user/.local/state/shmflake");
  EXPECT_EQ(settings.id_namespace.value, "default");
  EXPECT_EQ(settings.store_kind, StoreKind::kSqlite);
  EXPECT_EQ(settings.group.value, "");
  EXPECT_EQ(settings.mode.value, 0600U);
  EXPECT_EQ(settings.worker_id.value, 17U);
  EXPECT_EQ(settings.worker_id_source, WorkerIdSource::kHostAddress);
  EXPECT_EQ(settings.format, IdFormat());
  EXPECT_EQ(settings.ordering_kind, Ordering::kStrict);
  EXPECT_EQ(settings.max_backward_ms.value, 10U);
  EXPECT_EQ(settings.max_forward_ms.value, 0U);
  EXPECT_EQ(settings.max_recovery_ms.value, 60'000U);
  EXPECT_EQ(settings.horizon_ms.value, 10'000U);
  EXPECT_EQ(settings.wait_timeout_ms.value, 1000U);
  EXPECT_FALSE(settings.background_thread.value);
  EXPECT_TRUE(settings.sigbus_guard.value);
  EXPECT_EQ(settings.log.value, "");
  for (const SettingLine& line : ListSettings(settings)) {
    if (line.key != "worker_id") {
      EXPECT_EQ(line.source, "default") << line.key;
    }
  }
  EXPECT_FALSE(settings.worker_id.given);
  EXPECT_FALSE(settings.tick_us.given);
}

TEST(ResolveSettings, PrefersOptionsToEnvironmentToFileToDefaults) {
  const test::TempDir directory;
  test::FakeHost host;
  host.default_config_file =
      directory.Write("a.toml", "tick_us = 300\nhorizon_ms = 3000\nwait_timeout_ms = 3\n");
  host.variables["SHMFLAKE_TICK_US"] = "200";
  host.variables["SHMFLAKE_HORIZON_MS"] = "2000";
  Options options;
  options.tick_us = 100;
  const Settings settings = Resolved(host, options);
  EXPECT_EQ(settings.tick_us.value, 100U);
  EXPECT_EQ(settings.tick_us.source, "option");
  EXPECT_EQ(settings.horizon_ms.value, 2000U);
  EXPECT_EQ(settings.horizon_ms.source, "environment SHMFLAKE_HORIZON_MS");
  EXPECT_EQ(settings.wait_timeout_ms.value, 3U);
  EXPECT_EQ(settings.wait_timeout_ms.source, host.default_config_file + ":3");
  EXPECT_EQ(settings.max_recovery_ms.source, "default");
  EXPECT_TRUE(settings.tick_us.given && settings.horizon_ms.given &&
              settings.wait_timeout_ms.given);
  EXPECT_FALSE(settings.max_recovery_ms.given);
  EXPECT_EQ(settings.config_file.value, host.default_config_file);
}

TEST(ResolveSettings, ReadsEveryVariable) {
  // Values that are not the default, and keep the rules between settings.
  const std::map<std::string, std::string> values = {{"directory", "/dev/shm/a"},
                                                     {"state_directory", "/var/lib/a"},
                                                     {"id_namespace", "orders"},
                                                     {"store", "none"},
                                                     {"group", "flakes"},
                                                     {"mode", "640"},
                                                     {"worker_id", "17"},
                                                     {"datacenter_id", "0"},
                                                     {"machine_id", "17"},
                                                     {"timestamp_bits", "39"},
                                                     {"worker_id_bits", "16"},
                                                     {"machine_bits", "16"},
                                                     {"sequence_bits", "8"},
                                                     {"tick_us", "10000"},
                                                     {"layout", "sonyflake"},
                                                     {"epoch_ms", "-1"},
                                                     {"ordering", "relaxed"},
                                                     {"max_backward_ms", "0"},
                                                     {"max_forward_ms", "1"},
                                                     {"max_recovery_ms", "2"},
                                                     {"horizon_ms", "100"},
                                                     {"lease_ttl_ms", "1000"},
                                                     {"wait_timeout_ms", "4"},
                                                     {"background_thread", "on"},
                                                     {"sigbus_guard", "0"},
                                                     {"segment_store", "etcd://127.0.0.1/ids"},
                                                     {"log", "stderr"}};
  test::FakeHost host;
  for (const SettingSpec& spec : SettingTable()) {
    ASSERT_TRUE(values.contains(std::string(spec.key))) << spec.key;
    for (const std::string& variable : VariablesOf(spec)) {
      host.variables[variable] = values.at(std::string(spec.key));
    }
  }
  for (const SettingLine& line : ListSettings(Resolved(host))) {
    if (line.key == "config_file") continue;
    EXPECT_EQ(line.source, "environment " + VariablesOf(*FindSetting(line.key)).front());
    const std::map<std::string, std::string> shown = {
        {"mode", "0640"}, {"background_thread", "true"}, {"sigbus_guard", "false"}};
    EXPECT_EQ(line.value, shown.contains(line.key) ? shown.at(line.key) : values.at(line.key));
  }
}

TEST(ResolveSettings, ReadsEveryOption) {
  const test::FakeHost host;
  const Options options{.directory = "/dev/shm/a",
                        .state_directory = "/var/lib/a",
                        .id_namespace = "orders",
                        .store = "none",
                        .group = "4712",
                        .ordering = "relaxed",
                        .mode = 0640,
                        .worker_id = 0,
                        .layout = "sonyflake",
                        .timestamp_bits = 39,
                        .worker_id_bits = 16,
                        .machine_bits = 16,
                        .sequence_bits = 8,
                        .tick_us = 10'000,
                        .epoch_ms = 0,
                        .max_backward_ms = 0,
                        .max_forward_ms = 1,
                        .max_recovery_ms = 2,
                        .horizon_ms = 100,
                        .lease_ttl_ms = 1000,
                        .wait_timeout_ms = 4,
                        .background_thread = true,
                        .sigbus_guard = false,
                        .segment_store = "mysql://db/ids"};
  const Settings settings = Resolved(host, options);
  for (const SettingLine& line : ListSettings(settings)) {
    if (line.key == "config_file" || line.key == "log") continue;
    EXPECT_EQ(line.source, "option") << line.key;
  }
  EXPECT_EQ(settings.gid, 4712U);
  EXPECT_EQ(settings.epoch_ms.value, 0);
  EXPECT_EQ(settings.worker_id.value, 0U);
  EXPECT_EQ(settings.worker_id_source, WorkerIdSource::kOption);
  EXPECT_EQ(settings.ordering_kind, Ordering::kRelaxed);
  EXPECT_EQ(settings.store_kind, StoreKind::kNone);
  EXPECT_TRUE(settings.background_thread.value);
  EXPECT_FALSE(settings.sigbus_guard.value);
}

TEST(ResolveSettings, TakesAnEmptyVariableForOneThatIsNotSet) {
  test::FakeHost host;
  host.variables = {{"SHMFLAKE_TICK_US", ""}, {"SNOWFLAKE_CONFIG", ""}, {"SHMFLAKE_LOG", ""}};
  EXPECT_EQ(Resolved(host).tick_us.source, "default");
}

TEST(ResolveSettings, RefusesVariablesThatAreNotWhatTheyShouldBe) {
  const auto refused = [](const std::string& variable, const std::string& value, Code code,
                          const std::string& rule) {
    test::FakeHost host;
    host.variables[variable] = value;
    ExpectRefused(host, {}, code, variable + " " + rule);
  };
  for (const char* text :
       {"abc", "5 ", " 500", "+500", "-500", "0x1f4", "500us", "1e3", "99999999999999999999"}) {
    refused("SHMFLAKE_TICK_US", text, Code::ENVIRONMENT,
            "must be an integer 100..1000000: \"" + std::string(text) + "\"");
  }
  refused("SHMFLAKE_TICK_US", "99", Code::LAYOUT, "must be an integer 100..1000000: 99");
  refused("SHMFLAKE_WAIT_TIMEOUT_MS", "0", Code::ENVIRONMENT, "must be an integer 1..3600000: 0");
  refused("SHMFLAKE_EPOCH_MS", "--1", Code::ENVIRONMENT,
          "must be an integer -62135596800000..253402300799999: \"--1\"");
  refused("SHMFLAKE_MODE", "0o660", Code::ENVIRONMENT, "must be 0600, 0640 or 0660: \"0o660\"");
  refused("SHMFLAKE_MODE", "0666", Code::ENVIRONMENT, "must be 0600, 0640 or 0660: 0666");
  refused("SHMFLAKE_BACKGROUND_THREAD", "maybe", Code::ENVIRONMENT,
          "must be true or false: \"maybe\"");
  refused("SHMFLAKE_LOG", "stdout", Code::ENVIRONMENT, "must be \"stderr\" or \"\": \"stdout\"");
  refused("SHMFLAKE_ORDERING", "loose", Code::ENVIRONMENT,
          "must be \"strict\" or \"relaxed\": \"loose\"");
  refused("SHMFLAKE_STORE", "etcd", Code::STORE_UNKNOWN,
          "must be \"sqlite\", \"none\", or the URL of a store that hosts share, mysql://, "
          "postgres:// or etcd://: \"etcd\"");
  refused("SHMFLAKE_ID_NAMESPACE", "a/b", Code::NAME,
          "must be 1..63 of [A-Za-z0-9._-], not beginning with a dot: \"a/b\"");
  refused("SHMFLAKE_DIR", "shm", Code::ENVIRONMENT,
          "must be an absolute path of at most 200 bytes without control characters: \"shm\"");
  refused("SNOWFLAKE_WORKER_ID", "-1", Code::ENVIRONMENT, "must be an integer, 0 or more: \"-1\"");
  refused("SNOWFLAKE_WORKER_ID", "256", Code::WORKER_ID, "must be 0..255: 256");
  refused("SHMFLAKE_WORKER_ID", "256", Code::WORKER_ID, "must be 0..255: 256");
  refused("SHMFLAKE_MACHINE_ID", "1", Code::ENVIRONMENT,
          "must be given together with SHMFLAKE_DATACENTER_ID: 1");
}

TEST(ResolveSettings, RefusesABadValueAlsoWhereAnotherSourceOverridesIt) {
  test::FakeHost host;
  host.variables["SHMFLAKE_TICK_US"] = "abc";
  ExpectRefused(host, {.tick_us = 1000}, Code::ENVIRONMENT,
                "SHMFLAKE_TICK_US must be an integer 100..1000000: \"abc\"");
}

TEST(ResolveSettings, RefusesOptionsOutOfTheirRange) {
  const test::FakeHost host;
  ExpectRefused(host, {.wait_timeout_ms = 3'600'001}, Code::OPTION,
                "wait_timeout_ms must be an integer 1..3600000: 3600001");
  ExpectRefused(host, {.ordering = "3"}, Code::OPTION,
                "ordering must be \"strict\" or \"relaxed\": \"3\"");
  ExpectRefused(host, {.worker_id = 4096}, Code::WORKER_ID, "worker_id must be 0..255: 4096");
  ExpectRefused(host, {.sequence_bits = 32}, Code::LAYOUT,
                "sequence_bits must be an integer 1..31: 32");
  ExpectRefused(host, {.epoch_ms = std::int64_t{1} << 62}, Code::LAYOUT,
                "epoch_ms must be an integer -62135596800000..253402300799999: "
                "4611686018427387904");
}

TEST(ResolveSettings, RefusesTwoWorkerIdVariablesThatDiffer) {
  test::FakeHost host;
  host.variables = {{"SNOWFLAKE_WORKER_ID", "3"}, {"SHMFLAKE_WORKER_ID", "4"}};
  ExpectRefused(
      host, {}, Code::ENVIRONMENT,
      "SNOWFLAKE_WORKER_ID and SHMFLAKE_WORKER_ID must be equal when both are set: 3 and 4");
  host.variables = {{"SNOWFLAKE_WORKER_ID", "3"}, {"SHMFLAKE_WORKER_ID", "03"}};
  EXPECT_EQ(Resolved(host).worker_id.value, 3U);
}

TEST(ResolveSettings, RefusesNamesThatAreNoFileNames) {
  const test::FakeHost host;
  for (const char* name : {"", ".", "../x", "a b"}) {
    Settings settings;
    const Status status = ResolveSettingsOn(host, name, {}, &settings);
    EXPECT_EQ(status.code(), Code::NAME);
    EXPECT_EQ(status.message(),
              "a region's name must be 1..63 of [A-Za-z0-9._-], not beginning "
              "with a dot: \"" +
                  std::string(name) + "\"");
  }
  EXPECT_EQ(Resolved(host, {}, "orders").id_namespace.value, "orders");
  EXPECT_EQ(Resolved(host, {.id_namespace = "shop"}, "orders").id_namespace.value, "shop");
}

TEST(ResolveSettings, ReadsTheFileThatTheOptionNamesThenThatOfTheVariable) {
  const test::TempDir directory;
  test::FakeHost host;
  host.default_config_file = directory.Write("etc.toml", "tick_us = 100\n");
  EXPECT_EQ(Resolved(host).tick_us.value, 100U);
  EXPECT_EQ(Resolved(host).config_file.source, "default");
  host.variables["SNOWFLAKE_CONFIG"] = directory.Write("variable.toml", "tick_us = 200\n");
  EXPECT_EQ(Resolved(host).tick_us.value, 200U);
  EXPECT_EQ(Resolved(host).config_file.source, "environment SNOWFLAKE_CONFIG");
  const Options options{.config_file = directory.Write("option.toml", "tick_us = 300\n")};
  EXPECT_EQ(Resolved(host, options).tick_us.value, 300U);
  EXPECT_EQ(Resolved(host, options).config_file.source, "option");
  EXPECT_EQ(Resolved(host, options).config_file.value, *options.config_file);
}

TEST(ResolveSettings, WantsTheFileThatWasNamed) {
  test::FakeHost host;
  ExpectRefused(
      host, {.config_file = "/nonexistent/a.toml"}, Code::CONFIG_NOT_FOUND,
      "cannot read the configuration file /nonexistent/a.toml: No such file or directory");
  host.variables["SNOWFLAKE_CONFIG"] = "/dev/null";
  ExpectRefused(host, {}, Code::CONFIG_NOT_FOUND,
                "cannot read the configuration file /dev/null: it must be a regular file");
}

TEST(ResolveSettings, PassesTheFilesErrorsOn) {
  const test::TempDir directory;
  const test::FakeHost host;
  const std::string path = directory.Write("a.toml", "machine_id = 1\n");
  ExpectRefused(host, {.config_file = path}, Code::CONFIG_VALUE,
                path + ":1: machine_id must be given together with datacenter_id: 1");
}

TEST(ResolveSettings, WorksOnThisHost) {
  Settings settings;
  const test::TempDir directory;
  const Options options{.config_file = directory.Write("a.toml", "worker_id = 3\n")};
  const Status status = ResolveSettings("here", options, &settings);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(settings.directory.value.starts_with("/"));
  EXPECT_EQ(settings.worker_id_source, WorkerIdSource::kConfigFile);
}

TEST(ListSettings, ShowsValuesAsTheFileWouldHoldThem) {
  const test::FakeHost host;
  std::map<std::string, std::string> values;
  for (const SettingLine& line : ListSettings(Resolved(host))) values[line.key] = line.value;
  EXPECT_EQ(values["config_file"], "");
  EXPECT_EQ(values["mode"], "0600");
  EXPECT_EQ(values["epoch_ms"], "1609459200000");
  EXPECT_EQ(values["machine_bits"], "6");
  EXPECT_EQ(values["timestamp_bits"], "43");
  EXPECT_EQ(values["max_forward_ms"], "") << "no limit is set";
  EXPECT_EQ(values["sigbus_guard"], "true");
  EXPECT_FALSE(values.contains("datacenter_id")) << "a part of worker_id";
}

}  // namespace
}  // namespace shmflake
