// SPDX-License-Identifier: Apache-2.0
// IDs of today as text and back, through the C ABI, beside the standard library's way of decimal.
// Bar: at most 10 ns each for decimal and base62.
#include <benchmark/benchmark.h>
#include <shmflake/shmflake.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kIds = 256;  // a power of two

// IDs of the default layout in its sixth year: 18 digits.
const std::array<std::uint64_t, kIds>& Ids() {
  static const std::array<std::uint64_t, kIds> ids = [] {
    std::array<std::uint64_t, kIds> made{};
    std::uint64_t tick = 185'000'000'000;
    for (std::size_t i = 0; i < kIds; ++i) {
      tick += 1 + i * i;
      made[i] = tick << 20 | 5U << 12 | (i * 977 & 4095);
    }
    return made;
  }();
  return ids;
}

using Texts = std::array<std::array<char, SHMFLAKE_TEXT_SIZE>, kIds>;

Texts Write(int form) {
  Texts texts{};
  for (std::size_t i = 0; i < kIds; ++i) {
    if (shmflake_format(Ids()[i], form, texts[i].data(), texts[i].size()) != 0) std::abort();
  }
  return texts;
}

void ToChars(benchmark::State& state) {
  std::array<char, SHMFLAKE_TEXT_SIZE> text{};
  std::size_t i = 0;
  for (auto _ : state) {
    *std::to_chars(text.begin(), text.end(), Ids()[i++ % kIds]).ptr = '\0';
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(ToChars)->Name("to_chars");

void FromChars(benchmark::State& state) {
  const Texts texts = Write(SHMFLAKE_FORM_DECIMAL);
  std::size_t i = 0;
  for (auto _ : state) {
    const char* const text = texts[i++ % kIds].data();
    std::uint64_t id = 0;
    if (*std::from_chars(text, text + std::strlen(text), id).ptr != '\0') std::abort();
    benchmark::DoNotOptimize(id);
  }
}
BENCHMARK(FromChars)->Name("from_chars");

template <int form>
void Format(benchmark::State& state) {
  std::array<char, SHMFLAKE_TEXT_SIZE> text{};
  std::size_t i = 0;
  for (auto _ : state) {
    if (shmflake_format(Ids()[i++ % kIds], form, text.data(), text.size()) != 0) std::abort();
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(Format<SHMFLAKE_FORM_DECIMAL>)->Name("format_decimal");
BENCHMARK(Format<SHMFLAKE_FORM_HEX>)->Name("format_hex");
BENCHMARK(Format<SHMFLAKE_FORM_BASE36>)->Name("format_base36");
BENCHMARK(Format<SHMFLAKE_FORM_BASE58>)->Name("format_base58");
BENCHMARK(Format<SHMFLAKE_FORM_BASE62>)->Name("format_base62");
BENCHMARK(Format<SHMFLAKE_FORM_CROCKFORD32>)->Name("format_crockford32");

template <int form>
void Parse(benchmark::State& state) {
  const Texts texts = Write(form);
  std::size_t i = 0;
  for (auto _ : state) {
    std::uint64_t id = 0;
    if (shmflake_parse(texts[i++ % kIds].data(), form, &id) != 0) std::abort();
    benchmark::DoNotOptimize(id);
  }
}
BENCHMARK(Parse<SHMFLAKE_FORM_DECIMAL>)->Name("parse_decimal");
BENCHMARK(Parse<SHMFLAKE_FORM_HEX>)->Name("parse_hex");
BENCHMARK(Parse<SHMFLAKE_FORM_BASE36>)->Name("parse_base36");
BENCHMARK(Parse<SHMFLAKE_FORM_BASE58>)->Name("parse_base58");
BENCHMARK(Parse<SHMFLAKE_FORM_BASE62>)->Name("parse_base62");
BENCHMARK(Parse<SHMFLAKE_FORM_CROCKFORD32>)->Name("parse_crockford32");

}  // namespace

BENCHMARK_MAIN();
