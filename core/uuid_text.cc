// SPDX-License-Identifier: Apache-2.0
#include "core/uuid_text.h"

#include <cstdint>
#include <cstring>

#include "core/text_form.h"

namespace shmflake {
namespace {

constexpr std::string_view kHexAlphabet = SpecOf(TextForm::kHex).alphabet;
constexpr std::string_view kUlidAlphabet = SpecOf(TextForm::kCrockford32).alphabet;

int DigitOf(const DigitTable& digits, char character) noexcept {
  return digits[static_cast<unsigned char>(character)];
}

std::uint64_t LoadBigEndian(const unsigned char* bytes) noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

void StoreBigEndian(std::uint64_t value, unsigned char* bytes) noexcept {
  for (int i = 8; i-- > 0; value >>= 8) bytes[i] = static_cast<unsigned char>(value);
}

}  // namespace

void FormatUuid(const unsigned char* uuid, char* text) noexcept {
  for (std::size_t i = 0; i < kUuidLength; ++uuid) {
    if (IsUuidHyphen(i)) text[i++] = '-';
    text[i++] = kHexAlphabet[*uuid >> 4];
    text[i++] = kHexAlphabet[*uuid & 15U];
  }
  text[kUuidLength] = '\0';
}

bool ParseUuid(const char* text, unsigned char* uuid) noexcept {
  unsigned char bytes[kUuidBytes];
  unsigned char* next = bytes;
  for (std::size_t i = 0; i < kUuidLength; i += 2) {
    if (IsUuidHyphen(i) && text[i++] != '-') return false;
    const int high = DigitOf(kDigits<TextForm::kHex>, text[i]);
    if (high < 0) return false;
    const int low = DigitOf(kDigits<TextForm::kHex>, text[i + 1]);
    if (low < 0) return false;
    *next++ = static_cast<unsigned char>(high << 4 | low);
  }
  if (text[kUuidLength] != '\0') return false;
  std::memcpy(uuid, bytes, kUuidBytes);
  return true;
}

void FormatUlid(const unsigned char* ulid, char* text) noexcept {
  std::uint64_t upper = LoadBigEndian(ulid);
  std::uint64_t lower = LoadBigEndian(ulid + 8);
  for (std::size_t i = kUlidLength; i-- > 0;) {
    text[i] = kUlidAlphabet[lower & 31U];
    lower = lower >> 5 | upper << 59;
    upper >>= 5;
  }
  text[kUlidLength] = '\0';
}

bool ParseUlid(const char* text, unsigned char* ulid) noexcept {
  std::uint64_t upper = 0;
  std::uint64_t lower = 0;
  for (std::size_t i = 0; i < kUlidLength; ++i) {
    const int digit = DigitOf(kDigits<TextForm::kCrockford32>, text[i]);
    if (digit < 0 || (i == 0 && digit > 7)) return false;
    upper = upper << 5 | lower >> 59;
    lower = lower << 5 | static_cast<std::uint64_t>(digit);
  }
  if (text[kUlidLength] != '\0') return false;
  StoreBigEndian(upper, ulid);
  StoreBigEndian(lower, ulid + 8);
  return true;
}

}  // namespace shmflake
