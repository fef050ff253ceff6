// SPDX-License-Identifier: Apache-2.0
// Numbers worth writing as text, and an independent way to write them: long division by hand, on
// decimal digits, of any length.
#ifndef SHMFLAKE_TESTS_SUPPORT_TEXT_NUMBERS_H_
#define SHMFLAKE_TESTS_SUPPORT_TEXT_NUMBERS_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace flake::test {

// A decimal text in another alphabet, padded to `width` digits (0: not at all).
inline std::string LongDivision(std::string decimal, std::string_view alphabet, std::size_t width) {
  const auto base = static_cast<unsigned>(alphabet.size());
  std::string text;
  while (decimal.find_first_not_of('0') != std::string::npos) {
    unsigned rest = 0;
    for (char& digit : decimal) {
      rest = rest * 10 + static_cast<unsigned>(digit - '0');
      digit = static_cast<char>('0' + rest / base);
      rest %= base;
    }
    text += alphabet[rest];
  }
  while (text.size() < std::max<std::size_t>(width, 1)) text += alphabet[0];
  std::reverse(text.begin(), text.end());
  return text;
}

// The edges of every base, and numbers of every size, evenly and with few digits other than zero.
inline std::vector<std::uint64_t> Numbers() {
  std::vector<std::uint64_t> numbers;
  const auto around = [&](std::uint64_t number) {
    for (std::uint64_t step = 0; step < 3; ++step) numbers.push_back(number - 1 + step);
  };
  around(0);
  for (const std::uint64_t base : {2U, 10U, 16U, 32U, 36U, 58U, 62U}) {
    for (std::uint64_t power = base;; power *= base) {
      around(power);
      around(power / 2);
      around(power * (base - 1));  // wraps at last: any number will do
      if (power > ~std::uint64_t{0} / base) break;
    }
  }
  std::mt19937_64 random(20090103);
  for (int i = 0; i < 40'000; ++i) numbers.push_back(random() >> (i % 64));
  for (int i = 0; i < 10'000; ++i) numbers.push_back(random() & random() & random());
  return numbers;
}

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_TEXT_NUMBERS_H_
