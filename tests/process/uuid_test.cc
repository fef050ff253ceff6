// SPDX-License-Identifier: Apache-2.0
// UUIDv7 and ULID over processes: one ascending order, whatever is killed, forked or retired.
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

using Bytes = unsigned char[16];

std::uint64_t BigEndian(const unsigned char* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

// What a UUIDv7, or a ULID, has before its random bits: milliseconds << 16 | counter.
std::uint64_t PlaceOfUuid(const Bytes& uuid) {
  const std::uint64_t high = BigEndian(uuid);
  return (high & ~std::uint64_t{0xffff}) | (high & 0xfff) << 4 | (uuid[8] & 0x3f) >> 2;
}

class UuidDrawer {
 public:
  UuidDrawer(::shmflake* flake, IdLog& log) : flake_(flake), log_(log), writer_(log) {}

  // In every way that there is, by the random number.
  int Any(std::uint64_t random) {
    const std::uint64_t before = log_.highest();
    if (random % 8 == 0) {
      Bytes many[64];
      std::size_t filled = 0;
      const int code = shmflake_uuid7_n(flake_, many, 1 + random / 8 % 64, &filled);
      for (std::size_t i = 0; i < filled; ++i) Note(i == 0 ? before : last_, PlaceOfUuid(many[i]));
      return code;
    }
    if (random % 8 == 1) {
      char text[27];
      Bytes ulid;
      const int code = shmflake_ulid(flake_, text);
      if (code == 0 && shmflake_parse_ulid(text, ulid) == 0) Note(before, BigEndian(ulid));
      return code;
    }
    Bytes uuid;
    int code = random % 8 == 2 ? shmflake_uuid7_nowait(flake_, uuid) : SHMFLAKE_E_WOULD_WAIT;
    if (code == SHMFLAKE_E_WOULD_WAIT) code = shmflake_uuid7(flake_, uuid);
    if (code == 0) Note(before, PlaceOfUuid(uuid));
    return code;
  }

 private:
  void Note(std::uint64_t before, std::uint64_t place) {
    writer_.Append(place);
    if (place <= before) log_.NoteDisorder();
    log_.Raise(place);
    last_ = place;
  }

  ::shmflake* flake_;
  IdLog& log_;
  IdLog::Writer writer_;
  std::uint64_t last_ = 0;
};

class UuidProcess : public ::testing::Test {
 protected:
  UuidProcess() : options_(box_.Options()) { options_.horizon_ms = 200; }
  ~UuidProcess() override {
    EXPECT_GT(log_.size(), 1000U);
    EXPECT_FALSE(log_.overflowed());
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
  }
  int DrawOn(::shmflake* flake, std::uint64_t seed, int times) {
    UuidDrawer drawer(flake, log_);
    Random random(seed);
    for (int i = 0; times == 0 ? !stop_->load() : i < times; ++i) {
      if (Expect(0, drawer.Any(random())) != kGood) return kBad;
      if (i % 256 == 0) ::usleep(100);
    }
    return kGood;
  }

  Sandbox box_;
  IdLog log_{std::size_t{1} << 26};
  shmflake_options options_;
  Shared<std::atomic<bool>> stop_;
};

TEST_F(UuidProcess, KilledProcessesLeaveNoRepeatAndNoDisorder) {
  std::vector<Process> drawing(6);
  Random random(static_cast<std::uint64_t>(NowMs()));
  for (std::uint64_t kill = 0; kill < 100; ++kill) {
    Process& victim = drawing[random.Below(drawing.size())];
    victim.Kill();
    victim = Process([&] { return DrawOn(box_.MustOpen(&options_).get(), kill, 0); });
    ::usleep(static_cast<useconds_t>(random.Below(20'000)));
  }
  for (Process& process : drawing) {
    if (!process.running()) continue;
    EXPECT_EQ(-1000, process.Wait(1)) << "it draws until it is killed";
  }
}

TEST_F(UuidProcess, ARegionThatIsRetiredOrRemovedUnderThemIsFollowedInOrder) {
  std::vector<Process> drawing;
  for (std::uint64_t i = 0; i < 4; ++i) {
    drawing.emplace_back([&, i] { return DrawOn(box_.MustOpen(&options_).get(), i, 0); });
  }
  for (int round = 0; round < 20; ++round) {
    SleepMs(20);
    if (round % 4 == 3) {
      box_.RemoveRegion();
    } else {
      (void)box_.Retire(10'000);
    }
  }
  stop_->store(true);
  for (Process& process : drawing) EXPECT_EQ(kGood, process.Wait(60'000));
}

TEST_F(UuidProcess, ChildrenDrawOnWithRandomBitsOfTheirOwn) {
  const Flake flake = box_.MustOpen(&options_);
  ASSERT_EQ(kGood, DrawOn(flake.get(), 1, 1000));
  constexpr int kChildren = 500;
  Shared<std::array<std::uint64_t, kChildren>> tails;
  for (int i = 0; i < kChildren; ++i) {
    Process child([&, i] {
      Bytes uuid;
      if (Expect(0, shmflake_uuid7(flake.get(), uuid)) != kGood) return kBad;
      (*tails)[static_cast<std::size_t>(i)] = BigEndian(uuid + 8) << 6;  // the random part
      return DrawOn(flake.get(), static_cast<std::uint64_t>(i), 5);
    });
    ASSERT_EQ(kGood, child.Wait());
  }
  const std::set<std::uint64_t> different(tails->begin(), tails->end());
  EXPECT_EQ(static_cast<std::size_t>(kChildren), different.size());
}

TEST_F(UuidProcess, BadArgumentsAreNamedAndNothingIsWritten) {
  const Flake flake = box_.MustOpen(&options_);
  ASSERT_EQ(kGood, DrawOn(flake.get(), 1, 1000));
  Bytes uuid;
  std::memset(uuid, 7, sizeof(uuid));
  std::size_t filled = 9;
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_uuid7(nullptr, uuid));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_uuid7(flake.get(), nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_ulid(flake.get(), nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_uuid7_n(flake.get(), nullptr, 1, &filled));
  EXPECT_EQ(0U, filled);
  EXPECT_EQ(SHMFLAKE_E_COUNT, shmflake_uuid7_n(flake.get(), &uuid, 0, nullptr));
  EXPECT_STREQ("n must be 1 or more: 0", shmflake_last_error());
  EXPECT_EQ(7, uuid[0]);
}

}  // namespace
}  // namespace flake::test
