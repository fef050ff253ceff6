// SPDX-License-Identifier: Apache-2.0
#include "core/toml_guard.h"

#include <algorithm>

#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The index after the string that begins at the quote, or the line's end if it does not end there.
std::size_t SkipString(std::string_view line, std::size_t quote) {
  for (std::size_t i = quote + 1; i < line.size(); ++i) {
    if (line[i] == line[quote]) return i + 1;
    if (line[i] == '\\' && line[quote] == '"') ++i;
  }
  return line.size();
}

std::string_view CutComment(std::string_view line) {
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '#') return line.substr(0, i);
    i = line[i] == '"' || line[i] == '\'' ? SkipString(line, i) : i + 1;
  }
  return line;
}

std::string GuardLine(std::string_view line) {
  line = CutComment(line);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0x80) == 0) continue;
    return "outside of comments a character must be ASCII (in a string, \\uXXXX stands for "
           "others): " +
           Quote(line.substr(i, Utf8Length(line.substr(i))));
  }
  for (const std::string_view quotes : {"\"\"\"", "'''"}) {
    if (line.find(quotes) == std::string_view::npos) continue;
    return "a string must begin and end on one line, within \" or ': " + std::string(quotes);
  }
  if (std::count(line.begin(), line.end(), '.') > kMostDotsOnALine) {
    return "a line must have at most " + std::to_string(kMostDotsOnALine) + " dots";
  }
  return "";
}

}  // namespace

std::string GuardToml(std::string_view text, std::size_t* line) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (*line = 1;; ++*line) {
    const std::size_t end = text.find('\n');
    std::string wrong = GuardLine(text.substr(0, end));
    if (!wrong.empty() || end == std::string_view::npos) return wrong;
    text.remove_prefix(end + 1);
  }
}

}  // namespace shmflake
