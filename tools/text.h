// SPDX-License-Identifier: Apache-2.0
// Numbers, instants and tables for people to read; and numbers read back strictly.
#ifndef SHMFLAKE_TOOLS_TEXT_H_
#define SHMFLAKE_TOOLS_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

// Decimal digits only, all of them, no sign or space; false also above `max`.
[[nodiscard]] bool ParseUnsigned(std::string_view text, std::uint64_t max, std::uint64_t* out);
// The same with an optional '-'.
[[nodiscard]] bool ParseSigned(std::string_view text, std::int64_t* out);

[[nodiscard]] std::string WithCommas(std::uint64_t number);  // "30,000,000"
[[nodiscard]] std::string ShortRate(double per_second);      // "18.2 M", "950 k", "12"
[[nodiscard]] std::string ShortSpan(std::int64_t ms);        // "8.2 s", "3.5 min", "12.0 days"
[[nodiscard]] std::string Bytes(std::uint64_t bytes);        // "36 KiB"
[[nodiscard]] std::string Hex(std::uint64_t number);         // "0x00c0ffee00c0ffee"
[[nodiscard]] std::string Fixed(double number, int decimals);

// What others wrote, for a message: it must not steer the terminal.
[[nodiscard]] std::string Printable(std::string_view text);
// The same in quotation marks, shortened when it is long.
[[nodiscard]] std::string Quoted(std::string_view text);
// Words over lines of at most `width` columns, each behind `indent` spaces; without a newline at
// the end.
[[nodiscard]] std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width);

// "2026-11-21T05:31:07.123Z". Instants outside of the years 1..9999 as well, with more digits.
[[nodiscard]] std::string IsoTime(std::int64_t unix_ms);
// The same with microseconds, for ticks that are no whole milliseconds.
[[nodiscard]] std::string IsoTimeMicro(std::int64_t unix_ms, std::uint32_t micros);

// Rows of cells, padded to columns; numbers to the right.
class Table {
 public:
  enum class Align { kLeft, kRight };

  explicit Table(std::vector<Align> columns, std::size_t gap = 2)
      : columns_(std::move(columns)), gap_(gap) {}
  void Row(std::vector<std::string> cells);
  // Every line behind `indent`, columns `gap` spaces apart, nothing at the ends of lines.
  [[nodiscard]] std::string Text(std::string_view indent) const;

 private:
  std::vector<Align> columns_;
  std::size_t gap_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_TEXT_H_
