// SPDX-License-Identifier: Apache-2.0
// The generator and its lease: extension, a store that fails, births ahead of the clock.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "core/failpoint.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

class GeneratorLeaseTest : public GeneratorTest {
 protected:
  // What the store remembers for the worker ID.
  LeaseRecord Record() {
    LeaseRecord record;
    std::unique_ptr<Store> store;
    EXPECT_SUCCEEDS(OpenStore(StoreKind::kSqlite, place_.state_directory(), 0600, 1000, &store));
    LeaseKey key;
    key.id_namespace = "region";
    key.worker_id = kTestWorkerId;
    key.format = place_.MakeSettings().format;
    key.instance_id = 1;
    EXPECT_FAILS(Code::TIMEOUT,
                 store->Acquire(key, [&](const LeaseRecord& seen, std::uint64_t* /*horizon*/) {
                   record = seen;
                   return Status(Code::TIMEOUT, "only looking");
                 }));
    return record;
  }
  static std::uint64_t Extensions(Generator* generator) {
    return ImageOf(generator).events.lease_extensions.load();
  }
  static std::uint64_t Failures(Generator* generator) {
    return ImageOf(generator).events.lease_failures.load();
  }
  void BreakStore() { std::filesystem::rename(place_.store_path(), place_.store_path() + ".away"); }
  void MendStore() { std::filesystem::rename(place_.store_path() + ".away", place_.store_path()); }
};

TEST_F(GeneratorLeaseTest, ABirthTakesOneSpan) {
  const auto generator = MustOpen();
  const std::uint64_t now = generator->current().NowTick();
  EXPECT_EQ(now + 10'000, CeilingTick(generator.get()));
  EXPECT_EQ(now + 10'000, Record().horizon);
  EXPECT_EQ(InstanceOf(generator.get()), Record().holder);
}

TEST_F(GeneratorLeaseTest, IsExtendedAtHalfAndNotBefore) {
  const auto generator = MustOpen();
  const std::uint64_t ceiling = CeilingTick(generator.get());
  clock_.Advance(4999 * kMs);
  Next(generator.get());
  EXPECT_EQ(ceiling, CeilingTick(generator.get()));
  clock_.Advance(kMs);
  Next(generator.get());
  EXPECT_EQ(ceiling + 5000, CeilingTick(generator.get()));
  EXPECT_EQ(ceiling + 5000, Record().horizon);
  EXPECT_EQ(1U, Extensions(generator.get()));
  EXPECT_EQ(1, CountEvents("lease_extended"));
}

TEST_F(GeneratorLeaseTest, TryNextNeverExtends) {
  const auto generator = MustOpen();
  const std::uint64_t ceiling = CeilingTick(generator.get());
  std::uint64_t id = 0;
  clock_.Advance(9999 * kMs);
  EXPECT_SUCCEEDS(generator->TryNext(&id));
  clock_.Advance(kMs);
  const DrawError error = generator->TryNext(&id);
  EXPECT_FAILS(Code::CEILING, error);
  EXPECT_EQ(0, error.value);
  clock_.Advance(7 * kMs);
  EXPECT_EQ(7, generator->TryNext(&id).value) << "milliseconds past the ceiling";
  EXPECT_EQ(ceiling, CeilingTick(generator.get()));
  Next(generator.get());
  EXPECT_SUCCEEDS(generator->TryNext(&id));
}

TEST_F(GeneratorLeaseTest, MaintainExtendsWithoutADraw) {
  const auto generator = MustOpen();
  clock_.Advance(6000 * kMs);
  generator->Maintain();
  EXPECT_EQ(1U, Extensions(generator.get()));
}

TEST_F(GeneratorLeaseTest, APauseOfAnyLengthIsOnlyAPause) {
  const auto generator = MustOpen();
  const std::uint64_t last = Next(generator.get());
  clock_.Suspend(30 * kDay);
  EXPECT_GT(Next(generator.get()), last);
}

TEST_F(GeneratorLeaseTest, WithTheClockAtRestTheStoreIsAskedABoundedNumberOfTimes) {
  const auto generator = MustOpen([](Options* options) {
    Small(options);
    options->horizon_ms = 100;
  });
  for (int i = 0; i < 20'000; ++i) {  // 100 refusals a millisecond, for 200 ms
    std::uint64_t id = 0;
    (void)generator->TryNext(&id);
    generator->Maintain();
    if (i % 100 == 0) clock_.Advance(kMs);
  }
  EXPECT_LE(Extensions(generator.get()), 10U);
  EXPECT_GE(Extensions(generator.get()), 2U);
}

TEST_F(GeneratorLeaseTest, TheShortestHorizonCarriesALongRun) {
  const auto generator = MustOpen([](Options* options) { options->horizon_ms = 100; });
  for (int i = 0; i < 3000; ++i) {
    Next(generator.get());
    clock_.Advance(kMs);
    ASSERT_LE(CeilingTick(generator.get()), generator->current().NowTick() + 100);
  }
  EXPECT_LE(Extensions(generator.get()), 3000U / 25);
}

// Takes longer over every extension than the horizon lasts, as a slow disk would.
class SlowLogger : public Logger {
 public:
  explicit SlowLogger(FakeClock* clock) : clock_(clock) {}
  void Log(LogLevel /*level*/, const char* event,
           std::initializer_list<LogField> /*fields*/) override {
    if (std::string(event) == "lease_extended") clock_->Advance(150 * kMs);
  }

 private:
  FakeClock* clock_;
};

TEST_F(GeneratorLeaseTest, ExtensionsThatTakeLongerThanTheHorizonEndAtTheDeadline) {
  Options options = place_.MakeOptions();
  options.horizon_ms = 100;
  options.wait_timeout_ms = 400;
  Generator generator(place_.Resolve(options), std::make_unique<SlowLogger>(&clock_), clock_);
  ASSERT_SUCCEEDS(generator.Open(false));
  clock_.Advance(kSecond);
  const std::int64_t before = clock_.MonotonicNs();
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::CEILING, generator.Next(&id));
  EXPECT_LE(clock_.MonotonicNs() - before, 800 * kMs);
  EXPECT_GE(Extensions(&generator), 3U) << "the whole time was used";
}

// ---------------------------------------------------------------- A store that fails

TEST_F(GeneratorLeaseTest, GoesOnToTheCeilingWithoutAStoreThenRefusesInItsWordsThenRecovers) {
  const auto generator = MustOpen([](Options* options) { options->wait_timeout_ms = 200; });
  BreakStore();
  const std::uint64_t ceiling = CeilingTick(generator.get());
  while (generator->current().NowTick() < ceiling) {
    Next(generator.get());
    clock_.Advance(50 * kMs);
  }
  EXPECT_GT(Failures(generator.get()), 0U);
  EXPECT_GT(CountEvents("lease_not_extended"), 0);
  EXPECT_NE("", generator->last_store_error());
  std::uint64_t id = 0;
  const std::int64_t before = clock_.MonotonicNs();
  const Status status = generator->Next(&id);
  EXPECT_EQ(0, clock_.MonotonicNs() - before) << "time does not mend it";
  EXPECT_FAILS(Code::STORE_REPLACED, status);
  EXPECT_TRUE(Contains(status.message(), "ceiling")) << status.message();
  EXPECT_TRUE(Contains(status.message(), generator->last_store_error())) << status.message();
  EXPECT_EQ(0U, id);
  std::filesystem::remove(place_.store_path());  // what the attempts may have made
  MendStore();
  Next(generator.get());
  EXPECT_GT(CeilingTick(generator.get()), ceiling);
}

TEST_F(GeneratorLeaseTest, ACorruptStoreIsNamed) {
  const auto generator = MustOpen([](Options* options) { options->wait_timeout_ms = 100; });
  std::filesystem::resize_file(place_.store_path(), 0);
  std::ofstream(place_.store_path(), std::ios::binary) << std::string(8192, 'x');
  clock_.Advance(20 * kSecond);
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::STORE_CORRUPT, generator->Next(&id));
  EXPECT_FAILS(Code::CEILING, generator->TryNext(&id));
}

TEST_F(GeneratorLeaseTest, AStoreThatIsLockedIsWaitedForNoLongerThanTheDeadline) {
  const auto generator = MustOpen([](Options* options) { options->wait_timeout_ms = 60; });
  sqlite3* other = nullptr;
  ASSERT_EQ(SQLITE_OK, sqlite3_open(place_.store_path().c_str(), &other));
  ASSERT_EQ(SQLITE_OK, sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr));
  clock_.Advance(6 * kSecond);
  Next(generator.get());  // still has room
  EXPECT_EQ(1U, Failures(generator.get()));
  clock_.Advance(20 * kSecond);
  std::uint64_t id = 0;
  EXPECT_FAILS(Code::STORE_LOCKED, generator->Next(&id));
  ASSERT_EQ(SQLITE_OK, sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr));
  sqlite3_close(other);
  Next(generator.get());
}

TEST_F(GeneratorLeaseTest, AStoreThatFailsIsAskedLessAndLessOftenWhileThereIsRoom) {
  const auto generator = MustOpen([](Options* options) { options->horizon_ms = 100'000; });
  BreakStore();
  clock_.Advance(50 * kSecond);
  std::uint64_t id = 0;
  for (int i = 0; i < 4000; ++i) {
    EXPECT_SUCCEEDS(generator->Next(&id));
    clock_.Advance(10 * kMs);
  }
  // 40 s with a pause of at most 2 s, at least half of it; before it 20, 40 ... 1,280 ms.
  EXPECT_GE(Failures(generator.get()), 20U);
  EXPECT_LE(Failures(generator.get()), 60U);
}

TEST_F(GeneratorLeaseTest, AWorkerIdThatAnotherRegionTookRetiresThisOne) {
  const auto generator = MustOpen();
  const std::uint64_t last = Next(generator.get());
  const std::uint64_t instance = InstanceOf(generator.get());
  std::unique_ptr<Store> store;
  ASSERT_SUCCEEDS(OpenStore(StoreKind::kSqlite, place_.state_directory(), 0600, 1000, &store));
  LeaseKey key = LeaseKeyOf(generator->current().region().header());
  key.instance_id = 12345;
  ASSERT_SUCCEEDS(store->Acquire(key, [&](const LeaseRecord& record, std::uint64_t* horizon) {
    *horizon = record.horizon + 3000;
    return Status::Ok();
  }));
  const std::uint64_t taken = Record().horizon;
  clock_.Advance(6 * kSecond);
  Next(generator.get());  // below the old horizon: still ours
  const std::uint64_t id = Next(generator.get());
  EXPECT_GT(id, last);
  EXPECT_NE(instance, InstanceOf(generator.get()));
  EXPECT_EQ(taken, generator->current().region().header().birth_tick);
  EXPECT_EQ(1, CountEvents("region_followed"));
}

// ---------------------------------------------------------------- Births ahead of the clock

// Horizon and tick: their quotients decide where the steps of the lease end.
class AllowanceTest
    : public GeneratorLeaseTest,
      public ::testing::WithParamInterface<std::pair<std::uint32_t, std::uint32_t>> {};

TEST_P(AllowanceTest, ABirthAheadOfTheClockIssuesItsWholeAllowanceAndThenWaitsAsleep) {
  const auto change = [](Options* options) {
    options->sequence_bits = 1;
    options->horizon_ms = GetParam().first;
    options->tick_us = GetParam().second;
    options->wait_timeout_ms = 5;
  };
  { const auto lost = MustOpen(change); }
  std::filesystem::remove(place_.region_path());
  const auto generator = MustOpen(change);
  const Header& header = generator->current().region().header();
  ASSERT_NE(0U, header.allowance_tick);
  Status status;
  std::uint64_t last = 0;
  std::uint64_t drawn = 0;
  while (status.ok() && generator->current().NowTick() < header.birth_tick) {
    std::uint64_t id = 0;
    status = generator->Next(&id);
    if (!status.ok()) break;
    EXPECT_GT(id, last);
    last = id;
    ++drawn;
  }
  EXPECT_FAILS(Code::EXHAUSTED, status);
  EXPECT_EQ(2 * (header.allowance_tick - header.birth_tick + 1), drawn);
}

INSTANTIATE_TEST_SUITE_P(HorizonMsAndTickUs, AllowanceTest,
                         ::testing::Values(std::pair{10'000U, 1000U}, std::pair{100U, 1000U},
                                           std::pair{130U, 1000U}, std::pair{997U, 700U},
                                           std::pair{10'000U, 10'000U},
                                           std::pair{10'000U, 1'000'000U}));

}  // namespace
}  // namespace shmflake::test
