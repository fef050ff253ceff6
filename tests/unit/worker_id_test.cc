// SPDX-License-Identifier: Apache-2.0
#include "core/worker_id.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/fake_host.h"

namespace shmflake {
namespace {

constexpr IdFormat kFormat;  // 2 datacenter bits, 6 machine bits

using Keys = std::vector<std::pair<std::string, std::int64_t>>;

SettingLayer Layer(const Keys& keys, SettingOrigin origin = SettingOrigin::kConfigFile) {
  SettingLayer layer;
  for (const auto& [key, value] : keys) {
    const SettingSpec& spec = *FindSetting(key);
    const bool is_variable = origin == SettingOrigin::kEnvironment;
    const std::string name = is_variable ? VariablesOf(spec).front() : "a.toml:1: " + key;
    layer.Set(spec, {value, origin, name, is_variable ? "environment " + name : "a.toml:1"});
  }
  return layer;
}

Setting<std::uint32_t> Find(const SettingLayer& layer, const IdFormat& format = kFormat) {
  std::optional<Setting<std::uint32_t>> found;
  const Status status = WorkerIdOfLayer(format, layer, &found);
  EXPECT_TRUE(status.ok()) << status.message();
  return found.value_or(Setting<std::uint32_t>{0, "nothing", false});
}

void ExpectRefused(const SettingLayer& layer, Code code, const std::string& message,
                   const IdFormat& format = kFormat) {
  std::optional<Setting<std::uint32_t>> found;
  const Status status = WorkerIdOfLayer(format, layer, &found);
  EXPECT_EQ(status.code(), code);
  EXPECT_EQ(status.message(), message);
}

TEST(WorkerIdOfLayer, IsNothingWhereTheSourceIsSilent) {
  EXPECT_EQ(Find(Layer({})).source, "nothing");
}

TEST(WorkerIdOfLayer, IsTheWholeOrItsTwoParts) {
  EXPECT_EQ(Find(Layer({{"worker_id", 255}})).value, 255U);
  const Setting<std::uint32_t> joined = Find(Layer({{"datacenter_id", 3}, {"machine_id", 5}}));
  EXPECT_EQ(joined.value, 3U << 6 | 5U);
  EXPECT_TRUE(joined.given);
  EXPECT_EQ(joined.source, "a.toml:1");
  EXPECT_EQ(
      Find(Layer({{"datacenter_id", 1}, {"machine_id", 1}}, SettingOrigin::kEnvironment)).source,
      "environment SHMFLAKE_DATACENTER_ID and SHMFLAKE_MACHINE_ID");
  EXPECT_EQ(Find(Layer({{"worker_id", 65}, {"datacenter_id", 1}, {"machine_id", 1}})).value, 65U);
  EXPECT_EQ(Find(Layer({{"datacenter_id", 0}, {"machine_id", 0}})).value, 0U);
}

TEST(WorkerIdOfLayer, MustFitItsBits) {
  ExpectRefused(Layer({{"worker_id", 256}}), Code::WORKER_ID,
                "a.toml:1: worker_id must be 0..255: 256");
  ExpectRefused(Layer({{"worker_id", 4096}}, SettingOrigin::kEnvironment), Code::WORKER_ID,
                "SNOWFLAKE_WORKER_ID must be 0..255: 4096");
  ExpectRefused(Layer({{"worker_id", -1}}), Code::WORKER_ID,
                "a.toml:1: worker_id must be 0..255: -1");
  ExpectRefused(Layer({{"worker_id", std::int64_t{1} << 40}}), Code::WORKER_ID,
                "a.toml:1: worker_id must be 0..255: 1099511627776");
  ExpectRefused(Layer({{"datacenter_id", 4}, {"machine_id", 0}}), Code::WORKER_ID,
                "a.toml:1: datacenter_id must be 0..3: 4");
  ExpectRefused(Layer({{"datacenter_id", 0}, {"machine_id", 64}}), Code::WORKER_ID,
                "a.toml:1: machine_id must be 0..63: 64");
  ExpectRefused(Layer({{"datacenter_id", 0}, {"machine_id", std::int64_t{1} << 32}}),
                Code::WORKER_ID, "a.toml:1: machine_id must be 0..63: 4294967296");
}

TEST(WorkerIdOfLayer, HasNoDatacenterWhereTheMachineTakesAllBits) {
  const IdFormat format{.datacenter_bits = 0, .machine_bits = 8};
  EXPECT_EQ(Find(Layer({{"datacenter_id", 0}, {"machine_id", 255}}), format).value, 255U);
  ExpectRefused(Layer({{"datacenter_id", 1}, {"machine_id", 0}}), Code::WORKER_ID,
                "a.toml:1: datacenter_id must be 0..0: 1", format);
}

TEST(WorkerIdOfLayer, WantsBothPartsOrNone) {
  ExpectRefused(Layer({{"datacenter_id", 1}}), Code::CONFIG_VALUE,
                "a.toml:1: datacenter_id must be given together with machine_id: 1");
  ExpectRefused(Layer({{"machine_id", 1}}), Code::CONFIG_VALUE,
                "a.toml:1: machine_id must be given together with datacenter_id: 1");
  ExpectRefused(Layer({{"machine_id", 1}}, SettingOrigin::kEnvironment), Code::ENVIRONMENT,
                "SHMFLAKE_MACHINE_ID must be given together with SHMFLAKE_DATACENTER_ID: 1");
}

TEST(WorkerIdOfLayer, MustBeTheSameBothWays) {
  ExpectRefused(Layer({{"worker_id", 7}, {"datacenter_id", 1}, {"machine_id", 1}}),
                Code::CONFIG_VALUE,
                "a.toml:1: worker_id must be datacenter_id << machine_bits | machine_id, "
                "1 << 6 | 1 = 65, when all are given: 7");
  ExpectRefused(Layer({{"worker_id", 7}, {"datacenter_id", 1}, {"machine_id", 1}},
                      SettingOrigin::kEnvironment),
                Code::ENVIRONMENT,
                "SNOWFLAKE_WORKER_ID must be datacenter_id << machine_bits | machine_id, "
                "1 << 6 | 1 = 65, when all are given: 7");
}

TEST(StatefulSetOrdinal, IsTheNumberAtTheEndOfThePodsName) {
  EXPECT_EQ(StatefulSetOrdinal("web-0"), 0U);
  EXPECT_EQ(StatefulSetOrdinal("web-17"), 17U);
  EXPECT_EQ(StatefulSetOrdinal("order-service-9999"), 9999U);
  EXPECT_EQ(StatefulSetOrdinal("a-1-2"), 2U);
}

TEST(StatefulSetOrdinal, IsNothingElse) {
  for (const char* name : {"", "web", "-1", "web-", "web-01", "web-00", "web-10000", "web-1a",
                           "web--", "web-5d8f7c9b4-x7x2k", "web-1.", "web- 1", "web-+1", "1"}) {
    EXPECT_FALSE(StatefulSetOrdinal(name)) << name;
  }
}

struct HostWorkerId {
  Setting<std::uint32_t> id;
  WorkerIdSource source = WorkerIdSource::kLease;
};

HostWorkerId Ask(const test::FakeHost& host, const IdFormat& format = kFormat) {
  HostWorkerId found;
  const Status status = WorkerIdOfHost(format, host, &found.id, &found.source);
  EXPECT_TRUE(status.ok()) << status.message();
  return found;
}

TEST(WorkerIdOfHost, IsTheOrdinalOfAStatefulSetsPod) {
  test::FakeHost host;
  host.variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
  host.name = "web-3";
  const HostWorkerId found = Ask(host);
  EXPECT_EQ(found.id.value, 3U);
  EXPECT_EQ(found.id.source, "StatefulSet pod web-3");
  EXPECT_FALSE(found.id.given);
  EXPECT_EQ(found.source, WorkerIdSource::kStatefulSet);
}

TEST(WorkerIdOfHost, PrefersThePodsNameToTheHosts) {
  test::FakeHost host;
  host.variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
  host.variables["POD_NAME"] = "web-4";
  host.name = "node-9";
  EXPECT_EQ(Ask(host).id.value, 4U);
  host.variables["POD_NAME"] = "web";
  EXPECT_EQ(Ask(host).source, WorkerIdSource::kHostAddress);
}

TEST(WorkerIdOfHost, RefusesAnOrdinalBeyondTheWorkerBits) {
  test::FakeHost host;
  host.variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
  host.name = "web-256";
  HostWorkerId found;
  const Status status = WorkerIdOfHost(kFormat, host, &found.id, &found.source);
  EXPECT_EQ(status.code(), Code::WORKER_ID);
  EXPECT_EQ(status.message(),
            "the ordinal of StatefulSet pod web-256, its worker ID, must be 0..255: 256; set "
            "worker_id_bits or worker_id");
  const IdFormat wider{.timestamp_bits = 42, .datacenter_bits = 3};
  EXPECT_EQ(Ask(host, wider).id.value, 256U);
}

TEST(WorkerIdOfHost, TakesNoNumberForAnOrdinalOutsideKubernetes) {
  test::FakeHost host;
  host.name = "web-3";
  EXPECT_EQ(Ask(host).source, WorkerIdSource::kHostAddress);
}

TEST(WorkerIdOfHost, IsTheLastBitsOfTheAddress) {
  test::FakeHost host;
  const HostWorkerId found = Ask(host);
  EXPECT_EQ(found.id.value, 17U);
  EXPECT_EQ(found.id.source, "host address 10.0.3.17 (not guaranteed unique)");
  EXPECT_FALSE(found.id.given);
  EXPECT_EQ(found.source, WorkerIdSource::kHostAddress);
  EXPECT_EQ(Ask(host, {.timestamp_bits = 41, .datacenter_bits = 4}).id.value, 3U << 8 | 17U);
}

TEST(WorkerIdOfHost, IsThatOfTheLoopbackWhereThereIsNoOther) {
  test::FakeHost host;
  host.address.reset();
  EXPECT_EQ(Ask(host).id.value, 1U);
  EXPECT_EQ(Ask(host).id.source, "host address 127.0.0.1 (not guaranteed unique)");
}

TEST(WorkerIdSource, HasANameAndOnlyTheAddressIsNotGuaranteedUnique) {
  const std::vector<std::pair<WorkerIdSource, std::string>> sources = {
      {WorkerIdSource::kOption, "option"},
      {WorkerIdSource::kEnvironment, "environment"},
      {WorkerIdSource::kConfigFile, "config_file"},
      {WorkerIdSource::kLease, "lease"},
      {WorkerIdSource::kStatefulSet, "statefulset"},
      {WorkerIdSource::kHostAddress, "host_address"}};
  for (const auto& [source, name] : sources) {
    EXPECT_EQ(WorkerIdSourceName(source), name);
    EXPECT_EQ(IsGuaranteedUnique(source), source != WorkerIdSource::kHostAddress);
  }
  const auto unknown = static_cast<WorkerIdSource>(99);  // read from a damaged region
  EXPECT_STREQ(WorkerIdSourceName(unknown), "unknown");
  EXPECT_FALSE(IsGuaranteedUnique(unknown));
}

}  // namespace
}  // namespace shmflake
