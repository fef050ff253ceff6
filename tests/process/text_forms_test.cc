// SPDX-License-Identifier: Apache-2.0
// IDs as text through the C ABI: no region is needed, nothing is written on failure, and each
// refusal has its code, its rule and its value, in a signal handler, too.
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "tests/support/refused.h"
#include "tests/support/text_numbers.h"

namespace flake::test {
namespace {

constexpr int kForms[] = {SHMFLAKE_FORM_DECIMAL, SHMFLAKE_FORM_HEX,    SHMFLAKE_FORM_BASE36,
                          SHMFLAKE_FORM_BASE58,  SHMFLAKE_FORM_BASE62, SHMFLAKE_FORM_CROCKFORD32};

TEST(TextForms, EveryNumberIsReadBackInEveryForm) {
  for (const std::uint64_t id : Numbers()) {
    for (const int form : kForms) {
      char text[SHMFLAKE_TEXT_SIZE];
      ASSERT_EQ(0, shmflake_format(id, form, text, sizeof(text)));
      std::uint64_t read = ~id;
      ASSERT_EQ(0, shmflake_parse(text, form, &read)) << text;
      ASSERT_EQ(id, read) << text;
    }
  }
}

TEST(TextForms, ANullIsRefused) {
  char text[SHMFLAKE_TEXT_SIZE] = "7";
  unsigned char bytes[16] = {7};
  std::uint64_t id = 7;
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_format(1, SHMFLAKE_FORM_HEX, nullptr, sizeof(text)));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_format(1, SHMFLAKE_FORM_HEX, nullptr, 0));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_parse(nullptr, SHMFLAKE_FORM_HEX, &id));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_parse(text, SHMFLAKE_FORM_HEX, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_format_uuid(nullptr, text));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_format_uuid(bytes, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_parse_uuid(nullptr, bytes));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_parse_uuid(text, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_format_ulid(nullptr, text));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_format_ulid(bytes, nullptr));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_parse_ulid(nullptr, bytes));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_parse_ulid(text, nullptr));
  EXPECT_STREQ("7", text);
  EXPECT_EQ(7U, id);
  EXPECT_EQ(7, bytes[0]);
}

TEST(TextForms, ARefusalHasItsCodeItsRuleAndItsValueAndWritesNothing) {
  char text[SHMFLAKE_TEXT_SIZE] = "untouched";
  std::uint64_t id = 7;
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_FORM, shmflake_format(1, 0, text, sizeof(text)), {"1..6", ": 0"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_FORM, shmflake_parse("1", 7, &id), {"1..6", ": 7"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_BUFFER, shmflake_format(1, SHMFLAKE_FORM_BASE62, text, 11),
                           {"12 bytes", ": 11"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_TEXT, shmflake_parse("1x2", SHMFLAKE_FORM_DECIMAL, &id),
                           {"0-9", "\"x\"", "position 2"}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_TEXT,
                           shmflake_parse("18446744073709551616", SHMFLAKE_FORM_DECIMAL, &id),
                           {"18446744073709551615", ": 18446744073709551616"}));
  EXPECT_STREQ("untouched", text);
  EXPECT_EQ(7U, id);
}

TEST(TextForms, UuidsAndUlidsAreTheSameBytes) {
  const unsigned char published[16] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                                       0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
  char text[SHMFLAKE_TEXT_SIZE];
  unsigned char bytes[16] = {};
  ASSERT_EQ(0, shmflake_format_uuid(published, text));
  EXPECT_STREQ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", text);  // RFC 9562, appendix A.6
  ASSERT_EQ(0, shmflake_parse_uuid(text, bytes));
  EXPECT_EQ(0, std::memcmp(published, bytes, 16));
  ASSERT_EQ(0, shmflake_format_ulid(published, text));
  std::memset(bytes, 0, sizeof(bytes));
  ASSERT_EQ(0, shmflake_parse_ulid(text, bytes));
  EXPECT_EQ(0, std::memcmp(published, bytes, 16));

  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_TEXT, shmflake_parse_uuid(text, bytes), {"UUID"}));
  EXPECT_EQ(kGood,
            Refused(SHMFLAKE_E_TEXT, shmflake_parse_ulid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", bytes),
                    {"7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "\"8\""}));
  EXPECT_EQ(0, std::memcmp(published, bytes, 16));
}

// What a handler did, and the code that it saw.
std::array<char, SHMFLAKE_TEXT_SIZE> handled_text;
int handled_code = 0;

TEST(TextForms, AHandlerMayFormatAndBeRefused) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {
    if (shmflake_format(62, SHMFLAKE_FORM_BASE62, handled_text.data(), handled_text.size()) != 0) {
      return;
    }
    std::uint64_t id = 0;
    handled_code = shmflake_parse("!", SHMFLAKE_FORM_BASE62, &id);
  };
  ASSERT_EQ(0, ::sigaction(SIGUSR1, &action, &before));
  ASSERT_EQ(0, ::raise(SIGUSR1));
  ASSERT_EQ(0, ::sigaction(SIGUSR1, &before, nullptr));
  EXPECT_STREQ("00000000010", handled_text.data());
  EXPECT_EQ(SHMFLAKE_E_TEXT, handled_code);
  EXPECT_NE(nullptr, std::strstr(shmflake_last_error(), "\"!\" at position 1"));
}

}  // namespace
}  // namespace flake::test
