// SPDX-License-Identifier: Apache-2.0
// Defaults that depend on the host or on another setting, and the rules between settings.
#include "core/setting_rules.h"

#include <gtest/gtest.h>

#include "core/settings.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_dir.h"

namespace shmflake {
namespace {

Settings Resolved(const Host& host, const Options& options = {}) {
  Settings settings;
  const Status status = ResolveSettingsOn(host, nullptr, options, &settings);
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

TEST(Directories, AreTheUsersOwn) {
  test::FakeHost host;
  host.user = 0;
  host.home = "/home/root";
  EXPECT_EQ(Resolved(host).directory.value, "/dev/shm/shmflake-0");
  EXPECT_EQ(Resolved(host).state_directory.value, "/var/lib/shmflake");
  host.user = 33;
  host.home.reset();
  EXPECT_EQ(Resolved(host).directory.value, "/dev/shm/shmflake-33");
  EXPECT_EQ(Resolved(host).state_directory.value, "/var/tmp/shmflake-33");
  host.home = "/home/" + std::string(190, 'x');
  EXPECT_EQ(Resolved(host).state_directory.value, "/var/tmp/shmflake-33") << "too long a path";
  host.variables["SHMFLAKE_STATE_DIR"] = "/srv/state";
  EXPECT_EQ(Resolved(host).state_directory.value, "/srv/state");
}

TEST(Group, IsANameOrANumberAndWidensTheMode) {
  const test::FakeHost host;
  const Settings by_name = Resolved(host, {.group = "flakes"});
  EXPECT_EQ(by_name.gid, 4711U);
  EXPECT_EQ(by_name.mode.value, 0660U);
  EXPECT_EQ(by_name.mode.source, "default with a group");
  EXPECT_FALSE(by_name.mode.given);
  EXPECT_EQ(Resolved(host, {.group = "0"}).gid, 0U);
  EXPECT_EQ(Resolved(host, {.group = "4294967294"}).gid, 4294967294U);
  EXPECT_EQ(Resolved(host, {.group = "flakes", .mode = 0640}).mode.value, 0640U);
  EXPECT_EQ(Resolved(host, {.group = "flakes", .mode = 0600}).mode.value, 0600U);
}

TEST(Group, MustExist) {
  test::FakeHost host;
  ExpectRefused(host, {.group = "wizards"}, Code::OPTION,
                "group must be the name or the number of a group of this host: \"wizards\"");
  ExpectRefused(host, {.group = "4294967295"}, Code::OPTION,
                "group must be the name or the number of a group of this host: \"4294967295\"");
  ExpectRefused(host, {.group = ""}, Code::OPTION,
                "group must be the name or the number of a group: \"\"");
  host.variables["SHMFLAKE_GROUP"] = "-1";
  ExpectRefused(host, {}, Code::ENVIRONMENT,
                "SHMFLAKE_GROUP must be the name or the number of a group of this host: \"-1\"");
  const test::TempDir directory;
  host.variables.clear();
  const std::string path = directory.Write("a.toml", "\ngroup = -1\n");
  ExpectRefused(host, {.config_file = path}, Code::CONFIG_VALUE,
                path + ":2: group must be the name or the number of a group of this host: \"-1\"");
  host.group_error = 5;
  ExpectRefused(host, {.group = "flakes"}, Code::OPTION,
                "group must be the name or the number of a group of this host: \"flakes\": "
                "Input/output error");
}

TEST(Mode, NeedsAGroupToLetOneIn) {
  test::FakeHost host;
  ExpectRefused(host, {.mode = 0660}, Code::OPTION,
                "mode must be 0600 when no group is given: 0660");
  host.variables["SHMFLAKE_MODE"] = "0640";
  ExpectRefused(host, {}, Code::ENVIRONMENT,
                "SHMFLAKE_MODE must be 0600 when no group is given: 0640");
  host.variables["SHMFLAKE_MODE"] = "0600";
  EXPECT_EQ(Resolved(host).mode.value, 0600U);
}

TEST(Format, GivesTheMachineAllButTwoOfTheWorkersBits) {
  const test::FakeHost host;
  const auto machine_bits = [&](std::uint32_t worker_id_bits) {
    return Resolved(host, {.worker_id_bits = worker_id_bits}).format.machine_bits;
  };
  EXPECT_EQ(machine_bits(22), 20U);
  EXPECT_EQ(machine_bits(8), 6U);
  EXPECT_EQ(machine_bits(3), 1U);
  EXPECT_EQ(machine_bits(2), 1U);
  EXPECT_EQ(machine_bits(1), 1U);
}

TEST(Format, GivesTheTimestampWhatIsLeft) {
  const test::FakeHost host;
  const Settings settings = Resolved(host, {.worker_id_bits = 10, .sequence_bits = 22});
  EXPECT_EQ(settings.format.timestamp_bits, 31U);
  EXPECT_EQ(settings.timestamp_bits.value, 31U);
  EXPECT_EQ(Resolved(host, {.timestamp_bits = 43}).format.timestamp_bits, 43U);
}

TEST(Format, RefusesImpossibleBitsAndSaysWhereTheyCameFrom) {
  test::FakeHost host;
  ExpectRefused(host, {.timestamp_bits = 41}, Code::LAYOUT,
                "timestamp_bits must be what worker_id_bits and sequence_bits leave, "
                "63 - 8 - 12 = 43: 41 (worker_id_bits: default, sequence_bits: default, "
                "timestamp_bits: option)");
  ExpectRefused(host, {.worker_id_bits = 4, .machine_bits = 5}, Code::LAYOUT,
                "machine_bits must be 1..worker_id_bits, 1..4 (option): 5");
  host.variables["SHMFLAKE_SEQUENCE_BITS"] = "31";
  ExpectRefused(host, {.worker_id_bits = 22}, Code::LAYOUT,
                "worker_id_bits and sequence_bits must leave at least 20 of 63 bits for the "
                "timestamp: 22 + 31 leave 10 (worker_id_bits: option, sequence_bits: environment "
                "SHMFLAKE_SEQUENCE_BITS, timestamp_bits: default)");
}

TEST(Epoch, IsNotAfterNow) {
  test::FakeHost host;
  EXPECT_EQ(Resolved(host, {.epoch_ms = host.now_unix_ms}).format.epoch_ms, host.now_unix_ms);
  ExpectRefused(host, {.epoch_ms = host.now_unix_ms + 1}, Code::LAYOUT,
                "epoch_ms must not be after now (1700000000000): 1700000000001");
  host.variables["SHMFLAKE_EPOCH_MS"] = "1700000000001";
  ExpectRefused(host, {}, Code::LAYOUT,
                "SHMFLAKE_EPOCH_MS must not be after now (1700000000000): 1700000000001");
}

TEST(Epoch, ThatNobodyAskedForMayBeAfterAClockThatIsWrong) {
  test::FakeHost host;
  host.now_unix_ms = 0;  // the draw says BEFORE_EPOCH
  EXPECT_EQ(Resolved(host).format.epoch_ms, kDefaultEpochMs);
}

TEST(Horizon, IsMoreThanTwiceMaxBackward) {
  test::FakeHost host;
  EXPECT_EQ(Resolved(host, {.max_backward_ms = 4999, .horizon_ms = 10'000}).horizon_ms.value,
            10'000U);
  EXPECT_EQ(Resolved(host, {.max_backward_ms = 60'000, .horizon_ms = 120'001}).horizon_ms.value,
            120'001U);
  ExpectRefused(host, {.max_backward_ms = 60'000, .horizon_ms = 120'000}, Code::OPTION,
                "horizon_ms must be more than 2 x max_backward_ms, 2 x 60000 (option): 120000 "
                "(option)");
  host.variables["SHMFLAKE_MAX_BACKWARD_MS"] = "5000";
  host.variables["SHMFLAKE_HORIZON_MS"] = "10000";
  ExpectRefused(host, {}, Code::ENVIRONMENT,
                "horizon_ms must be more than 2 x max_backward_ms, 2 x 5000 (environment "
                "SHMFLAKE_MAX_BACKWARD_MS): 10000 (environment SHMFLAKE_HORIZON_MS)");
}

TEST(Horizon, FollowsMaxBackwardWhereNobodyGivesIt) {
  test::FakeHost host;
  EXPECT_EQ(Resolved(host, {.max_backward_ms = 2500}).horizon_ms.value, 10'000U);
  EXPECT_EQ(Resolved(host, {.max_backward_ms = 5000}).horizon_ms.value, 20'000U);
  EXPECT_EQ(Resolved(host, {.max_backward_ms = 60'000}).horizon_ms.value, 240'000U);
}

TEST(WorkerId, ComesFromTheHighestSourceThatHasOne) {
  const test::TempDir directory;
  test::FakeHost host;
  host.variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
  host.name = "web-5";
  EXPECT_EQ(Resolved(host).worker_id.value, 5U);
  EXPECT_EQ(Resolved(host).worker_id_source, WorkerIdSource::kStatefulSet);

  host.default_config_file = directory.Write("a.toml", "datacenter_id = 1\nmachine_id = 2\n");
  EXPECT_EQ(Resolved(host).worker_id.value, 1U << 6 | 2U);
  EXPECT_EQ(Resolved(host).worker_id_source, WorkerIdSource::kConfigFile);
  EXPECT_EQ(Resolved(host).worker_id.source, host.default_config_file + ":1");
  EXPECT_TRUE(Resolved(host).worker_id.given);

  host.variables["SHMFLAKE_DATACENTER_ID"] = "2";
  host.variables["SHMFLAKE_MACHINE_ID"] = "3";
  EXPECT_EQ(Resolved(host).worker_id.value, 2U << 6 | 3U);
  host.variables.erase("SHMFLAKE_DATACENTER_ID");
  host.variables.erase("SHMFLAKE_MACHINE_ID");
  host.variables["SHMFLAKE_WORKER_ID"] = "7";
  EXPECT_EQ(Resolved(host).worker_id.value, 7U);
  EXPECT_EQ(Resolved(host).worker_id.source, "environment SHMFLAKE_WORKER_ID");
  EXPECT_EQ(Resolved(host).worker_id_source, WorkerIdSource::kEnvironment);

  EXPECT_EQ(Resolved(host, {.worker_id = 9}).worker_id.value, 9U);
  EXPECT_EQ(Resolved(host, {.worker_id = 9}).worker_id.source, "option");
}

TEST(WorkerId, IsHeldAgainstTheBitsOnlyWhereItCounts) {
  const test::TempDir directory;
  test::FakeHost host;
  host.default_config_file = directory.Write("a.toml", "worker_id_bits = 10\nworker_id = 1000\n");
  EXPECT_EQ(Resolved(host).worker_id.value, 1000U);
  const Options narrower{.worker_id = 3, .worker_id_bits = 4};
  EXPECT_EQ(Resolved(host, narrower).worker_id.value, 3U);
  ExpectRefused(host, {.worker_id_bits = 4}, Code::WORKER_ID,
                host.default_config_file + ":2: worker_id must be 0..15: 1000");
}

}  // namespace
}  // namespace shmflake
