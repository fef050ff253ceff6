// SPDX-License-Identifier: Apache-2.0
#include "core/uuid_text.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <string>

namespace shmflake {
namespace {

using Bytes = std::array<unsigned char, kUuidBytes>;

constexpr Bytes kNil{};
constexpr Bytes kMax = {255, 255, 255, 255, 255, 255, 255, 255,
                        255, 255, 255, 255, 255, 255, 255, 255};
// RFC 9562, appendix A.6.
constexpr Bytes kVersion7 = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                             0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
constexpr const char* kVersion7Text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

std::string Uuid(const Bytes& bytes) {
  char text[kUuidLength + 1];
  FormatUuid(bytes.data(), text);
  return text;
}

std::string Ulid(const Bytes& bytes) {
  char text[kUlidLength + 1];
  FormatUlid(bytes.data(), text);
  return text;
}

// Refused, with nothing written.
bool Refused(bool (*parse)(const char*, unsigned char*), const std::string& text) {
  Bytes bytes;
  bytes.fill(42);
  const Bytes before = bytes;
  return !parse(text.c_str(), bytes.data()) && bytes == before;
}

Bytes Read(bool (*parse)(const char*, unsigned char*), const std::string& text) {
  Bytes bytes{};
  EXPECT_TRUE(parse(text.c_str(), bytes.data())) << text;
  return bytes;
}

TEST(UuidText, PublishedUuidsAreWrittenAndReadInEitherCase) {
  EXPECT_EQ(kVersion7Text, Uuid(kVersion7));
  EXPECT_EQ("00000000-0000-0000-0000-000000000000", Uuid(kNil));  // RFC 9562, 5.9
  EXPECT_EQ("ffffffff-ffff-ffff-ffff-ffffffffffff", Uuid(kMax));  // RFC 9562, 5.10
  EXPECT_EQ(kVersion7, Read(ParseUuid, kVersion7Text));
  EXPECT_EQ(kVersion7, Read(ParseUuid, "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"));
  EXPECT_EQ(kVersion7, Read(ParseUuid, "017F22e2-79b0-7Cc3-98C4-dc0c0c07398f"));
}

TEST(UuidText, EveryUuidAndUlidIsReadBackAndSortsAsItsBytes) {
  std::mt19937_64 random(9562);
  Bytes before{};
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes{};
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random() >> (i % 8));
    if (i % 3 == 0) std::copy_n(before.begin(), i % 16, bytes.begin());
    ASSERT_EQ(bytes, Read(ParseUuid, Uuid(bytes)));
    ASSERT_EQ(bytes, Read(ParseUlid, Ulid(bytes)));
    ASSERT_EQ(before < bytes, Uuid(before) < Uuid(bytes));
    ASSERT_EQ(before < bytes, Ulid(before) < Ulid(bytes));
    before = bytes;
  }
}

TEST(UuidText, AnyOtherTextIsNoUuid) {
  const std::string good = kVersion7Text;
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_TRUE(Refused(ParseUuid, good.substr(0, at))) << at;
    for (int byte = 1; byte < 256; ++byte) {
      const bool digit = IsUuidHyphen(at) ? byte == '-' : std::isxdigit(byte) != 0;
      std::string text = good;
      text[at] = static_cast<char>(byte);
      ASSERT_EQ(!digit, Refused(ParseUuid, text)) << byte << " at " << at;
    }
  }
  for (const std::string& text :
       {good + "0", good + " ", " " + good, "{" + good + "}", "urn:uuid:" + good,
        std::string("017f22e279b07cc398c4dc0c0c07398f")}) {
    EXPECT_TRUE(Refused(ParseUuid, text)) << text;
  }
}

// github.com/ulid/spec, README.md: the largest is 7ZZZ...; 01BX5ZZKBKACTAV9WEVGEMMVS0 follows
// 01BX5ZZKBKACTAV9WEVGEMMVRZ; 01ARZ3NDEKTSV4RRFFQ69G5FAV is the example.
TEST(UlidText, TheSpecificationsUlidsAreWrittenAndRead) {
  EXPECT_EQ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", Ulid(kMax));
  EXPECT_EQ("00000000000000000000000000", Ulid(kNil));
  EXPECT_EQ(kMax, Read(ParseUlid, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
  EXPECT_EQ("01ARZ3NDEKTSV4RRFFQ69G5FAV", Ulid(Read(ParseUlid, "01ARZ3NDEKTSV4RRFFQ69G5FAV")));
  Bytes bytes = Read(ParseUlid, "01BX5ZZKBKACTAV9WEVGEMMVRZ");
  ++bytes[15];  // ends in 0x1f: no carry into the byte before
  EXPECT_EQ("01BX5ZZKBKACTAV9WEVGEMMVS0", Ulid(bytes));
  // Ten digits are the milliseconds; github.com/ulid/javascript's test of encodeTime().
  bytes = Read(ParseUlid, "01ARYZ6S410000000000000000");
  std::uint64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = ms << 8 | bytes[static_cast<std::size_t>(i)];
  EXPECT_EQ(1469918176385U, ms);
}

TEST(UlidText, LargerOnesThanTheLargestAreRefused) {
  for (const char first : std::string("89ABCDEFGHJKMNPQRSTVWXYZabcz")) {
    EXPECT_TRUE(Refused(ParseUlid, first + std::string(25, '0'))) << first;
    EXPECT_TRUE(Refused(ParseUlid, first + std::string(25, 'Z'))) << first;
  }
}

TEST(UlidText, IsReadInEitherCaseWithLookAlikes) {
  const Bytes bytes = Read(ParseUlid, "01ARZ3NDEKTSV4RRFFQ69G5FA0");
  EXPECT_EQ(bytes, Read(ParseUlid, "01arz3ndektsv4rrffq69g5fa0"));
  EXPECT_EQ(bytes, Read(ParseUlid, "OiarZ3NDEKTSV4RRFFQ69G5FAo"));
  EXPECT_EQ(bytes, Read(ParseUlid, "0LARZ3NDEKTSV4RRFFQ69G5FAO"));
  EXPECT_EQ(bytes, Read(ParseUlid, "0lARZ3NDEKTSV4RRFFQ69G5FA0"));
  EXPECT_EQ(bytes, Read(ParseUlid, "0IARZ3NDEKTSV4RRFFQ69G5FA0"));
}

TEST(UlidText, AnyOtherTextIsNoUlid) {
  const std::string good = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const std::string digits = "0123456789abcdefghijklmnopqrstvwxyzABCDEFGHIJKLMNOPQRSTVWXYZ";
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_TRUE(Refused(ParseUlid, good.substr(0, at))) << at;
    for (int byte = 1; byte < 256; ++byte) {
      std::string text = good;
      text[at] = static_cast<char>(byte);
      const bool digit = digits.find(text[at]) != std::string::npos;
      const bool fits = at > 0 || std::strchr("01234567ilIoLO", byte) != nullptr;
      ASSERT_EQ(!(digit && fits), Refused(ParseUlid, text)) << byte << " at " << at;
    }
  }
  EXPECT_TRUE(Refused(ParseUlid, good + "0"));
  EXPECT_TRUE(Refused(ParseUlid, "01ARZ3NDEK-TSV4RRFFQ69G5FAV"));
}

}  // namespace
}  // namespace shmflake
