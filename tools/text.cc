// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

namespace tool {
namespace {

template <typename T>
bool ParseAll(std::string_view text, T* out) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stopped != end) return false;
  *out = value;
  return true;
}

template <typename... Args>
std::string Format(const char* format, Args... args) {
  char text[96];
  const int length = snprintf(text, sizeof text, format, args...);
  return std::string(text, static_cast<std::size_t>(std::clamp(length, 0, 95)));
}

}  // namespace

bool ParseUnsigned(std::string_view text, std::uint64_t max, std::uint64_t* out) {
  std::uint64_t value = 0;
  if (!ParseAll(text, &value) || value > max) return false;
  *out = value;
  return true;
}

bool ParseSigned(std::string_view text, std::int64_t* out) { return ParseAll(text, out); }

std::string WithCommas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string ShortRate(double per_second) {
  if (per_second >= 1e6) return Format("%.1f M", per_second / 1e6);
  if (per_second >= 1e3) return Format("%.1f k", per_second / 1e3);
  return Format("%.0f", per_second);
}

std::string ShortSpan(std::int64_t ms) {
  const double value = static_cast<double>(ms);
  const double size = value < 0 ? -value : value;
  if (size < 1e3) return Format("%lld ms", static_cast<long long>(ms));
  if (size < 120e3) return Format("%.1f s", value / 1e3);
  if (size < 120 * 60e3) return Format("%.1f min", value / 60e3);
  if (size < 48 * 3600e3) return Format("%.1f h", value / 3600e3);
  if (size < 730 * 86400e3) return Format("%.1f days", value / 86400e3);
  return Format("%.1f years", value / (365.25 * 86400e3));
}

std::string Bytes(std::uint64_t bytes) {
  if (bytes < 1024) return Format("%llu bytes", static_cast<unsigned long long>(bytes));
  const double kib = static_cast<double>(bytes) / 1024;
  if (kib < 1024) return Format("%.0f KiB", kib);
  if (kib < 1024 * 1024) return Format("%.0f MiB", kib / 1024);
  return Format("%.1f GiB", kib / 1024 / 1024);
}

std::string Hex(std::uint64_t number) {
  return Format("0x%016llx", static_cast<unsigned long long>(number));
}

std::string Printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return clean;
}

std::string Quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string quoted = "\"" + Printable(text.substr(0, kMost)) + "\"";
  if (text.size() > kMost) quoted += "... (" + std::to_string(text.size()) + " characters)";
  return quoted;
}

std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > 0 && column + 1 + word.size() > width) {
      lines += "\n";
      column = 0;
    }
    lines.append(column == 0 ? indent : 1, ' ').append(word);
    column += (column == 0 ? indent : 1) + word.size();
  }
  return lines;
}

std::string Fixed(double number, int decimals) { return Format("%.*f", decimals, number); }

namespace {

// Without its fraction: "2026-11-21T05:31:07". False when the year does not fit.
bool SecondsText(std::int64_t unix_seconds, std::string* text) {
  const auto instant = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  if (gmtime_r(&instant, &parts) == nullptr) return false;
  *text = Format("%04lld-%02d-%02dT%02d:%02d:%02d", static_cast<long long>(parts.tm_year) + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return true;
}

struct SplitInstant {
  std::int64_t seconds;
  int ms;
};

SplitInstant Split(std::int64_t unix_ms) {
  std::int64_t seconds = unix_ms / 1000;
  auto ms = static_cast<int>(unix_ms % 1000);
  if (ms < 0) {
    ms += 1000;
    --seconds;
  }
  return {seconds, ms};
}

}  // namespace

std::string IsoTime(std::int64_t unix_ms) {
  const SplitInstant instant = Split(unix_ms);
  std::string text;
  if (!SecondsText(instant.seconds, &text)) return std::to_string(unix_ms) + " ms";
  return text + Format(".%03dZ", instant.ms);
}

std::string IsoTimeMicro(std::int64_t unix_ms, std::uint32_t micros) {
  const SplitInstant instant = Split(unix_ms);
  std::string text;
  if (!SecondsText(instant.seconds, &text)) return std::to_string(unix_ms) + " ms";
  return text + Format(".%03d%03uZ", instant.ms, micros);
}

void Table::Row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string Table::Text(std::string_view indent) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line.append(gap_, ' ');
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += columns_[i] == Align::kLeft ? row[i] + padding : padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace tool
