// SPDX-License-Identifier: Apache-2.0
// What a caller, the environment or the configuration file asks for in vain: each has a code of its
// own, and a message with the rule and the value. Nothing is made meanwhile.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/refused.h"

namespace flake::test {
namespace {

class CallerError : public ::testing::Test {
 protected:
  CallerError() : options_(box_.Options()) {}
  ~CallerError() override { EXPECT_EQ("", box_.ListRegions()); }

  int OpenIsRefused(int expected, const std::vector<std::string>& parts,
                    const char* name = nullptr) {
    return OpenRefused(expected, box_, parts, &options_, name);
  }
  // With that text in the configuration file.
  int ConfigIsRefused(int expected, const std::string& text, std::vector<std::string> parts) {
    const std::string path = box_.state + "/snowflake.toml";
    std::ofstream(path) << text;
    options_.config_file = path.c_str();
    parts.push_back(path);
    return OpenIsRefused(expected, parts);
  }
  // In a process with that variable.
  int VariableIsRefused(const char* variable, const char* value,
                        const std::vector<std::string>& parts) {
    Process process([&] {
      ::setenv(variable, value, 1);
      return OpenIsRefused(SHMFLAKE_E_ENVIRONMENT, parts);
    });
    return process.Wait();
  }

  const Sandbox box_;
  shmflake_options options_;
};

TEST_F(CallerError, ANullWhereAPointerIsRequiredIsNamedAndWritesNothing) {
  const Sandbox elsewhere;
  const Flake flake = elsewhere.MustOpen();
  std::uint64_t id = 7;
  std::uint64_t ids[2] = {7, 7};
  std::uint64_t count = 7;
  std::size_t filled = 7;
  shmflake_parts parts{};
  shmflake_status_info info{};
  const struct {
    int code;
    const char* what;
  } calls[] = {
      {shmflake_open(nullptr, &options_, nullptr), "open"},
      {shmflake_next(nullptr, &id), "next"},
      {shmflake_next(flake.get(), nullptr), "next"},
      {shmflake_try_next(nullptr, &id), "try_next"},
      {shmflake_try_next(flake.get(), nullptr), "try_next"},
      {shmflake_next_nowait(nullptr, &id), "next_nowait"},
      {shmflake_next_nowait(flake.get(), nullptr), "next_nowait"},
      {shmflake_next_n(nullptr, ids, 2, &filled), "next_n"},
      {shmflake_next_n(flake.get(), nullptr, 2, &filled), "next_n"},
      {shmflake_next_block(nullptr, 2, &id, &count), "next_block"},
      {shmflake_next_block(flake.get(), 2, nullptr, &count), "next_block"},
      {shmflake_next_block(flake.get(), 2, &id, nullptr), "next_block"},
      {shmflake_observe(nullptr, 1), "observe"},
      {shmflake_watermark(nullptr, &id), "watermark"},
      {shmflake_watermark(flake.get(), nullptr), "watermark"},
      {shmflake_decode(nullptr, 1, &parts), "decode"},
      {shmflake_decode(flake.get(), 1, nullptr), "decode"},
      {shmflake_bounds(nullptr, NowMs(), &id, &count), "bounds"},
      {shmflake_bounds(flake.get(), NowMs(), nullptr, &count), "bounds"},
      {shmflake_bounds(flake.get(), NowMs(), &id, nullptr), "bounds"},
      {shmflake_status(nullptr, &info), "status"},
      {shmflake_status(flake.get(), nullptr), "status"},
      {shmflake_processes(nullptr, nullptr, 0, &filled), "processes"},
      {shmflake_processes(flake.get(), nullptr, 0, nullptr), "processes"},
      {shmflake_settings(nullptr, &options_, nullptr, 0, nullptr), "settings"},
  };
  for (const auto& call : calls) {
    EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, call.code) << call.what;
  }
  EXPECT_EQ(7U, id);
  EXPECT_EQ(7U, count);
  EXPECT_EQ(7U, ids[0]);
  EXPECT_EQ(0U, filled);  // says how many are valid, also when the call fails
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_NULL_ARGUMENT, shmflake_next(flake.get(), nullptr), {"NULL", "id"}));
  EXPECT_EQ(0, shmflake_next_n(flake.get(), ids, 2, nullptr));  // filled may be NULL
  shmflake_close(nullptr);
}

TEST_F(CallerError, ACountOfNoneIsRefusedWithTheRule) {
  const Sandbox elsewhere;
  const Flake flake = elsewhere.MustOpen();
  std::uint64_t id = 7;
  std::uint64_t count = 7;
  std::size_t filled = 7;
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_COUNT, shmflake_next_n(flake.get(), &id, 0, &filled),
                           {"1 or more", ": 0"}));
  EXPECT_EQ(0U, filled);
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_COUNT, shmflake_next_n(flake.get(), &id, ~0UL, &filled),
                           {std::to_string(~0UL)}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_COUNT, shmflake_next_block(flake.get(), 0, &id, &count),
                           {"1 or more", ": 0"}));
  EXPECT_EQ(7U, id);
  EXPECT_EQ(7U, count);
}

TEST_F(CallerError, AStructThatIsTooShortOrHasUnknownFieldsIsRefusedWithBothSizes) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{1} << 20}) {
    options_.struct_size = size;
    EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_STRUCT_SIZE, {std::to_string(sizeof(options_)),
                                                            ": " + std::to_string(size)}));
  }
  // A newer header's struct: what is not known must be zero.
  struct {
    shmflake_options known;
    std::uint64_t unknown[4];
  } newer{};
  newer.known = box_.Options();
  newer.known.struct_size = sizeof(newer);
  newer.known.attach_only = 1;
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_NOT_FOUND, box_, {box_.regions}, &newer.known));
  newer.unknown[2] = 1;
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STRUCT_SIZE, box_,
                               {"offset " + std::to_string(sizeof(options_) + 16)}, &newer.known));
  const Sandbox elsewhere;
  const Flake flake = elsewhere.MustOpen();
  shmflake_status_info info{};
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_STRUCT_SIZE, shmflake_status(flake.get(), &info), {": 0"}));
}

TEST_F(CallerError, ANameThatIsNotAllowedIsRefusedWithTheRuleAndTheName) {
  for (const std::string& name : {std::string(), std::string("../escape"), std::string(".hidden"),
                                  std::string("a b"), std::string(64, 'n')}) {
    EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_NAME, {"1..63", name}, name.c_str())) << name;
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_NAME, shmflake_retire(name.c_str(), &options_), {name}));
  }
  options_.id_namespace = "a/b";
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_NAME, {"namespace", "a/b"}));
}

TEST_F(CallerError, AnOptionOutOfItsRangeIsRefusedWithTheRangeAndTheValue) {
  options_.worker_id = 256;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_WORKER_ID, {"worker_id", "0..255", ": 256"}));
  options_ = box_.Options();
  options_.worker_id_bits = 22;
  options_.sequence_bits = 31;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_LAYOUT, {"20", "10", "sequence_bits"}));
  options_ = box_.Options();
  options_.wait_timeout_ms = 3'600'001;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_OPTION, {"1..3600000", ": 3600001"}));
  options_ = box_.Options();
  options_.mode = 0644;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_OPTION, {"0600", "0644"}));
  options_ = box_.Options();
  options_.ordering = 3;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_OPTION, {"ordering", ": 3"}));
  options_ = box_.Options();
  options_.max_backward_ms = 5000;
  options_.horizon_ms = 10'000;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_OPTION, {"more than 2 x", "5000", "10000"}));
  options_ = box_.Options();
  options_.store = "mysql";
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_STORE_UNKNOWN, {"sqlite", "none", "mysql"}));
}

TEST_F(CallerError, AVariableWithABadValueIsNamedWithItsValue) {
  EXPECT_EQ(kGood, VariableIsRefused("SHMFLAKE_WAIT_TIMEOUT_MS", "soon",
                                     {"SHMFLAKE_WAIT_TIMEOUT_MS", "1..3600000", "soon"}));
  options_.worker_id = 0;
  EXPECT_EQ(kGood, VariableIsRefused("SNOWFLAKE_WORKER_ID", "-1", {"SNOWFLAKE_WORKER_ID", "-1"}));
}

TEST_F(CallerError, AConfigurationFileThatIsWrongIsRefusedWithItsLineTheRuleAndTheValue) {
  EXPECT_EQ(kGood, ConfigIsRefused(SHMFLAKE_E_CONFIG_SYNTAX, "\nhorizon_ms = = 3\n", {":2"}));
  EXPECT_EQ(kGood, ConfigIsRefused(SHMFLAKE_E_CONFIG_KEY, "horizon = 3\n", {":1", "horizon"}));
  EXPECT_EQ(kGood, ConfigIsRefused(SHMFLAKE_E_CONFIG_TYPE, "\n\nhorizon_ms = \"long\"\n",
                                   {":3", "horizon_ms", "long"}));
  EXPECT_EQ(kGood, ConfigIsRefused(SHMFLAKE_E_CONFIG_VALUE, "horizon_ms = 7\n",
                                   {":1", "horizon_ms", "100..86400000", "7"}));
  options_.config_file = "/nowhere/snowflake.toml";
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_CONFIG_NOT_FOUND, {"/nowhere/snowflake.toml"}));
}

TEST_F(CallerError, ADirectoryThatIsNoneIsRefusedWithItsPath) {
  const std::string file = box_.state + "/file";
  std::ofstream(file) << "no directory";
  options_.directory = file.c_str();
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_DIRECTORY, {file, "not a directory"}));
  options_ = box_.Options();
  options_.state_directory = file.c_str();
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_STATE_DIRECTORY, {file, "irectory"}));
}

TEST_F(CallerError, ARegionThatIsNotThereIsNotMadeForWhoOnlyAttachesOrRetires) {
  options_.attach_only = 1;
  EXPECT_EQ(kGood, OpenIsRefused(SHMFLAKE_E_NOT_FOUND, {box_.region}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_NOT_FOUND, box_.Retire(), {box_.region}));
}

TEST_F(CallerError, ASettingThatDiffersFromTheRegionSIsNamedWithBothValues) {
  const Sandbox elsewhere;
  const Flake flake = elsewhere.MustOpen();
  shmflake_options options = elsewhere.Options();
  const struct {
    std::function<void(shmflake_options*)> set;
    std::vector<std::string> parts;
  } differences[] = {
      {[](auto* o) { o->worker_id = 2; }, {"worker_id is 2", "made with 1"}},
      {[](auto* o) { o->sequence_bits = 10; }, {"sequence_bits is 10", "made with 12"}},
      {[](auto* o) { o->tick_us = 500; }, {"tick_us is 500", "made with 1000"}},
      {[](auto* o) { o->horizon_ms = 5000; }, {"horizon_ms is 5000", "made with 10000"}},
      {[](auto* o) { o->store = "none"; }, {"store is none", "made with sqlite"}},
      {[](auto* o) { o->ordering = SHMFLAKE_ORDERING_RELAXED; }, {"is relaxed", "with strict"}},
      {[](auto* o) { o->id_namespace = "other"; }, {"is other", "made with default"}}};
  for (const auto& difference : differences) {
    options = elsewhere.Options();
    difference.set(&options);
    EXPECT_EQ(kGood,
              OpenRefused(SHMFLAKE_E_SETTINGS_DIFFER, elsewhere, difference.parts, &options));
  }
}

}  // namespace
}  // namespace flake::test
