// SPDX-License-Identifier: Apache-2.0
#include "core/toml_guard.h"

#include <gtest/gtest.h>

namespace shmflake {
namespace {

std::string Guard(std::string_view text) {
  std::size_t line = 0;
  const std::string wrong = GuardToml(text, &line);
  return wrong.empty() ? "" : std::to_string(line) + ": " + wrong;
}

constexpr const char* kAsciiRule =
    ": outside of comments a character must be ASCII (in a string, \\uXXXX stands for others): ";

TEST(TomlGuard, LetsOrdinaryFilesPass) {
  EXPECT_EQ(Guard(""), "");
  EXPECT_EQ(Guard("\n\n"), "");
  EXPECT_EQ(Guard("tick_us = 1000\nmode = '0660'\r\n[snowflake]\ngroup = \"\"\n"), "");
  EXPECT_EQ(Guard("\xef\xbb\xbftick_us = 1"), "") << "a byte order mark";
  EXPECT_EQ(Guard("# Schneeflöckchen ❄\ntick_us = 1000 # µs\n"), "");
  EXPECT_EQ(Guard("directory = \"/home/jos\\u00e9\""), "");
}

TEST(TomlGuard, RefusesCharactersThatAreNotAsciiOutsideOfComments) {
  EXPECT_EQ(Guard("a = 1\nb =\u00a01\n"), std::string("2") + kAsciiRule + "\"\u00a0\"");
  EXPECT_EQ(Guard("bä = 1"), std::string("1") + kAsciiRule + "\"ä\"");
  EXPECT_EQ(Guard("b = \xff"), std::string("1") + kAsciiRule + "\"\\xff\"");
  EXPECT_EQ(Guard("b = “x”"), std::string("1") + kAsciiRule + "\"“\"");
  EXPECT_EQ(Guard("b = '❄'"), std::string("1") + kAsciiRule + "\"❄\"");
  EXPECT_NE(Guard("a = \xef\xbb\xbf"), "") << "a byte order mark that is not at the beginning";
}

TEST(TomlGuard, KnowsWhereACommentBegins) {
  EXPECT_NE(Guard(R"(a = "\"#ä")"), "");
  EXPECT_EQ(Guard(R"(a = "\\"#ä)"), "");
  EXPECT_EQ(Guard(R"(a = '\'#ä)"), "") << "a literal string knows no escapes";
  EXPECT_NE(Guard(R"(a = '"#ä')"), "");
  EXPECT_EQ(Guard(R"(a = '"' #ä)"), "");
  EXPECT_NE(Guard("a = \"#ä"), "") << "a string that does not end";
  EXPECT_EQ(Guard("a = \"\\"), "");
  EXPECT_EQ(Guard("a = \"\n#ä\""), "") << "no string goes on over a line's end";
  EXPECT_EQ(Guard("a = ['', '#', \"\"] # ä"), "");
}

TEST(TomlGuard, RefusesStringsOverSeveralLines) {
  const std::string rule = "1: a string must begin and end on one line, within \" or ': ";
  EXPECT_EQ(Guard("a = \"\"\"x\"\"\""), rule + "\"\"\"");
  EXPECT_EQ(Guard("a = '''\n'''"), rule + "'''");
  EXPECT_EQ(Guard("# '''"), "");
}

TEST(TomlGuard, CountsTheDotsOfEachLine) {
  const std::string dots(kMostDotsOnALine, '.');
  EXPECT_EQ(Guard("a" + dots + "\nb" + dots), "");
  EXPECT_EQ(Guard("a\nb" + dots + ".b"), "2: a line must have at most 100 dots");
  EXPECT_EQ(Guard("#" + dots + dots), "");
}

}  // namespace
}  // namespace shmflake
