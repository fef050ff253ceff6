// SPDX-License-Identifier: Apache-2.0
#include "core/segment_tags.h"

#include <algorithm>
#include <cstring>

#include "core/bits.h"
#include "core/failpoint.h"
#include "core/text.h"

namespace shmflake {
namespace {

// The length, then the bytes, none of which is 0: a word with a byte of the tag is not 0.
struct TagWords {
  std::uint64_t words[kTagWords] = {};
  std::size_t count = 0;

  explicit TagWords(std::string_view tag) noexcept : count(tag.size() / 8 + 1) {
    char bytes[sizeof(words)] = {};
    bytes[0] = static_cast<char>(tag.size());
    std::memcpy(bytes + 1, tag.data(), tag.size());
    std::memcpy(words, bytes, sizeof(words));
  }
};

// Whether the entry bears the tag now. Writes what is missing of it; what another tag has written
// in between stays (invariant 1).
bool BecomeTag(SegmentEntry& entry, const TagWords& tag) noexcept {
  for (std::size_t i = 0; i < tag.count; ++i) {
    std::uint64_t found = entry.name[i].load(std::memory_order_relaxed);
    if (found == 0) {
      // Relaxed: the name's words say all themselves; an entry's zeros mean "nothing yet".
      entry.name[i].compare_exchange_strong(found, tag.words[i], std::memory_order_relaxed,
                                            std::memory_order_relaxed);
      if (found == 0) found = tag.words[i];
      SHMFLAKE_REACH(kTagWordWritten);
    }
    if (found != tag.words[i]) return false;
  }
  return true;
}

}  // namespace

Status CheckTag(std::string_view tag) {
  bool sound = !tag.empty() && tag.size() <= kLongestTag;
  for (std::size_t i = 0; sound && i < tag.size();) {
    const std::string_view rest = tag.substr(i);
    const std::size_t length = Utf8Length(rest);
    // What is no character, Printable shows as something else.
    sound = Printable(rest.substr(0, length)) == rest.substr(0, length);
    i += length;
  }
  if (sound) return Status::Ok();
  return {Code::TAG, "a tag must be 1..64 bytes of UTF-8 without control characters: " +
                         Quote(tag) + " (" + std::to_string(tag.size()) + " bytes)"};
}

SegmentEntry* FindTag(SegmentEntry (&entries)[kTagCount], std::string_view tag) noexcept {
  const TagWords words(tag);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < words.count; ++i) hash = Mix64(hash ^ words.words[i]);
  for (std::uint32_t i = 0; i < kTagCount; ++i) {
    SegmentEntry& entry = entries[(hash + i) % kTagCount];
    if (BecomeTag(entry, words)) return &entry;
  }
  return nullptr;
}

std::string TagOf(const SegmentEntry& entry) {
  char bytes[kTagWords * 8];
  for (std::size_t i = 0; i < kTagWords; ++i) {
    const std::uint64_t word = entry.name[i].load(std::memory_order_relaxed);
    std::memcpy(bytes + i * 8, &word, 8);
  }
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]));
  if (length == 0 || length > kLongestTag) return {};
  if (std::memchr(bytes + 1, 0, length) != nullptr) return {};  // not whole yet
  return {bytes + 1, length};
}

std::uint64_t AgreeOnStore(SegmentEntry& entry, std::uint64_t mark) noexcept {
  std::uint64_t found = entry.store.load(std::memory_order_relaxed);
  while (found == 0 ||
         (found != mark && entry.fetch.claimed.load(std::memory_order_relaxed) == 0)) {
    if (entry.store.compare_exchange_weak(found, mark, std::memory_order_relaxed,
                                          std::memory_order_relaxed)) {
      return mark;
    }
  }
  return found;
}

}  // namespace shmflake
