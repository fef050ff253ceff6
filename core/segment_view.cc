// SPDX-License-Identifier: Apache-2.0
#include "core/segment_view.h"

#include "core/segment_fetch.h"
#include "core/segment_ring.h"
#include "core/segment_tags.h"

namespace shmflake {
namespace {

std::uint64_t Read(const SegmentWord& word) noexcept {
  return word.load(std::memory_order_relaxed);
}

}  // namespace

SegmentView ViewSegment(const SegmentEntry& entry, std::int64_t boottime_ns) {
  SegmentView view;
  const FetchLine& line = entry.fetch;
  view.tag = TagOf(entry);
  view.store_mark = Read(entry.store);
  const std::uint64_t cursor = entry.cursor.Load() & ~kSegmentRetiredBit;
  if (const PublishedSegment current = SegmentAt(entry, cursor); current.generation != 0) {
    view.generation = current.generation;
    view.first_id = current.segment.first;
    view.last_id = current.segment.first + current.segment.count - 1;
    if (cursor < current.end()) {
      view.next_id = view.first_id + (cursor - current.start());
      view.remaining = current.end() - cursor;
    }
  }
  view.remaining_next = CountPublishedAhead(entry, cursor);
  view.step = Read(line.step);
  view.fetched_unix_ms = static_cast<std::int64_t>(Read(line.fetched_unix_ms));
  view.fetched_us = Read(line.fetched_us);
  view.fetches = Read(line.ended);
  view.failures = Read(line.failed);
  const std::uint64_t begun = Read(line.begun);
  const std::uint64_t ended = view.fetches + view.failures;
  view.unfinished = begun > ended ? begun - ended : 0;
  view.granted = Read(line.granted);
  view.lost = Read(line.lost);
  view.failures_in_row = Read(line.failures_in_row);
  view.next_attempt_ns = PauseLeft(line, boottime_ns);
  view.last_error = LastFetchError(entry);
  return view;
}

const SegmentEntry* TagAt(const SegmentEntry (&entries)[kTagCount], std::size_t index) {
  for (const SegmentEntry& entry : entries) {
    if (TagOf(entry).empty()) continue;
    if (index-- == 0) return &entry;
  }
  return nullptr;
}

}  // namespace shmflake
