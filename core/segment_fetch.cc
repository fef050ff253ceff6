// SPDX-License-Identifier: Apache-2.0
#include "core/segment_fetch.h"

#include <algorithm>
#include <cstring>

#include "core/bits.h"
#include "core/text.h"

namespace shmflake {
namespace {

constexpr std::size_t kWordCount = 48;
constexpr std::size_t kBytesPerWord = 4;

void Say(SegmentEntry& entry, std::uint64_t attempt, Code code, std::string_view text) noexcept {
  StoreWords::Payload words{};
  words[0] = static_cast<std::uint32_t>(static_cast<std::int32_t>(code));
  std::size_t size = std::min(text.size(), (kWordCount - 1) * kBytesPerWord);
  // Not in the middle of a character.
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  for (std::size_t i = 0; i < size; ++i) {
    words[1 + i / kBytesPerWord] |= std::uint64_t{static_cast<unsigned char>(text[i])}
                                    << 8 * (i % kBytesPerWord);
  }
  (void)entry.words.Publish(attempt & StoreWords::kMaxVersion, words);
}

std::uint64_t Unsigned(std::int64_t value) noexcept { return static_cast<std::uint64_t>(value); }

}  // namespace

std::int64_t PauseLeft(const FetchLine& line, std::int64_t now_ns) noexcept {
  const auto next = static_cast<std::int64_t>(line.next_boot_ns.load(std::memory_order_relaxed));
  const std::int64_t left = next - now_ns;
  return left > 0 && left <= kLongestPauseBetweenNs ? left : 0;
}

std::uint64_t StepToAsk(const FetchLine& line, std::int64_t now_ns, std::uint64_t step,
                        std::uint64_t min_step, std::uint64_t max_step) noexcept {
  const std::uint64_t last = line.step.load(std::memory_order_relaxed);
  if (last == 0 || last > kLongestSegment) return step;
  const auto fetched =
      static_cast<std::int64_t>(line.fetched_boot_ns.load(std::memory_order_relaxed));
  if (min_step == 0) {
    const std::uint64_t row_step = line.row_step.load(std::memory_order_relaxed);
    min_step = step != 0 ? step : row_step != 0 ? row_step : std::min(kDefaultStep, max_step);
  }
  return AdaptStep(last, std::max<std::int64_t>(0, now_ns - fetched), min_step, max_step);
}

std::uint64_t BeginFetch(SegmentEntry& entry, std::int64_t now_ns) noexcept {
  entry.fetch.begun_boot_ns.store(Unsigned(now_ns), std::memory_order_relaxed);
  return entry.fetch.begun.fetch_add(1, std::memory_order_relaxed) + 1;
}

void EndFetch(SegmentEntry& entry, std::uint64_t attempt, const SegmentGrant& grant,
              const FetchTimes& times) noexcept {
  FetchLine& line = entry.fetch;
  line.step.store(grant.count, std::memory_order_relaxed);
  if (grant.row_step != 0) line.row_step.store(grant.row_step, std::memory_order_relaxed);
  line.fetched_boot_ns.store(Unsigned(times.ended_ns), std::memory_order_relaxed);
  line.fetched_unix_ms.store(Unsigned(times.ended_unix_ms), std::memory_order_relaxed);
  line.fetched_us.store(Unsigned((times.ended_ns - times.began_ns) / 1000),
                        std::memory_order_relaxed);
  line.next_boot_ns.store(0, std::memory_order_relaxed);
  if (line.failures_in_row.exchange(0, std::memory_order_relaxed) != 0) {
    Say(entry, attempt, Code::OK, "");
  }
  line.ended.fetch_add(1, std::memory_order_relaxed);
}

void FailFetch(SegmentEntry& entry, std::uint64_t attempt, const Status& why, std::int64_t now_ns,
               std::uint64_t random) noexcept {
  FetchLine& line = entry.fetch;
  Say(entry, attempt, why.code(), why.message());
  const std::uint64_t failures = line.failures_in_row.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t pause =
      std::min(kFirstPauseNs << std::min<std::uint64_t>(failures, 10), kLongestPauseBetweenNs);
  const auto jitter = static_cast<std::int64_t>(random % Unsigned(pause / 2));
  line.next_boot_ns.store(Unsigned(now_ns + pause / 2 + jitter), std::memory_order_relaxed);
  line.failed.fetch_add(1, std::memory_order_relaxed);
}

Status LastFetchError(const SegmentEntry& entry) {
  StoreWords::Payload words;
  // Words of an attempt that failed beside one that succeeded may stay.
  if (entry.fetch.failures_in_row.load(std::memory_order_relaxed) == 0) return Status::Ok();
  if (entry.words.Read(words) == 0) return Status::Ok();
  const auto code = static_cast<Code>(static_cast<std::int32_t>(words[0]));
  if (code == Code::OK) return Status::Ok();
  std::string text;
  for (std::size_t i = kBytesPerWord; i < kWordCount * kBytesPerWord; ++i) {
    const char c = static_cast<char>(words[i / kBytesPerWord] >> 8 * (i % kBytesPerWord) & 0xff);
    if (c == '\0') break;
    text += c;
  }
  return {code, Printable(text)};
}

bool IsLasting(Code code) noexcept {
  switch (code) {
    case Code::TAG_UNKNOWN:
    case Code::STEP:
    case Code::SEGMENT_RANGE:
    case Code::SEGMENT_BACKWARDS:
    case Code::STORE_DENIED:
    case Code::STORE_SCHEMA:
    case Code::STORE_CORRUPT:
    case Code::STORE_PLUGIN:
    case Code::STORE_LAYOUT:
    case Code::STORE_REPLACED:
    case Code::STORE_BACKWARDS:
      return true;
    default:
      return false;
  }
}

}  // namespace shmflake
