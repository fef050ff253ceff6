// SPDX-License-Identifier: Apache-2.0
#include "core/id_text_error.h"

#include <gtest/gtest.h>

#include <string>

namespace shmflake {
namespace {

std::string Why(const std::string& text, TextForm form) {
  const DrawError error = ExplainParse(text.c_str(), static_cast<int>(form));
  EXPECT_EQ(Code::TEXT, error.code);
  return DescribeDrawError(error);
}

std::string WhyNoUuid(const char* text) { return DescribeDrawError(ExplainUuid(text)); }
std::string WhyNoUlid(const char* text) { return DescribeDrawError(ExplainUlid(text)); }

TEST(IdTextError, ALengthIsSaidWithItsLimits) {
  EXPECT_EQ("a base62 ID has 1..11 digits: 0", Why("", TextForm::kBase62));
  EXPECT_EQ("a base62 ID has 1..11 digits: 12", Why("aaaaaaaaaaaa", TextForm::kBase62));
  EXPECT_EQ("a decimal ID has 1..20 digits: 1000", Why(std::string(1000, '1'), TextForm::kDecimal));
  EXPECT_EQ("a crockford32 ID has 1..13 digits: 14",
            Why("01234-56789-ABCC", TextForm::kCrockford32));
}

TEST(IdTextError, AForeignCharacterIsSaidWithItsPosition) {
  EXPECT_EQ("a decimal ID has digits 0-9 only: \" \" at position 3",
            Why("12 ", TextForm::kDecimal));
  EXPECT_EQ("a decimal ID has digits 0-9 only: \"-\" at position 1", Why("-1", TextForm::kDecimal));
  EXPECT_EQ("a base58 ID has digits 1-9A-HJ-NP-Za-km-z only: \"l\" at position 2",
            Why("1l", TextForm::kBase58));
  EXPECT_EQ("a base62 ID has digits 0-9A-Za-z only: \"\\x0a\" at position 12",
            Why("12345678901\n", TextForm::kBase62));
  EXPECT_EQ("a crockford32 ID has digits 0-9A-Z but U, in either case, only: \"u\" at position 1",
            Why("u", TextForm::kCrockford32));
}

TEST(IdTextError, ACharacterOfSeveralBytesIsSaidWhole) {
  EXPECT_NE(std::string::npos, Why("1\xc3\xa9", TextForm::kHex).find("\"\xc3\xa9\" at position 2"));
  EXPECT_NE(std::string::npos,
            Why("\xf0\x9f\x98\x80", TextForm::kHex).find("\"\xf0\x9f\x98\x80\" at position 1"));
  EXPECT_NE(std::string::npos, Why("\xf0", TextForm::kHex).find("\"\\xf0\" at position 1"));
}

TEST(IdTextError, ANumberThatDoesNotFitIsSaidWithTheLargest) {
  EXPECT_EQ("a decimal ID is at most 18446744073709551615 (2^64 - 1): 18446744073709551616",
            Why("18446744073709551616", TextForm::kDecimal));
  EXPECT_EQ("a decimal ID is at most 18446744073709551615 (2^64 - 1): 99999999999999999999",
            Why("99999999999999999999", TextForm::kDecimal));
  EXPECT_EQ("a base36 ID is at most 3w5e11264sgsf (2^64 - 1): zzzzzzzzzzzzz",
            Why("ZZZZZZZZZZZZZ", TextForm::kBase36));
  EXPECT_EQ("a base58 ID is at most jpXCZedGfVQ (2^64 - 1): jpXCZedGfVR",
            Why("jpXCZedGfVR", TextForm::kBase58));
  EXPECT_EQ("a base62 ID is at most LygHa16AHYF (2^64 - 1): LygHa16AHYG",
            Why("LygHa16AHYG", TextForm::kBase62));
  EXPECT_EQ("a crockford32 ID is at most FZZZZZZZZZZZZ (2^64 - 1): G000000000000",
            Why("g00000000000o", TextForm::kCrockford32));
}

TEST(IdTextError, LeadingZerosAndMisplacedHyphensHaveRulesOfTheirOwn) {
  EXPECT_EQ("a decimal ID has no leading zeros: \"0\" at position 1",
            Why("01", TextForm::kDecimal));
  for (const auto& [text, position] : {std::pair{"-1", "1"}, {"1--1", "3"}, {"1-", "2"}}) {
    EXPECT_EQ("a crockford32 ID has hyphens between two digits only: \"-\" at position " +
                  std::string(position),
              Why(text, TextForm::kCrockford32));
  }
}

TEST(IdTextError, UuidsAndUlidsSayTheirRules) {
  EXPECT_EQ("a UUID has 36 characters: 35", WhyNoUuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398"));
  EXPECT_EQ("a UUID has 36 characters: 37", WhyNoUuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"));
  EXPECT_EQ("a UUID has digits 0-9a-f, in either case, here: \"g\" at position 3",
            WhyNoUuid("01gf22e2-79b0-7cc3-98c4-dc0c0c07398f"));
  EXPECT_EQ("a UUID has digits 0-9a-f, in either case, here: \"-\" at position 8",
            WhyNoUuid("017f22e-2-79b0-7cc3-98c4-dc0c0c07398f"));
  EXPECT_EQ("a UUID has hyphens at positions 9, 14, 19 and 24: \"7\" at position 9",
            WhyNoUuid("017f22e279b07cc398c4dc0c0c07398f"));
  EXPECT_EQ("a ULID has 26 characters: 0", WhyNoUlid(""));
  EXPECT_EQ("a ULID has 26 characters: 27", WhyNoUlid("01ARZ3NDEKTSV4RRFFQ69G5FAV0"));
  EXPECT_EQ("a ULID has digits 0-9A-Z but U, in either case, only: \"U\" at position 2",
            WhyNoUlid("0UARZ3NDEKTSV4RRFFQ69G5FAV"));
  EXPECT_EQ("a ULID is at most 7ZZZZZZZZZZZZZZZZZZZZZZZZZ (2^128 - 1): \"8\" at position 1",
            WhyNoUlid("80000000000000000000000000"));
}

TEST(IdTextError, AFormAndABufferAreSaidWithTheirLimits) {
  EXPECT_EQ("a text form must be 1..6 (SHMFLAKE_FORM_*): 7",
            DescribeDrawError(ExplainParse("1", 7)));
  EXPECT_EQ("a text form must be 1..6 (SHMFLAKE_FORM_*): -1",
            DescribeDrawError(ExplainFormat(1, -1, 40)));
  EXPECT_EQ("this text needs 12 bytes, its NUL included: 11",
            DescribeDrawError(ExplainFormat(1, static_cast<int>(TextForm::kBase62), 11)));
  EXPECT_EQ("this text needs 4 bytes, its NUL included: 0",
            DescribeDrawError(ExplainFormat(999, static_cast<int>(TextForm::kDecimal), 0)));
}

}  // namespace
}  // namespace shmflake
