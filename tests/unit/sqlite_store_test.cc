// SPDX-License-Identifier: Apache-2.0
// The contract of store.h on SQLite, in one process.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <limits>

#include "core/store/store.h"
#include "tests/support/store_fixture.h"

namespace shmflake {
namespace {

using SqliteStoreTest = StoreTest;

// ------------------------------------------------------------------ Acquire

TEST_F(SqliteStoreTest, AKeyThatWasNeverLeasedHasNoRecord) {
  const auto store = MustOpen();
  LeaseRecord seen;
  seen.exists = true;
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500, &seen)));
  EXPECT_FALSE(seen.exists);
  EXPECT_EQ(0U, seen.horizon);
  EXPECT_EQ(0U, seen.holder);
}

TEST_F(SqliteStoreTest, TheNextHolderSeesHorizonAndHolderOfTheLast) {
  ASSERT_SUCCEEDS(MustOpen()->Acquire(MakeKey(0xffff'ffff'ffff'fff1), Take(500)));
  const auto store = MustOpen();
  LeaseRecord seen;
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(2), Take(70, &seen)));
  EXPECT_TRUE(seen.exists);
  EXPECT_EQ(500U, seen.horizon);
  EXPECT_EQ(0xffff'ffff'ffff'fff1U, seen.holder);
  EXPECT_EQ("region-18446744073709551601", seen.holder_region);
  EXPECT_EQ("host.example", seen.holder_host);
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(3), &seen));
  EXPECT_EQ(570U, seen.horizon);
  EXPECT_EQ(2U, seen.holder);
}

TEST_F(SqliteStoreTest, TheSameHorizonMayBeAcquiredAgain) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  EXPECT_SUCCEEDS(store->Acquire(MakeKey(2), Take(0)));
}

TEST_F(SqliteStoreTest, APlanThatLowersTheHorizonIsRefused) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  const Status status = store->Acquire(MakeKey(2), [](const LeaseRecord&, std::uint64_t* horizon) {
    *horizon = 499;
    return Status::Ok();
  });
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, status);
  EXPECT_EQ("worker ID 3 of namespace \"orders\": the new horizon must be at least 500: 499",
            status.message());
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(3), &seen));
  EXPECT_EQ(500U, seen.horizon);
  EXPECT_EQ(1U, seen.holder);
}

TEST_F(SqliteStoreTest, APlansErrorIsReturnedAsItIsAndNothingChanges) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  const Status status = store->Acquire(MakeKey(2), [](const LeaseRecord&, std::uint64_t* horizon) {
    *horizon = 9999;
    return Fail(Code::RECOVERY, "too far");
  });
  EXPECT_FAILS(Code::RECOVERY, status);
  EXPECT_EQ("too far", status.message());
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(3), &seen));
  EXPECT_EQ(500U, seen.horizon);
  EXPECT_EQ(1U, seen.holder);
}

TEST_F(SqliteStoreTest, AHorizonMayBeTwoToThe62ButNoMore) {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 62;
  const auto store = MustOpen();
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, store->Acquire(MakeKey(1), Take(kMax + 1)));
  EXPECT_FAILS(Code::STORE_UNAVAILABLE,
               store->Acquire(MakeKey(1), Take(std::numeric_limits<std::uint64_t>::max())));
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(kMax)));
  std::uint64_t granted = 0;
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, store->Extend(MakeKey(1), kMax + 1, &granted));
  EXPECT_SUCCEEDS(store->Extend(MakeKey(1), kMax, &granted));
  EXPECT_EQ(kMax, granted);
}

TEST_F(SqliteStoreTest, WorkerIdsAndNamespacesAreKeptApart) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1, 3, "orders"), Take(500)));
  for (const LeaseKey& key : {MakeKey(2, 4, "orders"), MakeKey(2, 3, "Orders"),
                              MakeKey(2, 3, "orders "), MakeKey(2, 3, "order")}) {
    LeaseRecord seen;
    ASSERT_SUCCEEDS(store->Acquire(key, Take(7, &seen)));
    EXPECT_FALSE(seen.exists) << key.id_namespace;
  }
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(3), &seen));
  EXPECT_EQ(500U, seen.horizon);
}

TEST_F(SqliteStoreTest, KeysThatCannotBeAreRefused) {
  const auto store = MustOpen();
  std::uint64_t granted = 0;
  bool released = false;
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, store->Acquire(MakeKey(0), Take(1)));
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, store->Extend(MakeKey(0), 1, &granted));
  EXPECT_FAILS(Code::STORE_UNAVAILABLE, store->Release(MakeKey(0), 1, &released));
  const Status status = store->Acquire(MakeKey(1, 256), Take(1));
  EXPECT_FAILS(Code::WORKER_ID, status);
  EXPECT_EQ("worker_id must be 0..255: 256", status.message());
  LeaseKey key = MakeKey(1);
  key.format.tick_us = 7;
  EXPECT_FAILS(Code::LAYOUT, store->Acquire(key, Take(1)));
}

TEST_F(SqliteStoreTest, OddTextIsKeptAsItIs) {
  const auto store = MustOpen();
  LeaseKey key = MakeKey(1, 3, "it's; DROP TABLE shmflake_leases --");
  key.region_name = std::string("nul\0inside", 10);
  key.host = "Zürich 🕒";
  ASSERT_SUCCEEDS(store->Acquire(key, Take(500)));
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), key, &seen));
  EXPECT_EQ(500U, seen.horizon);
  EXPECT_EQ(key.region_name, seen.holder_region);
  EXPECT_EQ(key.host, seen.holder_host);
}

// ------------------------------------------------------------------ Extend, Release

TEST_F(SqliteStoreTest, ExtendMovesUpAndNeverDown) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  std::uint64_t granted = 0;
  ASSERT_SUCCEEDS(store->Extend(MakeKey(1), 800, &granted));
  EXPECT_EQ(800U, granted);
  ASSERT_SUCCEEDS(store->Extend(MakeKey(1), 600, &granted));
  EXPECT_EQ(800U, granted);
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
  EXPECT_EQ(800U, seen.horizon);
}

TEST_F(SqliteStoreTest, ExtendByAnotherInstanceLosesTheLeaseAndChangesNothing) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  std::uint64_t granted = 7;
  const Status status = store->Extend(MakeKey(2), 800, &granted);
  EXPECT_FAILS(Code::LEASE_LOST, status);
  EXPECT_EQ(
      "worker ID 3 of namespace \"orders\" is held by another instance of region \"region-1\" on "
      "host \"host.example\"",
      status.message());
  EXPECT_EQ(7U, granted);
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
  EXPECT_EQ(500U, seen.horizon);
  EXPECT_EQ(1U, seen.holder);
}

TEST_F(SqliteStoreTest, ExtendOfWhatWasNeverLeasedOrWasReleasedLosesTheLease) {
  const auto store = MustOpen();
  std::uint64_t granted = 0;
  EXPECT_FAILS(Code::LEASE_LOST, store->Extend(MakeKey(1), 800, &granted));
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  bool released = false;
  ASSERT_SUCCEEDS(store->Release(MakeKey(1), 100, &released));
  const Status status = store->Extend(MakeKey(1), 800, &granted);
  EXPECT_FAILS(Code::LEASE_LOST, status);
  EXPECT_EQ("worker ID 3 of namespace \"orders\" was released", status.message());
}

TEST_F(SqliteStoreTest, ReleaseGivesTheUnusedPartBack) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  bool released = false;
  ASSERT_SUCCEEDS(store->Release(MakeKey(1), 123, &released));
  EXPECT_TRUE(released);
  LeaseRecord seen;
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(2), Take(10, &seen)));
  EXPECT_TRUE(seen.exists);
  EXPECT_EQ(123U, seen.horizon);
  EXPECT_EQ(0U, seen.holder);
}

TEST_F(SqliteStoreTest, ReleaseByAnybodyElseChangesNothing) {
  const auto store = MustOpen();
  bool released = true;
  EXPECT_SUCCEEDS(store->Release(MakeKey(1), 0, &released));
  EXPECT_FALSE(released) << "never leased";
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  released = true;
  EXPECT_SUCCEEDS(store->Release(MakeKey(2), 100, &released));
  EXPECT_FALSE(released) << "held by another";
  ASSERT_SUCCEEDS(store->Release(MakeKey(1), 400, &released));
  EXPECT_SUCCEEDS(store->Release(MakeKey(1), 100, &released));
  EXPECT_FALSE(released) << "released already";
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
  EXPECT_EQ(400U, seen.horizon);
}

TEST_F(SqliteStoreTest, ReleaseAboveTheHorizonIsCutToIt) {
  const auto store = MustOpen();
  for (const std::uint64_t used : {std::uint64_t{501}, std::uint64_t{1} << 63}) {
    LeaseRecord seen;
    ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500, &seen)));
    bool released = false;
    EXPECT_SUCCEEDS(store->Release(MakeKey(1), seen.horizon + used, &released));
    EXPECT_TRUE(released);
    const std::uint64_t granted = seen.horizon + 500;
    ASSERT_SUCCEEDS(Look(store.get(), MakeKey(2), &seen));
    EXPECT_EQ(granted, seen.horizon);
  }
}

TEST_F(SqliteStoreTest, AHolderCannotGiveBackWhatItsPredecessorsHad) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));  // [0, 500), and dies
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(2), Take(500)));  // [500, 1000)
  std::uint64_t granted = 0;
  ASSERT_SUCCEEDS(store->Extend(MakeKey(2), 1500, &granted));
  bool released = false;
  ASSERT_SUCCEEDS(store->Release(MakeKey(2), 0, &released));
  EXPECT_TRUE(released);
  LeaseRecord seen;
  ASSERT_SUCCEEDS(Look(store.get(), MakeKey(3), &seen));
  EXPECT_EQ(500U, seen.horizon);
}

// ------------------------------------------------------------------ Layouts, identity

TEST_F(SqliteStoreTest, AnotherLayoutInTheSameNamespaceIsRefusedWithBoth) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1, 3), Take(500)));
  for (const std::uint32_t worker_id : {3U, 4U}) {
    LeaseKey key = MakeKey(2, worker_id);
    key.format.timestamp_bits = 41;
    key.format.machine_bits = 8;
    const Status status = store->Acquire(key, Take(1));
    EXPECT_FAILS(Code::STORE_LAYOUT, status);
    for (const std::string& part :
         {DescribeFormat(key.format), DescribeFormat(IdFormat()), std::string("id_namespace")}) {
      EXPECT_NE(std::string::npos, status.message().find(part)) << status.message();
    }
    key.id_namespace = "other";
    EXPECT_SUCCEEDS(store->Acquire(key, Take(1)));
  }
}

TEST_F(SqliteStoreTest, EveryPartOfTheLayoutCounts) {
  const auto store = MustOpen();
  ASSERT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  LeaseKey key = MakeKey(1);
  std::uint64_t granted = 0;
  bool released = false;
  key.format.epoch_ms += 1;
  EXPECT_FAILS(Code::STORE_LAYOUT, store->Extend(key, 600, &granted));
  EXPECT_FAILS(Code::STORE_LAYOUT, store->Release(key, 600, &released));
  key = MakeKey(1);
  key.format.tick_us = 100;
  EXPECT_FAILS(Code::STORE_LAYOUT, store->Acquire(key, Take(1)));
  key = MakeKey(1);
  key.format.datacenter_bits = 3;
  key.format.machine_bits = 5;
  EXPECT_FAILS(Code::STORE_LAYOUT, store->Acquire(key, Take(1)));
}

TEST_F(SqliteStoreTest, TheIdentityIsMadeOnceAndLastsAsLongAsTheRecords) {
  std::string first;
  std::string again;
  std::string afresh;
  ASSERT_SUCCEEDS(MustOpen()->Identify(LeaseKey(), &first));
  ASSERT_SUCCEEDS(MustOpen()->Identify(LeaseKey(), &again));
  EXPECT_EQ(32U, first.size());
  EXPECT_EQ(std::string::npos, first.find_first_not_of("0123456789abcdef"));
  EXPECT_EQ(first, again);
  std::filesystem::remove(path());
  ASSERT_SUCCEEDS(MustOpen()->Identify(LeaseKey(), &afresh));
  EXPECT_NE(first, afresh);
}

}  // namespace
}  // namespace shmflake
