// SPDX-License-Identifier: Apache-2.0
#include "core/setting_table.h"

#include <gtest/gtest.h>

#include <set>

namespace shmflake {
namespace {

GivenValue Given(SettingValue value, SettingOrigin origin = SettingOrigin::kOption) {
  return {std::move(value), origin, "subject", "source"};
}

Status Check(std::string_view key, SettingValue value) {
  return CheckValue(*FindSetting(key), Given(std::move(value)));
}

TEST(SettingTable, NamesEveryKeyAndEveryVariableOnce) {
  std::set<std::string> names;
  for (const SettingSpec& spec : SettingTable()) {
    EXPECT_TRUE(names.insert(std::string(spec.key)).second) << spec.key;
    EXPECT_EQ(FindSetting(spec.key), &spec);
    for (const std::string& variable : VariablesOf(spec)) {
      EXPECT_TRUE(names.insert(variable).second) << variable;
    }
  }
  EXPECT_EQ(FindSetting("tick"), nullptr);
  EXPECT_EQ(FindSetting(""), nullptr);
}

TEST(SettingTable, DerivesVariablesFromKeysButForThoseThatHaveOneOfTheirOwn) {
  const auto variables = [](std::string_view key) { return VariablesOf(*FindSetting(key)); };
  using Names = std::vector<std::string>;
  EXPECT_EQ(variables("tick_us"), Names{"SHMFLAKE_TICK_US"});
  EXPECT_EQ(variables("log"), Names{"SHMFLAKE_LOG"});
  EXPECT_EQ(variables("id_namespace"), Names{"SHMFLAKE_ID_NAMESPACE"});
  EXPECT_EQ(variables("datacenter_id"), Names{"SHMFLAKE_DATACENTER_ID"});
  EXPECT_EQ(variables("directory"), Names{"SHMFLAKE_DIR"});
  EXPECT_EQ(variables("state_directory"), Names{"SHMFLAKE_STATE_DIR"});
  EXPECT_EQ(variables("worker_id"), (Names{"SNOWFLAKE_WORKER_ID", "SHMFLAKE_WORKER_ID"}));
}

TEST(SettingTable, HasDefaultsThatKeepTheirOwnRules) {
  for (const SettingSpec& spec : SettingTable()) {
    if (spec.kind == SettingKind::kInteger && spec.number != 0) {
      EXPECT_TRUE(CheckValue(spec, Given(spec.number)).ok()) << spec.key;
    }
    if (spec.kind == SettingKind::kChoice) {
      EXPECT_TRUE(CheckValue(spec, Given(std::string(spec.text))).ok()) << spec.key;
    }
  }
}

TEST(CheckValue, TakesTheEndsOfEveryRangeAndNothingBeyond) {
  for (const SettingSpec& spec : SettingTable()) {
    if (spec.kind != SettingKind::kInteger) continue;
    EXPECT_TRUE(CheckValue(spec, Given(spec.lowest)).ok()) << spec.key;
    EXPECT_TRUE(CheckValue(spec, Given(spec.highest)).ok()) << spec.key;
    for (const std::int64_t value : {spec.lowest - 1, spec.highest + 1}) {
      const Status status = CheckValue(spec, Given(value));
      EXPECT_EQ(status.message(), "subject must be an integer " + std::to_string(spec.lowest) +
                                      ".." + std::to_string(spec.highest) + ": " +
                                      std::to_string(value));
    }
  }
}

TEST(CheckValue, HasTheCodeOfTheOriginUnlessTheSettingHasItsOwn) {
  const SettingSpec& wait = *FindSetting("wait_timeout_ms");
  const auto code = [](const SettingSpec& spec, SettingOrigin origin) {
    return CheckValue(spec, Given(std::int64_t{-1}, origin)).code();
  };
  EXPECT_EQ(code(wait, SettingOrigin::kOption), Code::OPTION);
  EXPECT_EQ(code(wait, SettingOrigin::kEnvironment), Code::ENVIRONMENT);
  EXPECT_EQ(code(wait, SettingOrigin::kConfigFile), Code::CONFIG_VALUE);
  for (const char* key :
       {"timestamp_bits", "worker_id_bits", "machine_bits", "sequence_bits", "tick_us"}) {
    EXPECT_EQ(code(*FindSetting(key), SettingOrigin::kEnvironment), Code::LAYOUT) << key;
  }
  EXPECT_EQ(Check("id_namespace", "").code(), Code::NAME);
  EXPECT_EQ(Check("store", "mysql").code(), Code::STORE_UNKNOWN);
}

TEST(CheckValue, WantsAbsolutePathsOfTwoHundredBytes) {
  EXPECT_TRUE(Check("directory", "/").ok());
  EXPECT_TRUE(Check("directory", "/" + std::string(199, 'x')).ok());
  EXPECT_EQ(Check("directory", "/" + std::string(200, 'x')).code(), Code::OPTION);
  EXPECT_EQ(Check("directory", "").code(), Code::OPTION);
  EXPECT_EQ(Check("directory", "./here").code(), Code::OPTION);
  EXPECT_EQ(Check("state_directory", std::string("/a\0b", 4)).code(), Code::OPTION);
  EXPECT_EQ(Check("state_directory", "/a\nb").message(),
            "subject must be an absolute path of at most 200 bytes without control characters: "
            "\"/a\\x0ab\"");
}

TEST(CheckValue, TakesThreeModes) {
  for (const std::int64_t mode : {0600, 0640, 0660}) EXPECT_TRUE(Check("mode", mode).ok());
  for (const std::int64_t mode : {0, 0400, 0644, 0666, 0777, 0700, 04600, 600, -1}) {
    EXPECT_EQ(Check("mode", mode).code(), Code::OPTION) << mode;
  }
  EXPECT_EQ(Check("mode", std::int64_t{0666}).message(),
            "subject must be 0600, 0640 or 0660: 0666");
}

TEST(CheckValue, TakesTheWordsOfAChoice) {
  EXPECT_TRUE(Check("ordering", "strict").ok());
  EXPECT_TRUE(Check("ordering", "relaxed").ok());
  EXPECT_TRUE(Check("store", "none").ok());
  EXPECT_TRUE(Check("log", "").ok());
  EXPECT_TRUE(Check("log", "stderr").ok());
  EXPECT_EQ(Check("log", "syslog").message(), "subject must be \"stderr\" or \"\": \"syslog\"");
  EXPECT_EQ(Check("ordering", "Strict").message(),
            "subject must be \"strict\" or \"relaxed\": \"Strict\"");
  EXPECT_FALSE(Check("ordering", "").ok());
  EXPECT_FALSE(Check("ordering", "strict|relaxed").ok());
  EXPECT_FALSE(Check("ordering", "strict|").ok());
}

TEST(IsName, TakesOneToSixtyThreeOfTheAllowedCharacters) {
  for (const char* name : {"a", "default", "Web-1.eu_west", "-", "_", "a.", "0"}) {
    EXPECT_TRUE(IsName(name)) << name;
  }
  EXPECT_TRUE(IsName(std::string(63, 'x')));
}

TEST(IsName, RefusesWhatCouldLeaveTheDirectory) {
  for (const char* name :
       {"", ".", "..", ".hidden", "a/b", "/", "a b", "a\n", "é", "a\\b", "a:b"}) {
    EXPECT_FALSE(IsName(name)) << name;
  }
  EXPECT_FALSE(IsName(std::string(64, 'x')));
  EXPECT_FALSE(IsName(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace shmflake
