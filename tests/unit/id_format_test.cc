// SPDX-License-Identifier: Apache-2.0
#include "core/id_format.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace shmflake {
namespace {

constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinInt64 = std::numeric_limits<std::int64_t>::min();

IdFormat Format(std::uint32_t datacenter, std::uint32_t machine, std::uint32_t sequence,
                std::uint32_t tick_us = 1000, std::int64_t epoch_ms = kDefaultEpochMs) {
  return {.timestamp_bits = kIdBits - datacenter - machine - sequence,
          .datacenter_bits = datacenter,
          .machine_bits = machine,
          .sequence_bits = sequence,
          .tick_us = tick_us,
          .epoch_ms = epoch_ms};
}

// Every corner of the bits, with ticks shorter and longer than a millisecond, and epochs before
// 1970.
std::vector<IdFormat> ManyFormats() {
  std::vector<IdFormat> formats;
  for (const std::uint32_t worker : {1U, 2U, 8U, 10U, 16U, 22U}) {
    for (const std::uint32_t machine : {1U, worker / 2, worker}) {
      for (const std::uint32_t sequence : {1U, 8U, 12U, 22U, 31U}) {
        for (const std::uint32_t tick_us : {100U, 300U, 999U, 1000U, 1001U, 10'000U, 1'000'000U}) {
          for (const std::int64_t epoch_ms : {kDefaultEpochMs, std::int64_t{0}, std::int64_t{-1},
                                              std::int64_t{-123456789}, kMinEpochMs, kMaxEpochMs}) {
            if (machine < 1 || machine > worker) continue;
            const IdFormat format = Format(worker - machine, machine, sequence, tick_us, epoch_ms);
            if (ValidateFormat(format).ok()) formats.push_back(format);
          }
        }
      }
    }
  }
  return formats;
}

std::vector<std::uint64_t> InterestingTicks(const IdFormat& format, std::mt19937_64& random) {
  const std::uint64_t end = format.max_timestamp();
  return {0, 1, 2, end / 2, end - 1, end, random() & end, random() & end, random() & end};
}

TEST(ValidateFormat, AcceptsTheDefault) {
  const IdFormat format;
  EXPECT_TRUE(ValidateFormat(format).ok());
  EXPECT_EQ(format.worker_bits(), 8U);
  EXPECT_EQ(DescribeFormat(format), "43/2+6/12 x 1000 us since 1609459200000");
}

TEST(ValidateFormat, AcceptsTheLimits) {
  EXPECT_TRUE(ValidateFormat(Format(0, 1, 1, 1'000'000)).ok());
  EXPECT_TRUE(ValidateFormat(Format(21, 1, 21, 100)).ok());
  EXPECT_TRUE(ValidateFormat(Format(0, 12, 31)).ok());  // leaves exactly 20
  EXPECT_TRUE(ValidateFormat(Format(2, 6, 12, 1000, kMinEpochMs)).ok());
  EXPECT_TRUE(ValidateFormat(Format(2, 6, 12, 1000, kMaxEpochMs)).ok());
}

void ExpectRefused(const IdFormat& format, const std::string& message) {
  const Status status = ValidateFormat(format);
  EXPECT_EQ(status.code(), Code::LAYOUT);
  EXPECT_EQ(status.message(), message);
}

TEST(ValidateFormat, RefusesEveryImpossiblePartWithTheRuleAndTheValue) {
  ExpectRefused(Format(8, 0, 12), "machine_bits must be 1..worker_id_bits, at most 22: 0");
  ExpectRefused(Format(0, 23, 12), "machine_bits must be 1..worker_id_bits, at most 22: 23");
  ExpectRefused(Format(20, 3, 12), "worker_id_bits must be 1..22: 23 (20 datacenter + 3 machine)");
  ExpectRefused(Format(2, 6, 0), "sequence_bits must be 1..31: 0");
  ExpectRefused(Format(2, 6, 32), "sequence_bits must be 1..31: 32");
  ExpectRefused(Format(0, 13, 31),
                "worker_id_bits and sequence_bits must leave at least 20 of 63 bits for the "
                "timestamp: 13 + 31 leave 19");
  ExpectRefused(Format(2, 6, 12, 99), "tick_us must be 100..1000000: 99");
  ExpectRefused(Format(2, 6, 12, 0), "tick_us must be 100..1000000: 0");
  ExpectRefused(Format(2, 6, 12, 1'000'001), "tick_us must be 100..1000000: 1000001");
  ExpectRefused(Format(2, 6, 12, 1000, kMinEpochMs - 1),
                "epoch_ms must be -62135596800000..253402300799999: -62135596800001");
  ExpectRefused(Format(2, 6, 12, 1000, kMaxInt64),
                "epoch_ms must be -62135596800000..253402300799999: 9223372036854775807");
}

TEST(ValidateFormat, RefusesTimestampBitsThatDoNotAddUpTo63) {
  IdFormat format;
  for (const std::uint32_t bits : {0U, 20U, 42U, 44U, 63U, 64U, 0xffffffffU}) {
    format.timestamp_bits = bits;
    ExpectRefused(format,
                  "timestamp_bits must be what worker_id_bits and sequence_bits leave, "
                  "63 - 8 - 12 = 43: " +
                      std::to_string(bits));
  }
}

TEST(ValidateFormat, IsNotFooledByBitsWhoseSumWraps) {
  for (const std::uint32_t huge : {0xffffffffU, 0xfffffff8U, 0x80000000U}) {
    IdFormat format;
    format.datacenter_bits = huge;
    EXPECT_EQ(ValidateFormat(format).code(), Code::LAYOUT);
    format = IdFormat();
    format.machine_bits = huge;
    EXPECT_EQ(ValidateFormat(format).code(), Code::LAYOUT);
    format = IdFormat();
    format.sequence_bits = huge;
    EXPECT_EQ(ValidateFormat(format).code(), Code::LAYOUT);
  }
}

TEST(DecodeId, GivesBackWhatAnIdWasMadeOf) {
  std::mt19937_64 random(1);
  for (const IdFormat& format : ManyFormats()) {
    for (const std::uint64_t tick : InterestingTicks(format, random)) {
      const std::uint64_t sequence = random() & format.max_sequence();
      const std::uint64_t worker_id = random() & format.max_worker_id();
      const std::uint64_t id = format.IdOf(format.StateOf(tick, sequence), worker_id);
      ASSERT_EQ(id >> 63, 0U);
      IdParts parts;
      ASSERT_TRUE(DecodeId(format, id, &parts).ok());
      ASSERT_EQ(parts.timestamp, tick);
      ASSERT_EQ(parts.sequence, sequence);
      ASSERT_EQ(parts.worker_id, worker_id);
      ASSERT_EQ(parts.datacenter_id, worker_id >> format.machine_bits);
      ASSERT_EQ(std::uint64_t{parts.datacenter_id} << format.machine_bits | parts.machine_id,
                worker_id);
    }
  }
}

TEST(DecodeId, TakesTheLargestIdAndRefusesTheSignBit) {
  const IdFormat format;
  IdParts parts;
  ASSERT_TRUE(DecodeId(format, 0x7fffffffffffffff, &parts).ok());
  EXPECT_EQ(parts.timestamp, format.max_timestamp());
  EXPECT_EQ(parts.worker_id, 255U);
  EXPECT_EQ(parts.sequence, 4095U);

  parts.timestamp = 77;
  const Status status = DecodeId(format, 0x8000000000000000, &parts);
  EXPECT_EQ(status.code(), Code::ID);
  EXPECT_EQ(
      status.message(),
      "an ID must be 0..9223372036854775807 (63 bits, the sign bit stays 0): 9223372036854775808");
  EXPECT_EQ(parts.timestamp, 77U) << "a failure leaves the output as it was";
}

TEST(Ids, SortByTickThenWorkerThenSequence) {
  const IdFormat format;
  const auto id = [&](std::uint64_t tick, std::uint64_t worker, std::uint64_t sequence) {
    return format.IdOf(format.StateOf(tick, sequence), worker);
  };
  EXPECT_LT(id(1, 255, 4095), id(2, 0, 0));
  EXPECT_LT(id(1, 3, 4095), id(1, 4, 0));
  EXPECT_LT(id(1, 3, 4), id(1, 3, 5));
}

TEST(UnixTime, OfATickIsWithinOneTickOfTheInstantItCameFrom) {
  std::mt19937_64 random(2);
  for (const IdFormat& format : ManyFormats()) {
    const std::int64_t tick_ns = std::int64_t{format.tick_us} * 1000;
    for (const std::uint64_t tick : InterestingTicks(format, random)) {
      const std::int64_t ns = UnixNsOfTick(format, tick);
      if (ns == kMaxInt64 || ns == kMinInt64) continue;
      std::uint64_t back = 0;
      ASSERT_TRUE(TickOfUnixNs(format, ns, &back)) << DescribeFormat(format);
      ASSERT_EQ(back, tick) << DescribeFormat(format);
      if (ns < kMaxInt64 - tick_ns) {
        ASSERT_TRUE(TickOfUnixNs(format, ns + tick_ns - 1, &back));
        ASSERT_EQ(back, tick) << "the tick's last nanosecond";
      }
      // Rounded down, also before 1970, where division rounds up.
      const std::int64_t ms = UnixMsOfTick(format, tick);
      ASSERT_EQ(ms, ns / 1'000'000 - (ns % 1'000'000 < 0 ? 1 : 0)) << DescribeFormat(format);
    }
  }
}

TEST(UnixTime, SaturatesWhereSixtyFourBitsEnd) {
  const IdFormat longest = Format(0, 1, 1, 1'000'000);  // 2^61 seconds
  EXPECT_EQ(UnixMsOfTick(longest, longest.max_timestamp()), kMaxInt64);
  EXPECT_EQ(UnixNsOfTick(longest, longest.max_timestamp()), kMaxInt64);
  const IdFormat oldest = Format(2, 6, 12, 1000, kMinEpochMs);
  EXPECT_EQ(UnixNsOfTick(oldest, 0), kMinInt64);
  EXPECT_EQ(UnixMsOfTick(oldest, 0), kMinEpochMs);
}

TEST(TickOfUnixNs, SaysNoBeforeTheEpochAndPastTheRange) {
  for (const std::uint32_t tick_us : {100U, 1000U, 1'000'000U}) {
    for (const std::int64_t epoch_ms : {kDefaultEpochMs, std::int64_t{-86'400'000}}) {
      const IdFormat format = Format(0, 12, 31, tick_us, epoch_ms);
      std::uint64_t tick = 99;
      EXPECT_FALSE(TickOfUnixNs(format, epoch_ms * 1'000'000 - 1, &tick));
      EXPECT_EQ(tick, 0U);
      EXPECT_TRUE(TickOfUnixNs(format, epoch_ms * 1'000'000, &tick));
      EXPECT_EQ(tick, 0U);
      const std::int64_t end_ns = UnixNsOfTick(format, format.max_timestamp() + 1);
      EXPECT_TRUE(TickOfUnixNs(format, end_ns - 1, &tick));
      EXPECT_EQ(tick, format.max_timestamp());
      EXPECT_FALSE(TickOfUnixNs(format, end_ns, &tick));
      EXPECT_EQ(tick, format.max_timestamp() + 1);
      EXPECT_FALSE(TickOfUnixNs(format, kMaxInt64, &tick));
      EXPECT_EQ(tick, format.max_timestamp() + 1) << "the first that does not fit, not the last";
    }
  }
}

TEST(TickOfUnixNs, IsExactWhereTheDistanceToTheEpochOverflows) {
  std::uint64_t tick = 0;
  const IdFormat oldest = Format(1, 3, 12, 1000, kMinEpochMs);
  EXPECT_TRUE(TickOfUnixNs(oldest, 0, &tick));
  EXPECT_EQ(tick, 62135596800000U);
  EXPECT_TRUE(TickOfUnixNs(oldest, kMaxInt64, &tick));
  EXPECT_EQ(tick, 62135596800000U + 9223372036854U);
  const IdFormat newest = Format(2, 6, 12, 1000, kMaxEpochMs);
  EXPECT_FALSE(TickOfUnixNs(newest, kMaxInt64, &tick));
  EXPECT_EQ(tick, 0U);
}

TEST(BoundsOfUnixMs, HoldEveryTickThatTouchesTheMillisecondAndNoOther) {
  for (const std::uint32_t tick_us : {100U, 101U, 300U, 999U, 1000U, 1001U, 2500U, 1'000'000U}) {
    for (const std::int64_t epoch_ms : {std::int64_t{-17}, kDefaultEpochMs}) {
      const IdFormat format = Format(2, 6, 12, tick_us, epoch_ms);
      for (std::uint64_t ms = 0; ms < 40; ++ms) {
        std::vector<std::uint64_t> touching;
        for (std::uint64_t tick = 0; tick < 420; ++tick) {
          if (tick * tick_us < (ms + 1) * 1000 && (tick + 1) * tick_us > ms * 1000) {
            touching.push_back(tick);
          }
        }
        std::uint64_t lowest = 0;
        std::uint64_t highest = 0;
        const std::int64_t unix_ms = epoch_ms + static_cast<std::int64_t>(ms);
        ASSERT_TRUE(BoundsOfUnixMs(format, unix_ms, &lowest, &highest).ok());
        ASSERT_EQ(lowest >> 20, touching.front()) << DescribeFormat(format) << " ms " << ms;
        ASSERT_EQ(highest >> 20, touching.back()) << DescribeFormat(format) << " ms " << ms;
      }
    }
  }
}

TEST(BoundsOfUnixMs, HoldWholeTicksOfEveryWorkerUpToTheEndOfTheRange) {
  std::mt19937_64 random(3);
  for (const IdFormat& format : ManyFormats()) {
    const std::uint32_t below = format.worker_bits() + format.sequence_bits;
    for (const std::uint64_t tick : InterestingTicks(format, random)) {
      const std::int64_t ms = UnixMsOfTick(format, tick);
      if (ms == kMaxInt64) continue;
      std::uint64_t lowest = 0;
      std::uint64_t highest = 0;
      ASSERT_TRUE(BoundsOfUnixMs(format, ms, &lowest, &highest).ok()) << DescribeFormat(format);
      const std::uint64_t first = lowest >> below;
      const std::uint64_t last = highest >> below;
      ASSERT_EQ(lowest & LowMask(below), 0U) << "every worker, every sequence";
      ASSERT_EQ(highest & LowMask(below), LowMask(below));
      ASSERT_LE(first, tick);
      ASSERT_GE(last, tick);
      ASSERT_LE(UnixMsOfTick(format, first), ms);
      if (last < format.max_timestamp()) {
        ASSERT_GT(UnixMsOfTick(format, last + 1), ms);
      }
    }
  }
}

TEST(BoundsOfUnixMs, WorkWithTicksShorterAndLongerThanAMillisecond) {
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
  const IdFormat tenth = Format(2, 6, 12, 100, 1000);
  ASSERT_TRUE(BoundsOfUnixMs(tenth, 1005, &lowest, &highest).ok());
  EXPECT_EQ(lowest >> 20, 50U);
  EXPECT_EQ(highest >> 20, 59U);

  const IdFormat odd = Format(2, 6, 12, 300, 0);  // ticks at 0.9, 1.2, 1.5, 1.8, 2.1 ms
  ASSERT_TRUE(BoundsOfUnixMs(odd, 1, &lowest, &highest).ok());
  EXPECT_EQ(lowest >> 20, 3U) << "the tick that holds the millisecond's beginning";
  EXPECT_EQ(highest >> 20, 6U) << "the last tick that begins within it";

  const IdFormat second = Format(2, 6, 12, 1'000'000, -5000);
  ASSERT_TRUE(BoundsOfUnixMs(second, -1, &lowest, &highest).ok());
  EXPECT_EQ(lowest >> 20, 4U);
  EXPECT_EQ(highest >> 20, 4U);
}

TEST(BoundsOfUnixMs, RefuseInstantsOutsideTheRange) {
  const IdFormat format = Format(0, 12, 31, 300);  // 2^20 ticks of 0.3 ms: 314572.8 ms
  std::uint64_t lowest = 5;
  std::uint64_t highest = 6;
  const Status before = BoundsOfUnixMs(format, kDefaultEpochMs - 1, &lowest, &highest);
  EXPECT_EQ(before.code(), Code::INSTANT);
  EXPECT_EQ(before.message(),
            "the instant must be within the time range, Unix ms "
            "1609459200000..1609459514572: 1609459199999");
  EXPECT_EQ(BoundsOfUnixMs(format, kDefaultEpochMs + 314573, &lowest, &highest).code(),
            Code::INSTANT);
  EXPECT_EQ(BoundsOfUnixMs(format, kMaxInt64, &lowest, &highest).code(), Code::INSTANT);
  EXPECT_EQ(BoundsOfUnixMs(format, kMinInt64, &lowest, &highest).code(), Code::INSTANT);
  EXPECT_EQ(lowest, 5U) << "a failure leaves the outputs as they were";
  EXPECT_EQ(highest, 6U);

  ASSERT_TRUE(BoundsOfUnixMs(format, kDefaultEpochMs + 314572, &lowest, &highest).ok());
  EXPECT_EQ(highest, 0x7fffffffffffffffU) << "the last millisecond ends with the last ID";
}

}  // namespace
}  // namespace shmflake
