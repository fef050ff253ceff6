// SPDX-License-Identifier: Apache-2.0
#include "core/uuid_format.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "core/uuid_text.h"

namespace shmflake {
namespace {

std::string Text(std::uint64_t state, std::uint64_t random) {
  unsigned char bytes[16];
  char text[kUuidLength + 1] = {};
  WriteUuid7(state, random, bytes);
  FormatUuid(bytes, text);
  return text;
}

// RFC 9562, appendix A.6: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F. Of
// these rand_a and the upper four bits of rand_b are the counter.
TEST(Uuid7, IsTheRfcsExample) {
  const std::uint64_t rand_b = 0x18C4'DC0C'0C07'398F;
  const std::uint64_t state = kUuidFormat.StateOf(0x017F'22E2'79B0, 0xCC3 << 4 | rand_b >> 58);
  EXPECT_EQ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", Text(state, rand_b));
}

// github.com/ulid/spec: "01ARZ3NDEKTSV4RRFFQ69G5FAV" is time 01ARZ3NDEK, entropy TSV4RRFFQ69G5FAV;
// its bytes by decoding the text with the spec's alphabet.
TEST(Ulid, IsTheSpecsExample) {
  const std::string example = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  unsigned char bytes[16];
  ASSERT_TRUE(ParseUlid(example.c_str(), bytes));
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (int i = 0; i < 8; ++i) high = high << 8 | bytes[i];
  for (int i = 8; i < 16; ++i) low = low << 8 | bytes[i];
  EXPECT_EQ(1'469'922'850'259U, kUuidFormat.TickOf(high)) << "2016-07-30T23:54:10.259Z";
  unsigned char written[16];
  WriteUlid(high, low, written);
  char text[kUlidLength + 1] = {};
  FormatUlid(written, text);
  EXPECT_EQ(example, text);
}

TEST(Uuid7, HasVersionSevenAndTheVariantWhateverItsBits) {
  for (const std::uint64_t state : {std::uint64_t{0}, kUuidFormat.state_end() - 1}) {
    for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      const std::string text = Text(state, random);
      EXPECT_EQ('7', text[14]);
      EXPECT_NE(std::string::npos, std::string("89ab").find(text[19])) << text;
    }
  }
}

TEST(Uuid7, SortsAsItsStateDoesWhateverTheRandomBits) {
  std::mt19937_64 random(1);
  std::uint64_t state = 1'700'000'000'000 << 16;
  std::string last_uuid = Text(state, ~std::uint64_t{0});
  std::array<unsigned char, 16> last_ulid{};
  for (int i = 0; i < 20'000; ++i) {
    state += i % 3 == 0 ? 1 : random() % 100'000;
    const std::string uuid = Text(state + 1, random());
    std::array<unsigned char, 16> ulid;
    WriteUlid(state + 1, random(), ulid.data());
    ASSERT_LT(last_uuid, uuid);
    ASSERT_LT(last_ulid, ulid);
    last_uuid = uuid;
    last_ulid = ulid;
    ++state;
  }
}

// ---------------------------------------------------------------- The lease in milliseconds

class LeaseInMs : public ::testing::TestWithParam<IdFormat> {};

TEST_P(LeaseInMs, WhatAHorizonForbidsIsWhereABirthAtItBegins) {
  const IdFormat format = GetParam();
  for (std::uint64_t tick = 1'000'000; tick < 1'003'000; ++tick) {
    Header birth{};
    SetFormat(format, &birth);
    birth.birth_tick = tick;
    EXPECT_GE(UuidBirthState(birth) + 1, UuidCeiling(format, tick));
  }
}

TEST_P(LeaseInMs, ABirthAtWhatWasGivenBackIsAboveTheLastUuid) {
  const IdFormat format = GetParam();
  std::mt19937_64 random(2);
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t ms = 1'700'000'000'000 + random() % 100'000;
    const std::uint64_t last = kUuidFormat.StateOf(ms, random() % 65'536);
    Header birth{};
    SetFormat(format, &birth);
    birth.birth_tick = TickAfterUuid(format, last);
    EXPECT_GE(UuidBirthState(birth), last);
    EXPECT_LE(UnixMsOfTick(format, birth.birth_tick - 1), static_cast<std::int64_t>(ms))
        << "and not a tick more is lost";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ticks, LeaseInMs,
    ::testing::Values(IdFormat{}, IdFormat{.tick_us = 100}, IdFormat{.tick_us = 300},
                      IdFormat{.tick_us = 1001}, IdFormat{.tick_us = 10'000},
                      IdFormat{.tick_us = 1'000'000},
                      IdFormat{.tick_us = 100, .epoch_ms = 1'600'000'000'001}));

TEST(LeaseInMs, EndsOfTheRangesDoNotWrap) {
  const IdFormat format;
  EXPECT_EQ(format.max_timestamp() + 1, TickAfterUuid(format, kUuidFormat.state_end() - 1));
  const IdFormat ancient{.epoch_ms = kMinEpochMs};
  EXPECT_EQ(0U, UuidMsOfTick(ancient, 0)) << "before 1970";
  Header birth{};
  SetFormat(ancient, &birth);
  EXPECT_EQ(0U, UuidBirthState(birth));
}

}  // namespace
}  // namespace shmflake
