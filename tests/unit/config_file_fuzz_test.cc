// SPDX-License-Identifier: Apache-2.0
// Files that nobody would write: mutations of a valid one, with a fixed seed. Whatever comes in,
// the answer is an error code or settings, on one printable line.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/config_file.h"
#include "core/settings.h"
#include "core/text.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_dir.h"

namespace shmflake {
namespace {

constexpr const char* kValid = R"(# A file with some of everything
datacenter_id = 1
machine_id = 5
max_backward_ms = 5_0
tick_us = 0x1F4
"mode" = "0660"  # quoted
group = 'flakes'

[snowflake]
epoch_ms = 1609459200000
id_namespace = "orders"
ordering = "\u0073trict"
background_thread = true
directory = '/dev/shm/ids' # é
)";

constexpr const char* kTokens[] = {"\"",
                                   "'",
                                   "\"\"\"",
                                   "'''",
                                   "[",
                                   "]",
                                   "[[",
                                   "]]",
                                   "{",
                                   "}",
                                   "=",
                                   ".",
                                   ",",
                                   "#",
                                   "\n",
                                   "\r\n",
                                   "\\",
                                   "\\u0000",
                                   "\\UFFFFFFFF",
                                   "\xff",
                                   "\xc3",
                                   "\xed\xa0\x80",
                                   "é",
                                   "\u00a0",
                                   "\u2003",
                                   "\u2028",
                                   "\u3000",
                                   "\ufeff",
                                   "\U0001d11e",
                                   "\\",
                                   "0x",
                                   "1e999",
                                   "nan",
                                   "inf",
                                   "-",
                                   "+",
                                   "_",
                                   "1979-05-27T07:32:00Z",
                                   "9223372036854775808",
                                   "true",
                                   "snowflake",
                                   "[snowflake]\n",
                                   "\xef\xbb\xbf",
                                   "tick_us = ",
                                   "mode.x = 1\n",
                                   "a.b.c.d = {e.f = [1, {g = 2}]}\n",
                                   "\x7f",
                                   "\x01"};

std::string Mutated(std::mt19937& random) {
  std::string text = kValid;
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end)(random);
  };
  for (std::size_t count = 1 + below(7); count > 0; --count) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:  // a bit or more of a byte
        if (at < text.size()) text[at] = static_cast<char>(below(255));
        break;
      case 1:
        text.erase(at, below(20));
        break;
      case 2:
        text.insert(at, kTokens[below(std::size(kTokens) - 1)]);
        break;
      case 3: {  // a piece of itself
        const std::string piece = text.substr(below(text.size()), below(60));
        text.insert(at, piece);
        break;
      }
      case 4:
        text.resize(at);
        break;
      default: {  // the same token over and over
        const std::string token = kTokens[below(std::size(kTokens) - 1)];
        std::string many;
        for (std::size_t i = below(300); i > 0; --i) many += token;
        text.insert(at, many);
      }
    }
  }
  return text;
}

TEST(ConfigFileFuzz, NoMutationCrashesOrEscapesTheErrorCodes) {
  std::mt19937 random(20210101);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = Mutated(random);
    SettingLayer layer;
    const Status status = ParseConfigText("a.toml", text, &layer);
    accepted += status.ok() ? 1 : 0;
    switch (status.code()) {
      case Code::OK:
      case Code::CONFIG_SYNTAX:
      case Code::CONFIG_KEY:
      case Code::CONFIG_TYPE:
      case Code::CONFIG_VALUE:
      case Code::LAYOUT:
      case Code::NAME:
        break;
      default:
        FAIL() << CodeName(status.code()) << ": " << status.message() << "\n" << text;
    }
    ASSERT_EQ(Printable(status.message()), status.message()) << "one line of UTF-8";
    if (!status.ok()) {
      ASSERT_TRUE(status.message().starts_with("a.toml:")) << status.message();
    }
  }
  EXPECT_GT(accepted, 100) << "the mutations are too wild to test much";
}

TEST(ConfigFileFuzz, SettingsOfAnyMutationResolveOrAreRefused) {
  const test::TempDir directory("/dev/shm");  // many small files
  test::FakeHost host;
  std::mt19937 random(42);
  for (int i = 0; i < 2000; ++i) {
    host.default_config_file = directory.Write("a.toml", Mutated(random));
    Settings settings;
    const Status status = ResolveSettingsOn(host, nullptr, {}, &settings);
    if (status.ok()) {
      ASSERT_TRUE(ValidateFormat(settings.format).ok());
    }
    ASSERT_EQ(Printable(status.message()), status.message());
  }
}

}  // namespace
}  // namespace shmflake
