// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "core/store/store.h"
#include "tests/support/store_fixture.h"

namespace shmflake {
namespace {

using StoreNoneTest = StoreTest;

std::unique_ptr<Store> OpenNone(const std::string& directory) {
  std::unique_ptr<Store> store;
  EXPECT_SUCCEEDS(OpenStore(StoreKind::kNone, directory, 0600, 100, &store));
  return store;
}

TEST(StoreKindTest, NamesAreParsedAndGivenBack) {
  for (const StoreKind kind : {StoreKind::kNone, StoreKind::kSqlite}) {
    StoreKind parsed{};
    ASSERT_SUCCEEDS(ParseStoreKind(StoreKindName(kind), &parsed));
    EXPECT_EQ(kind, parsed);
  }
  EXPECT_STREQ("none", StoreKindName(StoreKind::kNone));
  EXPECT_STREQ("sqlite", StoreKindName(StoreKind::kSqlite));
  EXPECT_STREQ("unknown", StoreKindName(static_cast<StoreKind>(9)));
}

TEST(StoreKindTest, OtherNamesAreRefusedWithRuleAndValue) {
  for (const char* text : {"", "SQLite", "sqlite ", "mysql", "nonee"}) {
    StoreKind kind = StoreKind::kNone;
    const Status status = ParseStoreKind(text, &kind);
    EXPECT_FAILS(Code::STORE_UNKNOWN, status);
    EXPECT_EQ("store " + std::string(kStoreRule) + ": \"" + text + "\"", status.message());
    EXPECT_EQ(StoreKind::kNone, kind) << "left as it was";
  }
}

TEST(StoreKindTest, AnUnknownKindIsNotOpened) {
  std::unique_ptr<Store> store;
  EXPECT_FAILS(Code::STORE_UNKNOWN, OpenStore(static_cast<StoreKind>(0), ".", 0600, 100, &store));
  EXPECT_EQ(nullptr, store);
}

TEST_F(StoreNoneTest, RemembersNothing) {
  const auto store = OpenNone(directory_);
  LeaseRecord seen;
  EXPECT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500, &seen)));
  EXPECT_SUCCEEDS(store->Acquire(MakeKey(2), Take(500, &seen)));
  EXPECT_FALSE(seen.exists);
  EXPECT_EQ(0U, seen.horizon);
  EXPECT_EQ(0U, seen.holder);
}

TEST_F(StoreNoneTest, GrantsAll) {
  const auto store = OpenNone(directory_);
  std::uint64_t granted = 0;
  EXPECT_SUCCEEDS(store->Extend(MakeKey(1), 12'345, &granted));
  EXPECT_EQ(12'345U, granted);
  bool released = false;
  EXPECT_SUCCEEDS(store->Release(MakeKey(1), 12'000, &released));
  EXPECT_TRUE(released);
}

TEST_F(StoreNoneTest, RefusesWhatThePlanRefuses) {
  const auto store = OpenNone(directory_);
  const Status status = store->Acquire(
      MakeKey(1), [](const LeaseRecord&, std::uint64_t*) { return Fail(Code::RECOVERY, "no"); });
  EXPECT_FAILS(Code::RECOVERY, status);
  EXPECT_EQ("no", status.message());
}

TEST_F(StoreNoneTest, HasOneIdentityForEver) {
  std::string first;
  std::string second;
  EXPECT_SUCCEEDS(OpenNone(directory_)->Identify(LeaseKey(), &first));
  EXPECT_SUCCEEDS(OpenNone(directory_)->Identify(LeaseKey(), &second));
  EXPECT_EQ(std::string(32, '0'), first);
  EXPECT_EQ(first, second);
}

TEST_F(StoreNoneTest, TouchesNoFile) {
  const auto store = OpenNone(directory_ + "/missing");
  EXPECT_SUCCEEDS(store->Acquire(MakeKey(1), Take(500)));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

}  // namespace
}  // namespace shmflake
