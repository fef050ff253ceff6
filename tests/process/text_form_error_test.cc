// SPDX-License-Identifier: Apache-2.0
// What is no ID, no form, no room, no key and no layout, through the C ABI without a region: the
// code, and a message with the rule, the value and the position; nothing is written meanwhile.
#include <gtest/gtest.h>

#include <array>
#include <climits>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/refused.h"

namespace flake::test {
namespace {

constexpr int kForms[] = {SHMFLAKE_FORM_DECIMAL, SHMFLAKE_FORM_HEX,    SHMFLAKE_FORM_BASE36,
                          SHMFLAKE_FORM_BASE58,  SHMFLAKE_FORM_BASE62, SHMFLAKE_FORM_CROCKFORD32};
constexpr int kUuid = 100;  // forms of these tables only
constexpr int kUlid = 101;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kUntouched = 0x5a5a5a5a5a5a5a5a;

struct BadText {
  int form;
  std::string text;
  std::vector<std::string> parts;
};

// Reads a text that must be refused, and sees that nothing is written.
int IsNoId(const BadText& bad) {
  std::uint64_t id = kUntouched;
  std::array<unsigned char, 16> bytes{};
  bytes.fill(0x5a);
  const std::array<unsigned char, 16> before = bytes;
  int code = 0;
  if (bad.form == kUuid) {
    code = shmflake_parse_uuid(bad.text.c_str(), bytes.data());
  } else if (bad.form == kUlid) {
    code = shmflake_parse_ulid(bad.text.c_str(), bytes.data());
  } else {
    code = shmflake_parse(bad.text.c_str(), bad.form, &id);
  }
  return Refused(SHMFLAKE_E_TEXT, code, bad.parts) == kGood && id == kUntouched && bytes == before
             ? kGood
             : kBad;
}

void AreNoIds(const std::vector<BadText>& table) {
  for (const BadText& bad : table) {
    EXPECT_EQ(kGood, IsNoId(bad)) << "form " << bad.form << ": " << bad.text;
  }
}

TEST(TextFormError, AForeignCharacterIsSaidWithItsPosition) {
  AreNoIds({{SHMFLAKE_FORM_DECIMAL, "-1", {"decimal", "0-9", "\"-\" at position 1"}},
            {SHMFLAKE_FORM_DECIMAL, "+1", {"\"+\" at position 1"}},
            {SHMFLAKE_FORM_DECIMAL, " 1", {"\" \" at position 1"}},
            {SHMFLAKE_FORM_DECIMAL, "1 ", {"\" \" at position 2"}},
            {SHMFLAKE_FORM_DECIMAL, "1.5", {"\".\" at position 2"}},
            {SHMFLAKE_FORM_DECIMAL, "12345678901234567890x", {"\"x\" at position 21"}},
            {SHMFLAKE_FORM_DECIMAL, "1\u00e4", {"\"\u00e4\" at position 2"}},
            {SHMFLAKE_FORM_HEX, "0x1f", {"hex", "0-9a-f", "\"x\" at position 2"}},
            {SHMFLAKE_FORM_HEX, "00000000000000fg", {"\"g\" at position 16"}},
            {SHMFLAKE_FORM_BASE36, "abc_d", {"base36", "0-9a-z", "\"_\" at position 4"}},
            {SHMFLAKE_FORM_BASE58, "10", {"base58", "\"0\" at position 2"}},
            {SHMFLAKE_FORM_BASE58, "I", {"\"I\" at position 1"}},
            {SHMFLAKE_FORM_BASE58, "zzO", {"\"O\" at position 3"}},
            {SHMFLAKE_FORM_BASE58, "l", {"\"l\" at position 1"}},
            {SHMFLAKE_FORM_BASE62, "a+b", {"base62", "\"+\" at position 2"}},
            {SHMFLAKE_FORM_CROCKFORD32, "0U", {"crockford32", "\"U\" at position 2"}},
            {SHMFLAKE_FORM_CROCKFORD32, "0u", {"\"u\" at position 2"}},
            {SHMFLAKE_FORM_CROCKFORD32, "-1", {"between two digits", "position 1"}},
            {SHMFLAKE_FORM_CROCKFORD32, "1-", {"between two digits", "position 2"}},
            {SHMFLAKE_FORM_CROCKFORD32, "1--1", {"between two digits", "position 3"}},
            {SHMFLAKE_FORM_CROCKFORD32, "-", {"between two digits", "position 1"}}});
}

TEST(TextFormError, EveryForeignByteIsRefusedAtEveryPositionOfEveryForm) {
  for (const int form : kForms) {
    char good[SHMFLAKE_TEXT_SIZE];
    ASSERT_EQ(0, shmflake_format(0x0123456789abcdef, form, good, sizeof(good)));
    for (std::size_t at = 0; good[at] != '\0'; ++at) {
      for (const char foreign : {'\x01', '\n', ' ', '!', '/', ':', '@', '[', '`', '{', '\x7f'}) {
        std::string text = good;
        text[at] = foreign;
        ASSERT_EQ(kGood, IsNoId({form, text, {"at position " + std::to_string(at + 1)}})) << text;
      }
    }
  }
}

TEST(TextFormError, NothingAndTooMuchAreRefusedWithTheLength) {
  for (const int form : kForms) {
    char good[SHMFLAKE_TEXT_SIZE];
    ASSERT_EQ(0, shmflake_format(kMost, form, good, sizeof(good)));
    const std::size_t width = std::strlen(good);
    const std::string rule = "1.." + std::to_string(width) + " digits";
    EXPECT_EQ(kGood, IsNoId({form, "", {rule, ": 0"}}));
    const std::string longer(width + 1, '1');
    EXPECT_EQ(kGood, IsNoId({form, longer, {rule, ": " + std::to_string(width + 1)}}));
    EXPECT_EQ(kGood, IsNoId({form, std::string(100'000, '1'), {rule, ": 100000"}}));
  }
}

TEST(TextFormError, OneMoreThanTheLargestIsRefusedWithBoth) {
  AreNoIds({{SHMFLAKE_FORM_DECIMAL,
             "18446744073709551616",
             {"at most 18446744073709551615", "2^64 - 1", ": 18446744073709551616"}},
            {SHMFLAKE_FORM_DECIMAL, "99999999999999999999", {": 99999999999999999999"}},
            {SHMFLAKE_FORM_BASE36, "3w5e11264sgsg", {"at most 3w5e11264sgsf", ": 3w5e11264sgsg"}},
            {SHMFLAKE_FORM_BASE36, "zzzzzzzzzzzzz", {": zzzzzzzzzzzzz"}},
            {SHMFLAKE_FORM_BASE58, "jpXCZedGfVR", {"at most jpXCZedGfVQ", ": jpXCZedGfVR"}},
            {SHMFLAKE_FORM_BASE58, "zzzzzzzzzzz", {": zzzzzzzzzzz"}},
            {SHMFLAKE_FORM_BASE62, "LygHa16AHYG", {"at most LygHa16AHYF", ": LygHa16AHYG"}},
            {SHMFLAKE_FORM_BASE62, "zzzzzzzzzzz", {": zzzzzzzzzzz"}},
            {SHMFLAKE_FORM_CROCKFORD32, "G000000000000", {"at most FZZZZZZZZZZZZ", ": G0000000"}},
            {SHMFLAKE_FORM_CROCKFORD32, "ZZZZ-ZZZZ-ZZZZ-Z", {": ZZZZZZZZZZZZZ"}}});
}

TEST(TextFormError, ADecimalWithLeadingZerosIsRefused) {
  AreNoIds({{SHMFLAKE_FORM_DECIMAL, "00", {"leading zeros", "position 1"}},
            {SHMFLAKE_FORM_DECIMAL, "007", {"leading zeros", "position 1"}}});
  std::uint64_t id = 7;
  EXPECT_EQ(0, shmflake_parse("0", SHMFLAKE_FORM_DECIMAL, &id));
  EXPECT_EQ(0U, id);
}

TEST(TextFormError, WhatIsNoUuidIsRefused) {
  const std::string good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  AreNoIds({{kUuid, "", {"UUID", "36 characters", ": 0"}},
            {kUuid, good + "0", {"36 characters", ": 37"}},
            {kUuid, "{" + good + "}", {"\"{\" at position 1"}},
            {kUuid, "017f22e279b07cc398c4dc0c0c07398f", {"hyphens", "9, 14, 19 and 24"}},
            {kUuid, "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", {"0-9a-f", "\"g\" at position 36"}},
            {kUuid, "urn:uuid:" + good, {"\"u\" at position 1"}}});
  for (std::size_t length = 0; length < good.size(); ++length) {
    const std::string rule = "36 characters: " + std::to_string(length);
    EXPECT_EQ(kGood, IsNoId({kUuid, good.substr(0, length), {rule}}));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text[at] = text[at] == '-' ? '0' : '-';
    ASSERT_EQ(kGood, IsNoId({kUuid, text, {"at position " + std::to_string(at + 1)}})) << text;
  }
}

TEST(TextFormError, WhatIsNoUlidIsRefused) {
  const std::string good = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  AreNoIds({{kUlid, "", {"ULID", "26 characters", ": 0"}},
            {kUlid, good + "0", {"26 characters", ": 27"}},
            {kUlid, "01ARZ3NDEKTSV4RRFFQ69G5FAU", {"but U", "\"U\" at position 26"}},
            {kUlid, "01ARZ3NDEK-TSV4RRFFQ69G5FA", {"\"-\" at position 11"}},
            {kUlid, "80000000000000000000000000", {"7ZZZZZZZ", "\"8\" at position 1"}},
            {kUlid, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", {"2^128 - 1", "\"Z\" at position 1"}}});
  for (std::size_t length = 0; length < good.size(); ++length) {
    const std::string rule = "26 characters: " + std::to_string(length);
    EXPECT_EQ(kGood, IsNoId({kUlid, good.substr(0, length), {rule}}));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text[at] = '!';
    ASSERT_EQ(kGood, IsNoId({kUlid, text, {"\"!\" at position " + std::to_string(at + 1)}}));
  }
}

TEST(TextFormError, AFormThatThereIsNotIsRefusedBeforeAnythingElse) {
  std::array<char, SHMFLAKE_TEXT_SIZE> text{};
  text.fill('~');
  const auto before = text;
  std::uint64_t id = kUntouched;
  for (const int form : {0, -1, 7, 62, INT_MIN, INT_MAX}) {
    const std::vector<std::string> parts = {"1..6", ": " + std::to_string(form)};
    EXPECT_EQ(kGood,
              Refused(SHMFLAKE_E_FORM, shmflake_format(1, form, text.data(), text.size()), parts));
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_FORM, shmflake_format(1, form, text.data(), 0), parts));
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_FORM, shmflake_parse("!", form, &id), parts));
  }
  EXPECT_EQ(before, text);
  EXPECT_EQ(kUntouched, id);
}

TEST(TextFormError, ABufferOfEverySizeThatIsTooSmallIsRefusedAndLeftAlone) {
  for (const int form : kForms) {
    for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{12345}, kMost}) {
      std::array<char, SHMFLAKE_TEXT_SIZE> whole{};
      ASSERT_EQ(0, shmflake_format(id, form, whole.data(), whole.size()));
      const std::size_t needed = std::strlen(whole.data()) + 1;
      for (std::size_t size = 0; size < needed; ++size) {
        std::array<char, SHMFLAKE_TEXT_SIZE> text{};
        text.fill('~');
        const auto before = text;
        ASSERT_EQ(kGood, Refused(SHMFLAKE_E_BUFFER, shmflake_format(id, form, text.data(), size),
                                 {std::to_string(needed) + " bytes", ": " + std::to_string(size)}));
        ASSERT_EQ(before, text);
      }
      // The smallest that does writes nothing behind it.
      std::array<char, SHMFLAKE_TEXT_SIZE> text{};
      text.fill('~');
      ASSERT_EQ(0, shmflake_format(id, form, text.data(), needed));
      EXPECT_STREQ(whole.data(), text.data());
      EXPECT_EQ(std::string(text.size() - needed, '~'),
                std::string(text.data() + needed, text.size() - needed));
    }
  }
}

TEST(TextFormError, MaskAndUnmaskTakeNumbersWithoutTheSignBitOnly) {
  const unsigned char key[16] = {1, 2, 3};
  std::uint64_t out = kUntouched;
  for (const std::uint64_t id : {std::uint64_t{1} << 63, (std::uint64_t{1} << 63) + 1, kMost}) {
    const std::vector<std::string> parts = {"63 bits", "sign bit", std::to_string(id)};
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_mask(key, id, &out), parts));
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_unmask(key, id, &out), parts));
  }
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_mask(nullptr, 1, &out));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_mask(key, 1, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_unmask(nullptr, 1, &out));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_unmask(key, 1, nullptr));
  EXPECT_EQ(kUntouched, out);
}

TEST(TextFormError, LayoutsRefuseWhatTheyDoNotHave) {
  shmflake_layout_info info{};
  info.struct_size = sizeof(info);
  std::size_t count = 0;
  while (shmflake_layout(count, &info) == 0) ++count;
  EXPECT_EQ(11U, count);
  const shmflake_layout_info last = info;
  for (const std::size_t index : {count, count + 1, std::numeric_limits<std::size_t>::max()}) {
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_NOT_FOUND, shmflake_layout(index, &info),
                             {std::to_string(index)}));
  }
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_layout(0, nullptr));
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, sizeof(info) - 1}) {
    info.struct_size = size;
    EXPECT_EQ(kGood,
              Refused(SHMFLAKE_E_STRUCT_SIZE, shmflake_layout(0, &info), {std::to_string(size)}));
  }
  info.struct_size = sizeof(info);
  EXPECT_EQ(0, std::memcmp(&last, &info, sizeof(info)));
}

TEST(TextFormError, DecodingByLayoutRefusesNamesAndIdsThatItDoesNotKnow) {
  shmflake_parts parts;
  std::memset(&parts, 0x5a, sizeof(parts));
  const shmflake_parts before = parts;
  for (const char* name : {"", "Twitter", "twitter ", "twitte", "js", "flickr"}) {
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_LAYOUT, shmflake_decode_layout(name, 1, &parts),
                             {"default, twitter", "js53", std::string("\"") + name + "\""}));
  }
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_decode_layout(nullptr, 1, &parts));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_decode_layout("twitter", 1, nullptr));
  const std::uint64_t js_end = std::uint64_t{1} << 53;
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_decode_layout("js53", js_end, &parts),
                           {"53 bits", "9007199254740992"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_decode_layout("twitter", kMost, &parts),
                           {"63 bits", std::to_string(kMost)}));
  EXPECT_EQ(0, std::memcmp(&before, &parts, sizeof(parts)));
}

}  // namespace
}  // namespace flake::test
