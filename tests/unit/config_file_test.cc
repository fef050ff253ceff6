// SPDX-License-Identifier: Apache-2.0
#include "core/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace shmflake {
namespace {

using std::string_literals::operator""s;

SettingLayer Parse(std::string_view text) {
  SettingLayer layer;
  const Status status = ParseConfigText("a.toml", text, &layer);
  EXPECT_TRUE(status.ok()) << status.message();
  return layer;
}

void ExpectRefused(std::string_view text, Code code, const std::string& message) {
  SettingLayer layer;
  const Status status = ParseConfigText("a.toml", text, &layer);
  EXPECT_EQ(status.code(), code) << CodeName(status.code());
  EXPECT_EQ(status.message(), message);
}

// Only the beginning: the rest is the parser's own words.
void ExpectSyntaxError(std::string_view text, const std::string& beginning) {
  SettingLayer layer;
  const Status status = ParseConfigText("a.toml", text, &layer);
  EXPECT_EQ(status.code(), Code::CONFIG_SYNTAX) << text;
  EXPECT_TRUE(status.message().starts_with(beginning)) << status.message();
}

TEST(ConfigFile, HoldsEveryKey) {
  const SettingLayer layer = Parse(R"(
datacenter_id = 1
machine_id = 5
worker_id = 69
worker_id_bits = 8
machine_bits = 6
sequence_bits = 12
timestamp_bits = 43
max_backward_ms = 0
epoch_ms = -1000
tick_us = 1_000
directory = "/dev/shm/ids"
state_directory = '/var/lib/ids'
id_namespace = "orders"
store = "none"
group = "flakes"
mode = "0660"
ordering = "relaxed"
max_forward_ms = 1
max_recovery_ms = 0x10
horizon_ms = 100
lease_ttl_ms = 120000
wait_timeout_ms = 1
background_thread = true
sigbus_guard = false
log = "stderr"
layout = "mid"
segment_store = "sqlite:/var/lib/ids.db"
)");
  for (const SettingSpec& spec : SettingTable()) {
    ASSERT_NE(layer.Find(spec), nullptr) << spec.key << " is not in this test's file";
    EXPECT_EQ(layer.Find(spec)->origin, SettingOrigin::kConfigFile);
  }
  EXPECT_EQ(std::get<std::int64_t>(layer.Find("epoch_ms")->value), -1000);
  EXPECT_EQ(std::get<std::int64_t>(layer.Find("mode")->value), 0660);
  EXPECT_EQ(std::get<std::int64_t>(layer.Find("max_recovery_ms")->value), 16);
  EXPECT_EQ(std::get<bool>(layer.Find("background_thread")->value), true);
  EXPECT_EQ(std::get<std::string>(layer.Find("id_namespace")->value), "orders");
  EXPECT_EQ(layer.Find("tick_us")->source, "a.toml:11");
  EXPECT_EQ(layer.Find("tick_us")->subject, "a.toml:11: tick_us");
}

TEST(ConfigFile, MayBeEmptyOrAllComments) {
  Parse("");
  Parse("\n\n# nothing\n   # .......................\n");
  Parse("\xef\xbb\xbf# with a byte order mark\n");
  Parse("[snowflake]\n");
}

TEST(ConfigFile, MayPutKeysIntoATable) {
  EXPECT_EQ(Parse("[snowflake]\ntick_us = 500\n").Find("tick_us")->source, "a.toml:2");
  EXPECT_NE(Parse("snowflake.tick_us = 500\n").Find("tick_us"), nullptr);
  const SettingLayer both = Parse("mode = '0600'\n[snowflake]\ntick_us = 500\n");
  EXPECT_NE(both.Find("mode"), nullptr);
  EXPECT_NE(both.Find("tick_us"), nullptr);
}

TEST(ConfigFile, MayNotSayOneKeyInBothPlaces) {
  ExpectRefused(
      "tick_us = 500\n[snowflake]\ntick_us = 500\n", Code::CONFIG_KEY,
      "a.toml:3: tick_us is given twice, at the top and in [snowflake]: also at a.toml:1");
}

TEST(ConfigFile, NamesAnUnknownKeyAndTheOneThatWasMeant) {
  ExpectRefused("\n\nticks_us = 5\n", Code::CONFIG_KEY,
                "a.toml:3: unknown key: \"ticks_us\"; did you mean tick_us?");
  ExpectRefused("epoch = 5\n", Code::CONFIG_KEY,
                "a.toml:1: unknown key: \"epoch\"; did you mean epoch_ms?");
  ExpectRefused("namespace = 'x'\n", Code::CONFIG_KEY,
                "a.toml:1: unknown key: \"namespace\"; did you mean id_namespace?");
  ExpectRefused("zookeeper = 'x'\n", Code::CONFIG_KEY, "a.toml:1: unknown key: \"zookeeper\"");
  ExpectRefused("config_file = '/x'\n", Code::CONFIG_KEY, "a.toml:1: unknown key: \"config_file\"");
  ExpectRefused("[snowflake]\nMODE = '0600'\n", Code::CONFIG_KEY,
                "a.toml:2: unknown key: \"MODE\"; did you mean mode?");
  ExpectRefused("[server]\nport = 1\n", Code::CONFIG_KEY, "a.toml:1: unknown key: \"server\"");
  ExpectRefused("[snowflake.snowflake]\n", Code::CONFIG_KEY,
                "a.toml:1: unknown key: \"snowflake\"");
  ExpectRefused("\"\" = 1\n", Code::CONFIG_KEY, "a.toml:1: unknown key: \"\"");
  ExpectRefused("\"a\\nb\" = 1\n", Code::CONFIG_KEY, "a.toml:1: unknown key: \"a\\x0ab\"");
}

TEST(ConfigFile, ReportsTheFirstErrorFromTheTop) {
  ExpectRefused("zz = 1\naa = 2\n", Code::CONFIG_KEY, "a.toml:1: unknown key: \"zz\"");
}

TEST(ConfigFile, RefusesValuesOfAnotherType) {
  const auto refused = [](std::string_view text, const std::string& rest) {
    ExpectRefused(text, Code::CONFIG_TYPE, "a.toml:1: " + rest);
  };
  refused("tick_us = '1000'", "tick_us must be an integer 100..1000000: \"1000\"");
  refused("tick_us = 1000.0", "tick_us must be an integer 100..1000000: 1000");
  refused("tick_us = true", "tick_us must be an integer 100..1000000: true");
  refused("tick_us = [1000]", "tick_us must be an integer 100..1000000: an array");
  refused("tick_us = {}", "tick_us must be an integer 100..1000000: a table");
  refused("tick_us = 2021-01-01", "tick_us must be an integer 100..1000000: a date or time");
  refused("worker_id = '7'", "worker_id must be an integer, 0 or more: \"7\"");
  refused("background_thread = 1", "background_thread must be true or false: 1");
  refused("directory = 1", "directory must be a string: 1");
  refused("id_namespace = 1", "id_namespace must be a string: 1");
  refused("ordering = true", "ordering must be a string: true");
  refused("group = true", "group must be the name or the number of a group: true");
  refused("mode = 0o660", "mode must be a string in quotes, such as \"0660\": 432");
  refused("snowflake = 1", "snowflake must be a table: 1");
  refused("[[snowflake]]", "snowflake must be a table: an array");
}

TEST(ConfigFile, RefusesValuesOutOfRange) {
  const auto refused = [](std::string_view text, Code code, const std::string& rest) {
    ExpectRefused(text, code, "a.toml:1: " + rest);
  };
  refused("horizon_ms = 99", Code::CONFIG_VALUE, "horizon_ms must be an integer 100..86400000: 99");
  refused("wait_timeout_ms = -9223372036854775808", Code::CONFIG_VALUE,
          "wait_timeout_ms must be an integer 1..3600000: -9223372036854775808");
  refused("directory = 'x'", Code::CONFIG_VALUE,
          "directory must be an absolute path of at most 200 bytes without control characters: "
          "\"x\"");
  refused("directory = \"/a\\u0000b\"", Code::CONFIG_VALUE,
          "directory must be an absolute path of at most 200 bytes without control characters: "
          "\"/a\\x00b\"");
  refused("mode = 'rw'", Code::CONFIG_VALUE, "mode must be 0600, 0640 or 0660: \"rw\"");
  refused("mode = '0777'", Code::CONFIG_VALUE, "mode must be 0600, 0640 or 0660: 0777");
  refused("log = 'file'", Code::CONFIG_VALUE, "log must be \"stderr\" or \"\": \"file\"");
  refused("tick_us = 99", Code::LAYOUT, "tick_us must be an integer 100..1000000: 99");
  refused("id_namespace = '.x'", Code::NAME,
          "id_namespace must be 1..63 of [A-Za-z0-9._-], not beginning with a dot: \".x\"");
  refused("store = 'mysql'", Code::STORE_UNKNOWN,
          "store must be \"sqlite\", \"none\", or the URL of a store that hosts share, mysql://, "
          "postgres:// or etcd://: \"mysql\"");
}

TEST(ConfigFile, SaysWhereItIsNotToml) {
  ExpectSyntaxError("tick_us = 1\nmode = \n", "a.toml:2: not TOML: ");
  ExpectSyntaxError("tick_us = 1 2\n", "a.toml:1: not TOML: ");
  ExpectSyntaxError("tick_us = 0660\n", "a.toml:1: not TOML: ");
  ExpectSyntaxError("tick_us = 99999999999999999999\n", "a.toml:1: not TOML: ");
  ExpectSyntaxError("tick_us = 1\n\ntick_us = 1\n", "a.toml:3: not TOML: ");
  ExpectSyntaxError("<xml/>", "a.toml:1: not TOML: ");
  ExpectSyntaxError("[snowflake", "a.toml:1: not TOML: ");
  ExpectSyntaxError("[[##\n", "a.toml:1: not TOML: ");
  ExpectSyntaxError("mode = \"0660\n", "a.toml:1: not TOML: ");
}

TEST(ConfigFile, RefusesBytesThatAreNotUtf8) {
  const std::string rule =
      "a.toml:2: outside of comments a character must be ASCII (in a string, \\uXXXX stands for "
      "others): ";
  ExpectSyntaxError("\nmode = \"\xff\"\n", rule + "\"\\xff\"");
  ExpectSyntaxError("\n\xfe\xff\n", rule + "\"\\xfe\"");
  ExpectSyntaxError("# \xc0\xaf\n", "a.toml:1: not TOML: ");
  ExpectSyntaxError("# \xff\n", "a.toml:1: not TOML: ");
  ExpectSyntaxError("tick_us = 1\0\n"s, "a.toml:1: not TOML: ");
}

TEST(ConfigFile, MayHoldAnyCharacterInCommentsAndEscapedInStrings) {
  EXPECT_NE(Parse("# Schneeflöckchen\ntick_us = 500 # µs\n").Find("tick_us"), nullptr);
  const SettingLayer layer = Parse(R"(directory = "/home/jos\u00e9")");
  EXPECT_EQ(std::get<std::string>(layer.Find("directory")->value), "/home/josé");
}

TEST(ConfigFile, RefusesNestingThatWouldUseUpTheStack) {
  std::string dotted = "a";
  for (int i = 0; i < 300'000; ++i) dotted += ".a";
  const std::string rule = "a line must have at most 100 dots";
  ExpectSyntaxError("\n" + dotted + " = 1\n", "a.toml:2: " + rule);
  ExpectSyntaxError("[" + dotted + "]\n", "a.toml:1: " + rule);
  ExpectSyntaxError("a = " + std::string(500'000, '['), "a.toml:1: not TOML: ");
  std::string tables = "a = ";
  for (int i = 0; i < 100'000; ++i) tables += "{a=";
  ExpectSyntaxError(tables, "a.toml:1: not TOML: ");
}

std::string ReadRefused(const std::string& path) {
  bool found = true;
  std::string text;
  const Status status = ReadConfigText(path, /*optional=*/false, &found, &text);
  EXPECT_EQ(status.code(), Code::CONFIG_NOT_FOUND);
  EXPECT_FALSE(found);
  return status.message();
}

TEST(ConfigFile, IsReadWhole) {
  const test::TempDir directory;
  const std::string content = "# " + std::string(kLargestConfigFile - 3, 'x') + "\n";
  bool found = false;
  std::string text;
  ASSERT_TRUE(ReadConfigText(directory.Write("a.toml", content), false, &found, &text).ok());
  EXPECT_TRUE(found);
  EXPECT_EQ(text, content);
}

TEST(ConfigFile, MayBeASymbolicLinkAsInAConfigMap) {
  const test::TempDir directory;
  const std::string link = directory.path() + "/link.toml";
  std::filesystem::create_symlink(directory.Write("a.toml", "tick_us = 500\n"), link);
  bool found = false;
  std::string text;
  ASSERT_TRUE(ReadConfigText(link, false, &found, &text).ok());
  EXPECT_EQ(text, "tick_us = 500\n");
}

TEST(ConfigFile, SaysWhyANamedFileCannotBeRead) {
  const test::TempDir directory;
  const auto expected = [](const std::string& path, const std::string& why) {
    return "cannot read the configuration file " + path + ": " + why;
  };
  const std::string& path = directory.path();
  EXPECT_EQ(ReadRefused(path + "/none"), expected(path + "/none", "No such file or directory"));
  EXPECT_EQ(ReadRefused(""), expected("", "No such file or directory"));
  EXPECT_EQ(ReadRefused(path), expected(path, "Is a directory"));
  EXPECT_EQ(ReadRefused(std::string(5000, 'x')),
            expected(std::string(5000, 'x'), "File name too long"));
  const std::string large = directory.Write("large", std::string(kLargestConfigFile + 1, '#'));
  EXPECT_EQ(ReadRefused(large),
            expected(large, "it must be at most 1048576 bytes: File too large"));
  EXPECT_EQ(ReadRefused("/dev/zero"), expected("/dev/zero", "it must be a regular file"));
}

TEST(ConfigFile, MustBeReadable) {
  const test::TempDir directory;
  const std::string path = directory.Write("a.toml", "");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  const uid_t user = ::geteuid();
  constexpr uid_t kNobody = 65534;
  if (user == 0) {  // who reads everything
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const std::string message = ReadRefused(path);
  if (user == 0) {
    ASSERT_EQ(::seteuid(user), 0);
  }
  EXPECT_EQ(message, "cannot read the configuration file " + path + ": Permission denied");
}

TEST(ConfigFile, DoesNotHangOnAFifo) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ReadRefused(path),
            "cannot read the configuration file " + path + ": it must be a regular file");
}

TEST(ConfigFile, MayBeMissingWhenNobodyNamedIt) {
  const test::TempDir directory;
  const std::string file = directory.Write("a.toml", "");
  for (const std::string& path : {directory.path() + "/none", file + "/below"}) {
    bool found = true;
    std::string text;
    EXPECT_TRUE(ReadConfigText(path, /*optional=*/true, &found, &text).ok());
    EXPECT_FALSE(found);
  }
  bool found = true;
  std::string text;
  EXPECT_EQ(ReadConfigText(directory.path(), /*optional=*/true, &found, &text).code(),
            Code::CONFIG_NOT_FOUND)
      << "it is there, but no file";
}

}  // namespace
}  // namespace shmflake
