// SPDX-License-Identifier: Apache-2.0
#include "core/text.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>

namespace shmflake {
namespace {

using std::string_literals::operator""s;

TEST(Printable, KeepsTextOfAnyLanguage) {
  EXPECT_EQ(Printable(""), "");
  EXPECT_EQ(Printable("/etc/snowflake.toml"), "/etc/snowflake.toml");
  EXPECT_EQ(Printable("Schneeflöckchen ❄ 雪 𝄞"), "Schneeflöckchen ❄ 雪 𝄞");
}

TEST(Printable, EscapesWhatBreaksALineOrATerminal) {
  EXPECT_EQ(Printable("a\nb\tc\x1b[31m\x7f"), "a\\x0ab\\x09c\\x1b[31m\\x7f");
  EXPECT_EQ(Printable("a\0b"s), "a\\x00b");
  EXPECT_EQ(Printable("\xc2\x85"), "\\xc2\\x85") << "C1: next line";
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("a\x80z"), "a\\x80z");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(Printable("\xe0\x80\x80"), "\\xe0\\x80\\x80") << "overlong";
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
  EXPECT_EQ(Printable("\xe2\x9d"), "\\xe2\\x9d") << "cut short";
  EXPECT_EQ(Printable("\xe2\x9dz"), "\\xe2\\x9dz");
}

TEST(Quote, CutsLongValuesBetweenCharacters) {
  EXPECT_EQ(Quote("abc"), "\"abc\"");
  EXPECT_EQ(Quote(std::string(100, 'x')), "\"" + std::string(100, 'x') + "\"");
  EXPECT_EQ(Quote(std::string(5000, 'x')), "\"" + std::string(100, 'x') + "\"... (5000 bytes)");
  EXPECT_EQ(Quote(std::string(99, 'x') + "❄❄"), "\"" + std::string(99, 'x') + "\"... (105 bytes)");
}

TEST(ParseInteger, TakesDecimalDigitsThatFitSixtyFourBits) {
  EXPECT_EQ(ParseInteger("0", false), 0);
  EXPECT_EQ(ParseInteger("0042", false), 42);
  EXPECT_EQ(ParseInteger("9223372036854775807", false), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ParseInteger("-5", true), -5);
  EXPECT_EQ(ParseInteger("-9223372036854775808", true), std::numeric_limits<std::int64_t>::min());
}

TEST(ParseInteger, RefusesEverythingElse) {
  for (const char* text :
       {"", " ", "abc", "5 ", " 5", "5x", "0x10", "1e3", "1.0", "1_000", "+5", "--5", "-", "-5",
        "9223372036854775808", "99999999999999999999999", "٣"}) {
    EXPECT_FALSE(ParseInteger(text, false)) << text;
  }
  EXPECT_FALSE(ParseInteger("-", true));
  EXPECT_FALSE(ParseInteger("- 5", true));
  EXPECT_FALSE(ParseInteger("+5", true));
  EXPECT_FALSE(ParseInteger("-9223372036854775809", true));
  EXPECT_FALSE(ParseInteger("5\0"s, false));
}

TEST(ParseOctal, ReadsModesAsChmodDoes) {
  EXPECT_EQ(ParseOctal("0660"), 0660U);
  EXPECT_EQ(ParseOctal("660"), 0660U);
  EXPECT_EQ(FormatOctal(0660), "0660");
  EXPECT_EQ(FormatOctal(0), "0000");
  for (const char* text :
       {"", "0o660", "68", "rw", "-660", "+660", " 660", "660 ", "777777777777"}) {
    EXPECT_FALSE(ParseOctal(text)) << text;
  }
}

TEST(NearestWord, FindsWhatWasProbablyMeant) {
  const std::array<std::string_view, 8> words = {"tick_us",       "epoch_ms",       "id_namespace",
                                                 "datacenter_id", "worker_id_bits", "worker_id",
                                                 "mode",          "max_backward_ms"};
  EXPECT_EQ(NearestWord("tick_ms", words), "tick_us");
  EXPECT_EQ(NearestWord("TICK_US", words), "tick_us");
  EXPECT_EQ(NearestWord("epoch", words), "epoch_ms");
  EXPECT_EQ(NearestWord("namespace", words), "id_namespace");
  EXPECT_EQ(NearestWord("data_center_id", words), "datacenter_id");
  EXPECT_EQ(NearestWord("worker", words), "worker_id") << "the shorter of two that hold it";
  EXPECT_EQ(NearestWord("max_backwards_ms", words), "max_backward_ms");
  EXPECT_EQ(NearestWord("mod", words), "mode");
}

TEST(NearestWord, FindsNothingWhereNothingIsClose) {
  const std::array<std::string_view, 2> words = {"tick_us", "mode"};
  EXPECT_EQ(NearestWord("", words), "");
  EXPECT_EQ(NearestWord("zookeeper", words), "");
  EXPECT_EQ(NearestWord(std::string(100'000, 'm'), words), "");
  EXPECT_EQ(NearestWord("mode", {}), "");
}

}  // namespace
}  // namespace shmflake
