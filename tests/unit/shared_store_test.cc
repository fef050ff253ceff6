// SPDX-License-Identifier: Apache-2.0
// What a lease in a store that hosts share means, whichever store it is.
#include "core/store/shared_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/store/format_text.h"
#include "tests/support/expect_status.h"
#include "tests/support/memory_leases.h"

namespace shmflake {
namespace {

using test::MemoryLeases;

constexpr char kHere[] = "00000000000000000000000000000001/default";
constexpr char kHereToo[] = "00000000000000000000000000000001/other";
constexpr char kThere[] = "00000000000000000000000000000002/default";

class SharedStoreTest : public ::testing::Test {
 protected:
  SharedStoreTest() { EXPECT_SUCCEEDS(ParseStoreUrl("etcd://127.0.0.1/ids", &url_)); }

  [[nodiscard]] std::unique_ptr<Store> Open() const {
    return MakeSharedStore(url_, &MemoryLeases::plugin(), 1000);
  }
  [[nodiscard]] static LeaseKey Key(const std::string& owner, std::uint64_t instance_id,
                                    std::uint32_t worker_id = 0) {
    LeaseKey key;
    key.id_namespace = "orders";
    key.worker_id = worker_id;
    key.format = {.timestamp_bits = 49, .datacenter_bits = 1, .machine_bits = 1};
    key.instance_id = instance_id;
    key.owner = owner;
    key.ttl_ms = 60'000;
    key.now = 1000;
    key.region_name = "default";
    key.host = owner == kThere ? "there" : "here";
    return key;
  }
  // Takes 100 ticks from where the record ends, as a birth does.
  static constexpr auto Plan = [](const LeaseRecord& record, std::uint64_t* horizon) {
    *horizon = std::max<std::uint64_t>(record.horizon, 1000) + 100;
    return Status::Ok();
  };
  [[nodiscard]] MemoryLeases::Record& Of(std::uint32_t worker_id) {
    return memory_.namespaces["orders"].records[worker_id];
  }
  // Any worker ID for the owner; -1 when it fails.
  int Any(const std::string& owner, std::uint64_t instance_id) {
    LeaseKey key = Key(owner, instance_id);
    status_ = Open()->AcquireAny(&key, Plan);
    return status_.ok() ? static_cast<int>(key.worker_id) : -1;
  }

  MemoryLeases memory_;
  StoreUrl url_;
  Status status_;
};

TEST_F(SharedStoreTest, TheFirstOneStartsTheNamespace) {
  EXPECT_EQ(0, Any(kHere, 7));
  const MemoryLeases::Namespace& space = memory_.namespaces["orders"];
  EXPECT_EQ(32U, space.identity.size());
  EXPECT_EQ("49/1+1/12 x 1000 us since 1609459200000", space.format);
  EXPECT_EQ(1100, Of(0).horizon);
  EXPECT_EQ(0, Of(0).base);
  EXPECT_EQ(7, Of(0).holder);
  EXPECT_EQ("here", Of(0).host);
  std::string id;
  ASSERT_SUCCEEDS(Open()->Identify(Key(kThere, 8), &id));
  EXPECT_EQ(space.identity, id);
}

TEST_F(SharedStoreTest, EveryHostGetsAWorkerIdOfItsOwnUntilTheyAreUsedUp) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(i, Any(std::string(32, static_cast<char>('a' + i)) + "/default",
                     10U + static_cast<unsigned>(i)));
  }
  EXPECT_EQ(-1, Any(kThere, 20));
  EXPECT_FAILS(Code::WORKERS_EXHAUSTED, status_);
  for (const char* part : {"all 4 worker IDs of namespace \"orders\" are held", "0 by region",
                           "on host \"here\"", "ends in 60 s", "and 1 more", "etcd://127.0.0.1"}) {
    EXPECT_NE(std::string::npos, status_.message().find(part)) << status_.message();
  }
}

TEST_F(SharedStoreTest, WhoHadAWorkerIdBeforeGetsItBackAboveAllThatWasGranted) {
  EXPECT_EQ(0, Any(kThere, 1));
  EXPECT_EQ(1, Any(kHere, 2));
  EXPECT_EQ(1, Any(kHere, 3)) << "though its time to live runs: it is ours";
  EXPECT_EQ(1100, Of(1).base);
  EXPECT_EQ(1200, Of(1).horizon);
}

TEST_F(SharedStoreTest, AnotherRegionOfThisHostDoesNotTakeItsNeighboursWorkerId) {
  EXPECT_EQ(0, Any(kHere, 1));
  EXPECT_EQ(1, Any(kHereToo, 2));
}

TEST_F(SharedStoreTest, OneWhoseTimeToLiveEndedIsTakenOverAboveAllThatItMayIssue) {
  EXPECT_EQ(0, Any(kThere, 1));
  for (std::uint32_t worker = 1; worker < 4; ++worker) {
    Of(worker) = {5000, 0, 99, INT64_MAX / 2, 1, "x/y", "default", "elsewhere"};
  }
  memory_.clock_ms += 60'000;
  EXPECT_EQ(0, Any(kHere, 2));
  EXPECT_EQ(1100, Of(0).base);
  std::uint64_t granted = 0;
  const Status status = Open()->Extend(Key(kThere, 1), 2000, &granted);
  EXPECT_FAILS(Code::LEASE_LOST, status);
  EXPECT_NE(std::string::npos, status.message().find("on host \"here\"")) << status.message();
}

TEST_F(SharedStoreTest, AHorizonThatIsPastIsPreferredToOneThatIsAhead) {
  memory_.namespaces["orders"] = {std::string(32, 'a'), FormatText(Key(kHere, 1).format), {}};
  Of(0) = {5000, 0, 0, 0, 1, "x/y", "default", "elsewhere"};
  Of(1) = {900, 0, 0, 0, 1, "x/y", "default", "elsewhere"};
  Of(2) = {800, 0, 0, 0, 1, "x/y", "default", "elsewhere"};
  Of(3) = {4000, 0, 0, 0, 1, "x/y", "default", "elsewhere"};
  EXPECT_EQ(2, Any(kHere, 1)) << "not used for longest";
  EXPECT_EQ(1, Any(kThere, 2));
  EXPECT_EQ(3, Any("c/c", 3)) << "least ahead";
  EXPECT_EQ(0, Any("d/d", 4));
}

TEST_F(SharedStoreTest, AWorkerIdThatThePlanCannotUseIsPassedOver) {
  for (const Code code : {Code::RECOVERY, Code::WORKER_HELD}) {
    LeaseKey key = Key(kHere, 1);
    const auto plan = [&](const LeaseRecord& record, std::uint64_t* horizon) {
      return record.worker_id < 2 ? Fail(code, "not this one") : Plan(record, horizon);
    };
    ASSERT_SUCCEEDS(Open()->AcquireAny(&key, plan));
    EXPECT_EQ(2U, key.worker_id);
    Of(2).holder = 0;
  }
  LeaseKey key = Key(kHere, 1);
  const auto never = [](const LeaseRecord& /*record*/, std::uint64_t* /*horizon*/) {
    return Fail(Code::TIME_RANGE, "over");
  };
  EXPECT_FAILS(Code::TIME_RANGE, Open()->AcquireAny(&key, never));
}

TEST_F(SharedStoreTest, AStaticWorkerIdThatAnotherHostHoldsIsRefusedWithItsName) {
  ASSERT_SUCCEEDS(Open()->Acquire(Key(kThere, 1, 3), Plan));
  const Status status = Open()->Acquire(Key(kHere, 2, 3), Plan);
  EXPECT_FAILS(Code::WORKER_HELD, status);
  for (const char* part :
       {"worker ID 3 of namespace \"orders\"", "region \"default\"", "host \"there\"", "60 s"}) {
    EXPECT_NE(std::string::npos, status.message().find(part)) << status.message();
  }
  memory_.clock_ms += 60'000;
  EXPECT_SUCCEEDS(Open()->Acquire(Key(kHere, 2, 3), Plan));
  EXPECT_EQ(1100, Of(3).base);
  // On one host the lock file tells.
  EXPECT_SUCCEEDS(Open()->Acquire(Key(kHereToo, 3, 3), Plan));
}

TEST_F(SharedStoreTest, AnExtensionRenewsTheTimeToLiveAndNeverLowersTheHorizon) {
  ASSERT_EQ(0, Any(kHere, 1));
  memory_.clock_ms += 59'000;
  std::uint64_t granted = 0;
  ASSERT_SUCCEEDS(Open()->Extend(Key(kHere, 1), 1500, &granted));
  EXPECT_EQ(1500U, granted);
  ASSERT_SUCCEEDS(Open()->Extend(Key(kHere, 1), 1200, &granted));
  EXPECT_EQ(1500U, granted);
  memory_.clock_ms += 59'000;
  EXPECT_EQ(1, Any(kThere, 2));
}

TEST_F(SharedStoreTest, AStoreThatRemembersLessThanItGrantedIsRefused) {
  ASSERT_EQ(0, Any(kHere, 1));
  LeaseKey key = Key(kHere, 1);
  key.known_horizon = 1101;
  std::uint64_t granted = 0;
  const Status status = Open()->Extend(key, 2000, &granted);
  EXPECT_FAILS(Code::STORE_BACKWARDS, status);
  EXPECT_NE(std::string::npos,
            status.message().find("at least what this region was granted, 1101: 1100"))
      << status.message();
  key.known_horizon = 1100;
  EXPECT_SUCCEEDS(Open()->Extend(key, 2000, &granted));
}

TEST_F(SharedStoreTest, AStoreThatWasSetBackIsBelievedNothingOfHoldersEither) {
  ASSERT_EQ(0, Any(kHere, 1));
  LeaseKey key = Key(kHere, 1);
  key.known_horizon = 1500;
  std::uint64_t granted = 0;
  Of(0).holder = 99;  // as the older state has it
  EXPECT_FAILS(Code::STORE_BACKWARDS, Open()->Extend(key, 2000, &granted));
  memory_.namespaces["orders"].records.clear();
  EXPECT_FAILS(Code::STORE_BACKWARDS, Open()->Extend(key, 2000, &granted));
}

TEST_F(SharedStoreTest, AReleaseTellsAStoreThatWasSetBackWhatWasIssued) {
  LeaseKey key = Key(kHere, 1);
  key.known_horizon = 1500;
  bool released = false;
  ASSERT_EQ(0, Any(kHere, 1));
  EXPECT_FAILS(Code::STORE_BACKWARDS, Open()->Release(key, 1400, &released));
  EXPECT_EQ(1400, Of(0).horizon) << "and not the 1100 that it remembers";
  EXPECT_EQ(0, Of(0).holder);
  Of(0) = {1200, 1100, 99, memory_.clock_ms + 1000, 7, kThere, "default", "there"};
  EXPECT_FAILS(Code::STORE_BACKWARDS, Open()->Release(key, 9999, &released));
  EXPECT_EQ(1500, Of(0).horizon) << "no more than it was granted";
  EXPECT_EQ(0, Of(0).holder) << "whoever holds it there begins anew, above";
  memory_.namespaces["orders"].records.clear();
  EXPECT_FAILS(Code::STORE_BACKWARDS, Open()->Release(key, 1400, &released));
  EXPECT_EQ(1400, Of(0).horizon);
}

TEST_F(SharedStoreTest, WhoLosesARaceDecidesAnew) {
  memory_.namespaces["orders"] = {std::string(32, 'a'), FormatText(Key(kHere, 1).format), {}};
  memory_.meanwhile = [&](MemoryLeases& /*memory*/) {
    Of(0) = {4000, 0, 9, memory_.clock_ms + 1000, 1, kThere, "default", "there"};
  };
  const int got = Any(kHere, 1);
  EXPECT_GT(got, 0) << status_.message();
  EXPECT_EQ(9, Of(0).holder);
  memory_.meanwhile = [&](MemoryLeases& /*memory*/) {
    Of(static_cast<std::uint32_t>(got)).holder = 77;
    ++Of(static_cast<std::uint32_t>(got)).version;
  };
  std::uint64_t granted = 0;
  EXPECT_FAILS(Code::LEASE_LOST,
               Open()->Extend(Key(kHere, 1, static_cast<std::uint32_t>(got)), 9000, &granted));
}

TEST_F(SharedStoreTest, ANamespaceIsBegunOnlyAfterALookAtAllLeases) {
  std::string id;
  ASSERT_SUCCEEDS(Open()->Identify(Key(kHere, 1, 3), &id));
  EXPECT_EQ(-1, memory_.asked_worker_id) << "a plug-in sees leases without a record then";
}

TEST_F(SharedStoreTest, ANamespaceThatIsStartedTwiceAtOnceHasOneIdentity) {
  memory_.meanwhile = [&](MemoryLeases& memory) {
    memory.namespaces["orders"] = {std::string(32, 'b'), FormatText(Key(kHere, 1).format), {}};
  };
  std::string id;
  ASSERT_SUCCEEDS(Open()->Identify(Key(kHere, 1), &id));
  EXPECT_EQ(std::string(32, 'b'), id);
}

TEST_F(SharedStoreTest, ReleaseGivesBackTheUnusedPartAndNoMore) {
  ASSERT_EQ(0, Any(kHere, 1));
  bool released = true;
  ASSERT_SUCCEEDS(Open()->Release(Key(kThere, 2), 1000, &released));
  EXPECT_FALSE(released);
  EXPECT_EQ(1100, Of(0).horizon);
  ASSERT_SUCCEEDS(Open()->Release(Key(kHere, 1), 1050, &released));
  EXPECT_TRUE(released);
  EXPECT_EQ(1050, Of(0).horizon);
  EXPECT_EQ(0, Of(0).holder);
  ASSERT_EQ(0, Any(kHere, 3));
  ASSERT_SUCCEEDS(Open()->Release(Key(kHere, 3), 3, &released));
  EXPECT_EQ(1050, Of(0).horizon) << "what lies below was its predecessor's";
  ASSERT_EQ(0, Any(kHere, 4));
  ASSERT_SUCCEEDS(Open()->Release(Key(kHere, 4), 999'999, &released));
  EXPECT_EQ(1150, Of(0).horizon) << "what lies above was never granted";
}

TEST_F(SharedStoreTest, FreeEndsAHolderAndKeepsTheHorizon) {
  ASSERT_EQ(0, Any(kThere, 1));
  bool freed = false;
  ASSERT_SUCCEEDS(Open()->Free("orders", 0, &freed));
  EXPECT_TRUE(freed);
  EXPECT_EQ(1100, Of(0).horizon);
  EXPECT_EQ(0, Of(0).holder);
  ASSERT_SUCCEEDS(Open()->Free("orders", 0, &freed));
  EXPECT_FALSE(freed);
  EXPECT_FAILS(Code::NOT_FOUND, Open()->Free("orders", 1, &freed));
  EXPECT_FAILS(Code::NOT_FOUND, Open()->Free("bills", 0, &freed));
  EXPECT_TRUE(memory_.namespaces["bills"].identity.empty()) << "looking starts no namespace";
}

TEST_F(SharedStoreTest, ListTellsAllThatTheStoreKnows) {
  ASSERT_EQ(0, Any(kThere, 1));
  ASSERT_EQ(1, Any(kHere, 2));
  memory_.clock_ms += 20'000;
  std::vector<LeaseInfo> list;
  ASSERT_SUCCEEDS(Open()->List("orders", &list));
  ASSERT_EQ(2U, list.size());
  EXPECT_EQ(0U, list[0].record.worker_id);
  EXPECT_EQ("there", list[0].record.holder_host);
  EXPECT_EQ(kThere, list[0].owner);
  EXPECT_EQ(40'000, list[0].ttl_ms);
  EXPECT_EQ(1100U, list[1].record.horizon);
  EXPECT_EQ(Key(kHere, 1).format, list[1].format);
}

TEST_F(SharedStoreTest, RecordsOfAnotherLayoutOrEpochAreRefused) {
  ASSERT_EQ(0, Any(kHere, 1));
  LeaseKey key = Key(kHere, 2);
  key.format.epoch_ms += 1;
  Status status = Open()->Acquire(key, Plan);
  EXPECT_FAILS(Code::STORE_LAYOUT, status);
  EXPECT_NE(std::string::npos, status.message().find("since 1609459200001")) << status.message();
  memory_.namespaces["orders"].format = "49/1+1/12";
  EXPECT_FAILS(Code::STORE_CORRUPT, Open()->Acquire(Key(kHere, 2), Plan));
}

TEST_F(SharedStoreTest, AnotherStoreThanTheOneThatIsExpectedIsRefused) {
  ASSERT_EQ(0, Any(kHere, 1));
  const std::unique_ptr<Store> store = Open();
  ASSERT_SUCCEEDS(store->Expect(std::string(32, 'f')));
  std::uint64_t granted = 0;
  EXPECT_FAILS(Code::STORE_REPLACED, store->Extend(Key(kHere, 1), 2000, &granted));
  memory_.namespaces.clear();
  EXPECT_FAILS(Code::STORE_REPLACED, store->Extend(Key(kHere, 1), 2000, &granted));
  EXPECT_TRUE(memory_.namespaces["orders"].identity.empty());
}

TEST_F(SharedStoreTest, WhatThePluginSaysIsPassedOn) {
  const std::pair<int, Code> kOutcomes[] = {{SHMFLAKE_STORE_UNAVAILABLE, Code::STORE_UNAVAILABLE},
                                            {SHMFLAKE_STORE_TIMED_OUT, Code::STORE_UNAVAILABLE},
                                            {SHMFLAKE_STORE_DENIED, Code::STORE_DENIED},
                                            {SHMFLAKE_STORE_SCHEMA, Code::STORE_SCHEMA},
                                            {SHMFLAKE_STORE_LOCKED, Code::STORE_LOCKED},
                                            {SHMFLAKE_STORE_CORRUPT, Code::STORE_CORRUPT}};
  for (const auto& [result, code] : kOutcomes) {
    memory_.fail_before = result;
    EXPECT_EQ(-1, Any(kHere, 1));
    EXPECT_FAILS(code, status_);
    EXPECT_EQ("the memory's own words", status_.message());
  }
  EXPECT_EQ(0, memory_.writes);
}

TEST_F(SharedStoreTest, AWriteThatWasMadeButNotConfirmedIsAGap) {
  memory_.fail_after = SHMFLAKE_STORE_UNAVAILABLE;
  EXPECT_EQ(-1, Any(kHere, 1));
  EXPECT_EQ(1100, Of(0).horizon);
  EXPECT_EQ(0, Any(kHere, 2));
  EXPECT_EQ(1100, Of(0).base);
}

TEST(FormatText, EveryLayoutComesBackAndNothingElseIsRead) {
  IdFormat format;
  EXPECT_EQ("43/2+6/12 x 1000 us since 1609459200000", FormatText(format));
  IdFormat last{.timestamp_bits = 39,
                .datacenter_bits = 0,
                .machine_bits = 16,
                .sequence_bits = 8,
                .tick_us = 10'000,
                .epoch_ms = 0,
                .order = FieldOrder::kWorkerLast};
  EXPECT_EQ("39/8/0+16 x 10000 us since 0", FormatText(last));
  IdFormat read;
  ASSERT_TRUE(ParseFormatText(FormatText(last), &read));
  EXPECT_EQ(last, read);
  ASSERT_TRUE(ParseFormatText(FormatText(format), &read));
  EXPECT_EQ(format, read);
  for (const char* text :
       {"", "43/2+6/12", "43/2+6/12 x 1000 us since 0 ", "+43/2+6/12 x 1000 us since 0",
        "1/2+6/12 x 1000 us since 0", "43/2+6/12 x 01000 us since 0"}) {
    EXPECT_FALSE(ParseFormatText(text, &read)) << text;
    EXPECT_EQ(format, read);
  }
}

}  // namespace
}  // namespace shmflake
