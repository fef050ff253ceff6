// SPDX-License-Identifier: Apache-2.0
// What stores that hosts share refuse, through the C ABI: each code with its words.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

constexpr char kFull[] = "mysql://127.0.0.1/full";  // support/segment_fake_plugin.c

class LeaseErrorTest : public ::testing::Test {
 protected:
  LeaseErrorTest() : options_(box_.Options()) {
    ::setenv("SHMFLAKE_PLUGIN_DIR", SHMFLAKE_TEST_PLUGINS "/sound", 1);
  }
  ~LeaseErrorTest() override { ::unsetenv("SHMFLAKE_PLUGIN_DIR"); }

  static void Says(const std::string& part) {
    EXPECT_NE(std::string::npos, std::string(shmflake_last_error()).find(part))
        << shmflake_last_error();
  }

  Sandbox box_;
  shmflake_options options_;
  ::shmflake* flake_ = nullptr;
};

TEST_F(LeaseErrorTest, APoolThatIsUsedUpNamesWhoHoldsIt) {
  options_.set = 0;
  options_.worker_id = 0;
  options_.worker_id_bits = 1;
  options_.store = kFull;
  EXPECT_EQ(SHMFLAKE_E_WORKERS_EXHAUSTED, shmflake_open(nullptr, &options_, &flake_));
  Says(
      "all 2 worker IDs of namespace \"default\" are held: 0 by region \"default\" on host "
      "\"web-1\"");
  Says("1 by region \"default\" on host \"web-2\" (ends in 60 s unless it is extended)");
  EXPECT_EQ("", box_.ListRegions());
}

TEST_F(LeaseErrorTest, AWorkerIdThatAnotherHostHoldsIsRefusedWithItsName) {
  options_.worker_id = 1;
  options_.worker_id_bits = 1;
  options_.store = kFull;
  EXPECT_EQ(SHMFLAKE_E_WORKER_HELD, shmflake_open(nullptr, &options_, &flake_));
  Says(
      "worker ID 1 of namespace \"default\" is held in mysql://127.0.0.1/full by region "
      "\"default\" on host \"web-2\"");
}

TEST_F(LeaseErrorTest, ANamespaceOfAnotherLayoutIsRefused) {
  options_.store = kFull;
  EXPECT_EQ(SHMFLAKE_E_STORE_LAYOUT, shmflake_open(nullptr, &options_, &flake_));
  Says("has the ID layout 50/0+1/12 x 1000 us since 1609459200000, not 43/2+6/12");
}

TEST_F(LeaseErrorTest, AStoreThatWasSetBackIsNoticedByTheRegionThatItGrantedMore) {
  options_.horizon_ms = 200;
  options_.store = "mysql://127.0.0.1/forgetful";
  const Flake flake = box_.MustOpen(&options_);
  std::uint64_t id = 0;
  int code = 0;
  for (int i = 0; i < 5000 && code == 0; ++i) {
    code = shmflake_next(flake.get(), &id);
    SleepMs(1);
  }
  EXPECT_EQ(SHMFLAKE_E_STORE_BACKWARDS, code);
  Says("an older state of the store was restored");
  EXPECT_EQ(1U, StatusOf(flake.get()).lease_extensions) << "the first one was right";
}

}  // namespace
}  // namespace flake::test
