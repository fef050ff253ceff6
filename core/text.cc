// SPDX-License-Identifier: Apache-2.0
#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <numeric>
#include <vector>

namespace shmflake {
namespace {

constexpr std::size_t kLongestQuote = 100;
constexpr std::size_t kLongestWord = 64;

// The length of the UTF-8 sequence at the front; 0 if it is not valid (RFC 3629: no overlong forms,
// no surrogates, at most U+10FFFF) or a control character (C0, DEL, C1).
std::size_t PrintableSequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  // The second byte's range keeps out what the lead byte alone does not.
  unsigned lowest = 0x80;
  unsigned highest = 0xbf;
  if (lead == 0xc2 || lead == 0xe0) lowest = 0xa0;
  if (lead == 0xf0) lowest = 0x90;
  if (lead == 0xed) highest = 0x9f;
  if (lead == 0xf4) highest = 0x8f;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein's: the fewest insertions, deletions and replacements that turn one into the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = PrintableSequence(text);
    if (length > 0) {
      out.append(text.substr(0, length));
    } else {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(text[0])));
      out.append(escape);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::size_t Utf8Length(std::string_view text) {
  return text.empty() ? 1 : std::max<std::size_t>(PrintableSequence(text), 1);
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  if (text.size() <= kLongestQuote) return out.append(Printable(text)).append("\"");
  std::size_t cut = kLongestQuote;
  // Not within a UTF-8 sequence.
  while (cut > kLongestQuote - 4 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  out.append(Printable(text.substr(0, cut))).append("\"... (");
  return out.append(std::to_string(text.size())).append(" bytes)");
}

std::optional<std::int64_t> ParseInteger(std::string_view text, bool allow_negative) {
  if (text.empty() || (text[0] == '-' && !allow_negative)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> ParseOctal(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string FormatOctal(std::uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof(text), "%04o", mode);
  return text;
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> words) {
  if (word.size() > kLongestWord) return "";
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  std::string_view nearest;
  std::size_t nearest_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : words) {
    std::size_t distance = EditDistance(lower, candidate);
    // A part of a word ("epoch", "namespace") says as much as a slip of the finger.
    const bool is_part = lower.size() >= 3 && candidate.find(lower) != std::string_view::npos;
    if (!is_part && distance > std::max<std::size_t>(2, candidate.size() / 4)) continue;
    if (distance < nearest_distance) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

}  // namespace shmflake
