// SPDX-License-Identifier: Apache-2.0
#include "core/id_text.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <limits>
#include <string>

#include "tests/support/text_numbers.h"

namespace shmflake {
namespace {

using flake::test::LongDivision;
using flake::test::Numbers;

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
constexpr TextForm kAll[] = {TextForm::kDecimal, TextForm::kHex,    TextForm::kBase36,
                             TextForm::kBase58,  TextForm::kBase62, TextForm::kCrockford32};

std::string Format(std::uint64_t id, TextForm form) {
  char text[kMaxIdText + 1];
  EXPECT_TRUE(FormatId(id, form, text, sizeof(text)));
  return text;
}

// The number, or "refused" with nothing written.
std::string Parse(const std::string& text, TextForm form) {
  std::uint64_t id = 42;
  if (ParseId(text.c_str(), form, &id)) return std::to_string(id);
  return id == 42 ? "refused" : "refused, but written";
}

std::string Written(std::uint64_t id, TextForm form) {
  const std::size_t width = form == TextForm::kDecimal ? 0 : SpecOf(form).width;
  return LongDivision(std::to_string(id), SpecOf(form).alphabet, width);
}

TEST(IdText, EveryNumberIsWrittenAsLongDivisionSaysAndReadBack) {
  for (const std::uint64_t id : Numbers()) {
    for (const TextForm form : kAll) {
      const std::string text = Format(id, form);
      ASSERT_EQ(Written(id, form), text) << SpecOf(form).name;
      ASSERT_EQ(std::to_string(id), Parse(text, form)) << SpecOf(form).name << " " << text;
      ASSERT_EQ(text.size(), IdTextLength(id, form));
    }
  }
}

TEST(IdText, TextsOfFixedWidthSortAsTheirIds) {
  std::vector<std::uint64_t> numbers = Numbers();
  std::sort(numbers.begin(), numbers.end());
  for (const TextForm form : kAll) {
    if (form == TextForm::kDecimal) continue;
    std::string before;
    for (const std::uint64_t id : numbers) {
      std::string text = Format(id, form);
      ASSERT_EQ(SpecOf(form).width, text.size());
      ASSERT_LE(before, text);
      before = std::move(text);
    }
  }
}

TEST(IdText, ShorterTextsAreReadAsWhatTheyAreWorth) {
  for (const std::uint64_t id : Numbers()) {
    for (const TextForm form : kAll) {
      const std::string text = LongDivision(std::to_string(id), SpecOf(form).alphabet, 0);
      ASSERT_EQ(std::to_string(id), Parse(text, form)) << SpecOf(form).name << " " << text;
    }
  }
}

// Published texts. TSID: TsidTest.java and README.md of github.com/f4b6a3/tsid-creator. Base58:
// the alphabet of github.com/bitcoin/bitcoin, src/base58.cpp, whose vectors "61" -> "2g",
// "626262" -> "a3gV" and "636363" -> "aPEr" (src/test/data/base58_encode_decode.json) fit 64 bits.
TEST(IdText, PublishedTextsAreReadAndWritten) {
  EXPECT_EQ("FZZZZZZZZZZZZ", Format(kLargest, TextForm::kCrockford32));
  EXPECT_EQ("000000000000A", Format(10, TextForm::kCrockford32));
  EXPECT_EQ("refused", Parse("G000000000000", TextForm::kCrockford32));
  std::uint64_t last = 0;
  std::uint64_t next = 0;
  ASSERT_TRUE(ParseId("01226N0640J7T", TextForm::kCrockford32, &last));
  ASSERT_TRUE(ParseId("01226N0693HDA", TextForm::kCrockford32, &next));
  EXPECT_EQ((last >> 22) + 1, next >> 22);  // "millisecond changed"

  EXPECT_EQ(std::to_string(0x61), Parse("2g", TextForm::kBase58));
  EXPECT_EQ(std::to_string(0x626262), Parse("a3gV", TextForm::kBase58));
  EXPECT_EQ(std::to_string(0x636363), Parse("aPEr", TextForm::kBase58));
  EXPECT_EQ("1111111a3gV", Format(0x626262, TextForm::kBase58));

  EXPECT_EQ("18446744073709551615", Format(kLargest, TextForm::kDecimal));
  EXPECT_EQ("ffffffffffffffff", Format(kLargest, TextForm::kHex));
  EXPECT_EQ("3w5e11264sgsf", Format(kLargest, TextForm::kBase36));
  EXPECT_EQ("jpXCZedGfVQ", Format(kLargest, TextForm::kBase58));
  EXPECT_EQ("LygHa16AHYF", Format(kLargest, TextForm::kBase62));
}

TEST(IdText, TheFirstNumbersThatDoNotFitAreRefused) {
  const std::string past[] = {"18446744073709551616", "18446744073709551617",
                              "18446744083709551615", "20000000000000000000",
                              "36893488147419103232", "99999999999999999999"};
  for (const std::string& number : past) {
    for (const TextForm form : kAll) {
      const std::string text = LongDivision(number, SpecOf(form).alphabet, 0);
      EXPECT_EQ("refused", Parse(text, form)) << SpecOf(form).name << " " << text;
    }
  }
  for (const TextForm form : kAll) {
    const std::string most(SpecOf(form).width, SpecOf(form).alphabet.back());
    EXPECT_EQ(form == TextForm::kHex ? std::to_string(kLargest) : "refused", Parse(most, form));
  }
}

TEST(IdText, AForeignByteIsRefusedWhereverItStands) {
  for (const TextForm form : kAll) {
    const TextFormSpec& spec = SpecOf(form);
    const bool crockford = form == TextForm::kCrockford32;
    std::string digits(spec.alphabet);
    for (const char letter : spec.alphabet) {
      if (spec.either_case) digits += static_cast<char>(std::toupper(letter));
      if (spec.either_case) digits += static_cast<char>(std::tolower(letter));
    }
    if (crockford) digits += "iIlLoO-";
    const std::string one(1, spec.alphabet[1]);
    for (std::size_t length = 1; length <= spec.width; ++length) {
      std::string text;
      while (text.size() < length) text += one;
      ASSERT_NE("refused", Parse(text, form));
      for (std::size_t at = 0; at < length; ++at) {
        for (int byte = 1; byte < 256; ++byte) {
          if (digits.find(static_cast<char>(byte)) != std::string::npos) continue;
          std::string wrong = text;
          wrong[at] = static_cast<char>(byte);
          ASSERT_EQ("refused", Parse(wrong, form)) << spec.name << " " << byte << " at " << at;
        }
      }
    }
  }
}

TEST(IdText, EmptySignedSpacedAndLongTextsAreRefused) {
  for (const TextForm form : kAll) {
    const std::string one(1, SpecOf(form).alphabet[1]);
    const std::string zero(1, SpecOf(form).alphabet[0]);
    EXPECT_EQ("1", Parse(one, form));
    EXPECT_EQ("0", Parse(zero, form));
    for (const std::string& wrong :
         {std::string(), "+" + one, "-" + one, " " + one, one + " ", one + "\n",
          std::string(SpecOf(form).width, SpecOf(form).alphabet[0]) + one, std::string(100, '1'),
          std::string(SpecOf(form).width, one[0]) + "\n"}) {
      if (form == TextForm::kBase58 && wrong.size() == 3)
        continue;  // "0x2": both are foreign or not
      EXPECT_EQ("refused", Parse(wrong, form)) << SpecOf(form).name << " " << wrong;
    }
  }
}

TEST(IdText, APrefixOfARadixIsRefused) {
  EXPECT_EQ("refused", Parse("0x1", TextForm::kDecimal));
  EXPECT_EQ("refused", Parse("0x1", TextForm::kHex));
  EXPECT_EQ("refused", Parse("0b1", TextForm::kDecimal));
}

TEST(IdText, DecimalHasNoLeadingZeros) {
  EXPECT_EQ("0", Parse("0", TextForm::kDecimal));
  for (const char* text : {"00", "01", "007", "01234567890123456789", "00000000000000000000"}) {
    EXPECT_EQ("refused", Parse(text, TextForm::kDecimal)) << text;
  }
}

TEST(IdText, HexBase36AndCrockfordAreReadInEitherCase) {
  EXPECT_EQ(std::to_string(0xdeadbeef), Parse("DeadBEEF", TextForm::kHex));
  EXPECT_EQ(std::to_string(kLargest), Parse("3W5E11264SGSF", TextForm::kBase36));
  EXPECT_EQ(std::to_string(kLargest), Parse("fzzzzzzzzzzzz", TextForm::kCrockford32));
  EXPECT_NE(Parse("a", TextForm::kBase62), Parse("A", TextForm::kBase62));
  EXPECT_NE(Parse("a", TextForm::kBase58), Parse("A", TextForm::kBase58));
  EXPECT_EQ("refused", Parse("l", TextForm::kBase58));
}

// https://www.crockford.com/base32.html: "i and l will be treated as 1 and o will be treated as 0",
// "Hyphens are ignored during decoding".
TEST(IdText, CrockfordForgivesWhatItsSpecificationForgives) {
  const std::string plain = Parse("0123456789ABC", TextForm::kCrockford32);
  for (const char* text :
       {"0123456789abc", "O123456789ABC", "oi23456789ABC", "0L23456789ABC", "0l23456789ABC",
        "0I23456789ABC", "01234-56789-ABC", "0-1-2-3-4-5-6-7-8-9-A-B-C"}) {
    EXPECT_EQ(plain, Parse(text, TextForm::kCrockford32)) << text;
  }
  for (const char* text :
       {"-0123456789ABC", "0123456789ABC-", "01234--56789ABC", "-", "--", "-1", "1-",
        "0123456789ABU", "0123456789AB*", "0123456789ABCC", "01234-56789-ABCC"}) {
    EXPECT_EQ("refused", Parse(text, TextForm::kCrockford32)) << text;
  }
}

TEST(IdText, ABufferThatIsTooSmallIsLeftAsItWas) {
  for (const std::uint64_t id : Numbers()) {
    for (const TextForm form : kAll) {
      char text[64];
      std::memset(text, '#', sizeof(text));
      const std::size_t length = IdTextLength(id, form);
      ASSERT_FALSE(FormatId(id, form, text, length));
      ASSERT_FALSE(FormatId(id, form, text, 0));
      ASSERT_EQ(std::string(sizeof(text), '#'), std::string(text, sizeof(text)));
      ASSERT_TRUE(FormatId(id, form, text, length + 1));
      ASSERT_EQ('\0', text[length]);
      ASSERT_EQ('#', text[length + 1]) << SpecOf(form).name << " " << id;
    }
  }
}

// Texts that end where the mapping ends, and that begin where it begins.
TEST(IdText, NothingOutsideATextsPageIsTouched) {
  constexpr std::size_t page = 4096;
  void* const mapped = ::mmap(nullptr, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(MAP_FAILED, mapped);
  char* const begin = static_cast<char*>(mapped) + page;
  ASSERT_EQ(0, ::mprotect(begin, page, PROT_READ | PROT_WRITE));
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{12345678},
                                 std::uint64_t{1234567890123}, std::uint64_t{1} << 62, kLargest}) {
    for (const TextForm form : kAll) {
      const std::string written = Format(id, form);
      const std::size_t size = written.size() + 1;
      for (std::size_t gap = 0; gap <= 40; ++gap) {
        char* const text = begin + page - size - gap;
        std::memset(begin + page - 80, '7', 80);
        ASSERT_TRUE(FormatId(id, form, text, size));
        ASSERT_STREQ(written.c_str(), text);
        std::uint64_t read = ~id;
        ASSERT_TRUE(ParseId(text, form, &read)) << SpecOf(form).name << " " << gap;
        ASSERT_EQ(id, read);
        text[size - 2] = '!';
        ASSERT_FALSE(ParseId(text, form, &read));
      }
      ASSERT_TRUE(FormatId(id, form, begin, size));
      std::uint64_t read = ~id;
      ASSERT_TRUE(ParseId(begin, form, &read));
      ASSERT_EQ(id, read);
    }
  }
  ::munmap(mapped, 3 * page);
}

TEST(IdText, AFormThatThereIsNotDoesNothing) {
  char text[kMaxIdText + 1] = "#";
  std::uint64_t id = 42;
  for (const int form : {-1, 0, 7, 1 << 30}) {
    EXPECT_FALSE(IsTextForm(form));
    EXPECT_FALSE(FormatId(1, static_cast<TextForm>(form), text, sizeof(text)));
    EXPECT_FALSE(ParseId("1", static_cast<TextForm>(form), &id));
  }
  EXPECT_STREQ("#", text);
  EXPECT_EQ(42U, id);
}

}  // namespace
}  // namespace shmflake
