// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_text.h"

#include <array>
#include <nlohmann/json.hpp>

namespace shmflake {
namespace {

constexpr std::size_t kLongestExcerpt = 80;
constexpr std::string_view kMore = "...";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The bytes of the UTF-8 character at the front; 0 where there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// C0, DEL, C1 and the line separators U+2028 and U+2029.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7f;
  if (character.size() == 2) return lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
  return character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9";
}

void ReplaceAll(std::string_view from, std::string_view to, std::string* text) {
  for (std::size_t at = text->find(from); at != std::string::npos;
       at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

// -1 for a character that is not of the alphabet.
int Base64Digit(char c) {
  const std::size_t at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string OneLine(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t fits = 0;  // how much of it leaves room for the dots
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    out.append(length == 0 ? "?" : IsControl(character) ? " " : character);
    text.remove_prefix(character.size());
    if (out.size() + kMore.size() <= most) fits = out.size();
    if (out.size() > most) {
      out.resize(fits);
      return out.append(kMore.substr(0, most));
    }
  }
  return out;
}

bool Contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

std::string Excerpt(std::string_view text) {
  return text.empty() ? "nothing" : OneLine(text, kLongestExcerpt);
}

void Redact(std::string_view secret, std::string* text) {
  if (secret.empty()) return;
  ReplaceAll(secret, "***", text);
  const std::string quoted =
      nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string escaped = quoted.substr(1, quoted.size() - 2);
  if (escaped != secret) ReplaceAll(escaped, "***", text);
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    const std::string_view group = bytes.substr(i, 3);
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? kAlphabet[word >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

bool DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->clear();
  if (text.size() % 4 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    std::size_t padding = 0;
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const char c = text[i + k];
      const int digit = Base64Digit(c);
      if (c == '=' && last && k >= 2) {
        ++padding;
      } else if (digit < 0 || padding > 0) {
        return false;
      }
      word = word << 6 | static_cast<std::uint32_t>(digit < 0 ? 0 : digit);
    }
    const std::array<char, 3> group = {static_cast<char>(word >> 16), static_cast<char>(word >> 8),
                                       static_cast<char>(word)};
    bytes->append(group.data(), 3 - padding);
  }
  return true;
}

}  // namespace shmflake
