// SPDX-License-Identifier: Apache-2.0
// The draws that never wait, through the C ABI: a host where nothing else is called first keeps its
// lease, as a host of Python processes does.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/refused.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

using Bytes = unsigned char[16];

TEST(Nowait, ManyProcessesThatAskFirstAndWaitOnlyWhenToldExtendTheLeaseInGoodTime) {
  const Sandbox box;
  IdLog log;
  shmflake_options options = box.Options();
  options.horizon_ms = 200;
  std::vector<Process> drawing;
  for (int i = 0; i < 4; ++i) {
    drawing.emplace_back([&] {
      const Flake flake = box.MustOpen(&options);
      Drawer drawer(flake.get(), log);
      const std::int64_t end = NowMs() + 1500;
      while (NowMs() < end) {
        if (Expect(0, drawer.NextNowait()) != kGood) return kBad;
        SleepMs(1);
      }
      return kGood;
    });
  }
  for (Process& process : drawing) EXPECT_EQ(kGood, process.Wait(30'000));
  const Flake flake = box.MustOpen(&options);
  const shmflake_status_info info = StatusOf(flake.get());
  EXPECT_GE(info.lease_extensions, 5U);
  EXPECT_EQ(0U, info.refusals);
  EXPECT_GT(log.size(), 100U);
  EXPECT_EQ(0U, log.CountRepeats());
  EXPECT_EQ(0U, log.disorder());
}

TEST(Nowait, AtTheCeilingEveryKindSaysThatItWouldWaitAndWritesNothing) {
  const Sandbox box;
  shmflake_options options = box.Options();
  options.horizon_ms = 100;
  const Flake flake = box.MustOpen(&options);
  SleepMs(150);
  std::uint64_t id = 7;
  Bytes uuid = {7};
  char ulid[27] = "7";
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_WOULD_WAIT, shmflake_next_nowait(flake.get(), &id),
                           {"would have had to wait"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_WOULD_WAIT, shmflake_uuid7_nowait(flake.get(), uuid),
                           {"would have had to wait"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_WOULD_WAIT, shmflake_ulid_nowait(flake.get(), ulid),
                           {"would have had to wait"}));
  EXPECT_EQ(7U, id);
  EXPECT_EQ(7, uuid[0]);
  EXPECT_STREQ("7", ulid);
  EXPECT_EQ(0, shmflake_next(flake.get(), &id));
  EXPECT_EQ(0, shmflake_next_nowait(flake.get(), &id));
  EXPECT_EQ(0, shmflake_uuid7_nowait(flake.get(), uuid));
  EXPECT_EQ(0, shmflake_ulid_nowait(flake.get(), ulid));
  EXPECT_EQ(26U, std::strlen(ulid));
}

TEST(Nowait, NullIsRefusedByItsName) {
  const Sandbox box;
  const Flake flake = box.MustOpen();
  Bytes uuid;
  char ulid[27];
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_NULL_ARGUMENT, shmflake_uuid7_nowait(nullptr, uuid), {"flake"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_NULL_ARGUMENT, shmflake_uuid7_nowait(flake.get(), nullptr),
                           {"out"}));
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_NULL_ARGUMENT, shmflake_ulid_nowait(nullptr, ulid), {"flake"}));
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_NULL_ARGUMENT, shmflake_ulid_nowait(flake.get(), nullptr), {"out"}));
}

}  // namespace
}  // namespace flake::test
