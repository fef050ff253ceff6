// SPDX-License-Identifier: Apache-2.0
#include "core/segment_generator.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "core/maintenance_thread.h"
#include "core/platform.h"
#include "core/segment_fetch.h"
#include "core/segment_tags.h"
#include "core/text.h"

namespace shmflake {
namespace {

// Who drew fast and then draws slowly shall look all the same. A look is worth some twenty draws.
constexpr std::uint64_t kWidest = 8192;
constexpr std::int64_t kWindowNs = 100 * kNsPerMs;
// Past the mark, as long as the next segment is not there, so many looks are spread over a segment.
constexpr std::uint64_t kLooks = 64;

bool IsAboutPlace(Code code) { return code == Code::RETIRED || code == Code::REGION_LOST; }

// The cursor went back: the file is not what it was. If older bytes of this very region were written
// over it, nobody may draw from them, those who have not noticed included. What is not ours is left
// alone.
void LeaveOverwritten(Attachment& attachment) noexcept {
  const RegionLoss found = attachment.region().CheckLoss();
  if (found == RegionLoss::kNone) (void)RetireWords(attachment.image());
  attachment.NoteLoss(found == RegionLoss::kNone ? RegionLoss::kOverwritten : found);
}

}  // namespace

SegmentGenerator::SegmentGenerator(Generator& generator, std::string tag, SegmentOptions options,
                                   std::unique_ptr<SegmentSource> source)
    : generator_(generator),
      tag_(std::move(tag)),
      options_(std::move(options)),
      source_(std::move(source)) {}

SegmentGenerator::~SegmentGenerator() {
  if (MaintenanceThread* thread = generator_.thread(); thread != nullptr) thread->Remove(this);
  delete place_.load(std::memory_order_acquire);
}

Status SegmentGenerator::Open() {
  SHMFLAKE_RETURN_IF_ERROR(page_.Make(true, true));
  ForkPage::OwnerOf(page_.data()) = this;
  cache_ = new (page_.data()) SegmentCache();
  Status status = generator_.InOneProcess([this] {
    const std::int64_t deadline_ns = generator_.DefaultDeadline();
    for (;;) {
      // Looked at first: a region that was retired says nothing about the tag any more.
      Attachment& attachment = generator_.current();
      if (const DrawError error = attachment.Inspect(); IsAboutPlace(error.code)) {
        SHMFLAKE_RETURN_IF_ERROR(generator_.Follow(attachment, error, deadline_ns));
        continue;
      }
      SegmentPlace* place = place_.load(std::memory_order_relaxed);
      const bool fresh = place == nullptr || place->attachment != &attachment;
      const bool stale = fresh && IsOfAnotherBoot(attachment);
      if (fresh && !stale) {
        SHMFLAKE_RETURN_IF_ERROR(GoTo(attachment));
        continue;
      }
      const MoveResult moved = stale ? MoveResult::kRetired : shmflake::MoveOn(*place->entry);
      if (moved == MoveResult::kMoved) return Status::Ok();
      if (moved == MoveResult::kRetired) {
        SHMFLAKE_RETURN_IF_ERROR(generator_.Follow(attachment, {Code::RETIRED, 0, 0}, deadline_ns));
      }
      if (moved == MoveResult::kNone) {
        SHMFLAKE_RETURN_IF_ERROR(WaitForSegment(*place, deadline_ns));
      }
    }
  });
  if (MaintenanceThread* thread = generator_.thread(); status.ok() && thread != nullptr) {
    thread->Add(this, [this] { Maintain(); });
  }
  return status;
}

Status SegmentGenerator::AgreeOnSource(SegmentEntry& entry) {
  const std::uint64_t mark = AgreeOnStore(entry, source_->mark());
  if (mark == source_->mark()) return Status::Ok();
  return {Code::TAG_STORE, "the region draws tag " + Quote(tag_) + " from another store, of kind " +
                               SourceKindName(mark) + ": not from " + source_->shown() +
                               "; retire the region to change that"};
}

// A region that came back from a disk after a reboot may be older than what was drawn from it. The
// clock guards the other IDs of such a one; nothing guards its segments.
bool SegmentGenerator::IsOfAnotherBoot(const Attachment& attachment) {
  const std::string boot_id = BootId();
  const auto& text = attachment.region().header().boot_id;
  const std::string_view born(text, ::strnlen(text, sizeof(text)));
  return !boot_id.empty() && !born.empty() && boot_id != born;
}

Status SegmentGenerator::GoTo(Attachment& attachment) {
  auto place = std::make_unique<SegmentPlace>();
  place->attachment = &attachment;
  place->entry = FindTag(attachment.image().tags, tag_);
  if (place->entry == nullptr) {
    return Fail(Code::TAGS_FULL, "a region holds %u tags: there is no room for %s", kTagCount,
                Quote(tag_).c_str());
  }
  SHMFLAKE_RETURN_IF_ERROR(AgreeOnSource(*place->entry));
  SegmentPlace* old = place_.load(std::memory_order_relaxed);
  if (old != nullptr) {
    // What the store granted to this host before counts in the next region, too.
    const std::uint64_t high = old->entry->fetch.high.load(std::memory_order_relaxed);
    SegmentWord& known = place->entry->fetch.high;
    std::uint64_t before = known.load(std::memory_order_relaxed);
    while (before < high && !known.compare_exchange_weak(before, high, std::memory_order_relaxed,
                                                         std::memory_order_relaxed)) {
    }
  }
  place->previous.reset(old);
  place_.store(place.release(), std::memory_order_release);  // partner: here()
  return Status::Ok();
}

Status SegmentGenerator::FollowRegion(SegmentPlace& from, const DrawError& why,
                                      std::int64_t deadline_ns) {
  SHMFLAKE_RETURN_IF_ERROR(generator_.Follow(*from.attachment, why, deadline_ns));
  const BusyFlag busy(cache_->busy, clock(), deadline_ns);
  if (&here() != &from) return Status::Ok();  // another thread did it
  if (!busy.taken()) {
    return Fail(Code::TIMEOUT, "another thread is still following to the next region");
  }
  return GoTo(generator_.current());
}

std::uint64_t SegmentGenerator::MarkOf(const PublishedSegment& from) const noexcept {
  return from.segment.count * options_.prefetch_percent / 100;
}

bool SegmentGenerator::IsFetchDue(SegmentPlace& place, const PublishedSegment& from,
                                  std::uint64_t offset) noexcept {
  if (offset < MarkOf(from) || NextSegment(*place.entry, from.start()).generation != 0)
    return false;
  if (PauseLeft(place.entry->fetch, clock().BoottimeNs()) > 0) return false;
  // Who has a background thread is given time, until half is used.
  return offset >= from.segment.count / 2 || !IsServed(place);
}

bool SegmentGenerator::LookAhead(SegmentPlace& place, const PublishedSegment& from,
                                 std::uint64_t cursor) noexcept {
  const std::uint64_t offset = cursor - from.start();
  if (from.generation == 0) {  // it went on in the meantime
    cache_->Close();
    return false;
  }
  const std::int64_t now_ns = clock().MonotonicNs();
  const std::int64_t lasted_ns =
      now_ns - cache_->opened_ns.exchange(now_ns, std::memory_order_relaxed);
  std::uint64_t width = cache_->width.load(std::memory_order_relaxed);
  if (lasted_ns < kWindowNs / 2) width = std::min(width * 2, kWidest);
  if (lasted_ns > kWindowNs * 2) width /= 2;
  width = std::max<std::uint64_t>(width, 1);
  cache_->width.store(width, std::memory_order_relaxed);
  const std::uint64_t mark = MarkOf(from);
  bool due = false;
  if (offset < mark) {
    width = std::min(width, mark - offset);
  } else if (NextSegment(*place.entry, from.start()).generation == 0) {
    due = IsFetchDue(place, from, offset);
    width = std::min(width, from.segment.count / kLooks + 1);
  }
  if (offset < from.segment.count) {
    cache_->Open(place.entry, from, cursor, std::min(width, from.segment.count - offset));
  } else {
    cache_->Close();
  }
  return due;
}

bool SegmentGenerator::Finish(const SegmentDraw& seen, std::uint64_t* id,
                              PublishedSegment* from) noexcept {
  cache_->Close();                 // invariant (7)
  if (seen.cursor < seen.floor) {  // it only ever grows: somebody else wrote it
    if (seen.entry == here().entry) LeaveOverwritten(*here().attachment);
    return false;
  }
  return ResolveValue(*seen.entry, seen.cursor, id, from);
}

TakeResult SegmentGenerator::Take(SegmentPlace& place, std::uint64_t want, Segment* taken,
                                  PublishedSegment* from, std::uint64_t* cursor) noexcept {
  const std::uint64_t floor = cache_->FloorOf(place.entry);  // before the draw
  const TakeResult result = TakeIds(*place.entry, want, taken, from, cursor);
  if (result != TakeResult::kTaken || *cursor > floor) return result;
  LeaveOverwritten(*place.attachment);
  return TakeResult::kNone;
}

Status SegmentGenerator::DrawOrWait(std::uint64_t want, std::int64_t deadline_ns, Segment* taken) {
  for (;;) {
    SegmentPlace& place = here();
    DrawError error = place.attachment->Inspect();
    if (!IsAboutPlace(error.code)) {
      PublishedSegment from;
      std::uint64_t cursor = 0;
      const TakeResult result = Take(place, want, taken, &from, &cursor);
      if (result == TakeResult::kTaken) {
        // The draw is done: a fetch that fails now is the next one's to report.
        if (LookAhead(place, from, cursor)) (void)Fetch(place, FetchNeed::kAhead, deadline_ns);
        return Status::Ok();
      }
      if (result == TakeResult::kNone) {
        error = place.attachment->Inspect();
        if (!IsAboutPlace(error.code)) {
          Status status = WaitForSegment(place, deadline_ns);
          if (status.ok()) continue;
          place.attachment->CountRefusal();
          return status;
        }
      } else {
        error = {Code::RETIRED, 0, 0};
      }
    }
    if (const Status status = FollowRegion(place, error, deadline_ns); !status.ok()) {
      place.attachment->CountRefusal();
      return {status.code(), DescribeDrawError(error) + "; " + status.message()};
    }
  }
}

Status SegmentGenerator::NextAfter(const SegmentDraw* seen, std::uint64_t* id) {
  bool drawn = seen != nullptr;  // by this process; a forked child draws its own
  return generator_.InOneProcess([&]() -> Status {
    PublishedSegment from;
    SegmentPlace& place = here();
    if (std::exchange(drawn, false) && Finish(*seen, id, &from)) {
      if (IsAboutPlace(place.attachment->Inspect().code)) {
        cache_->Close();
      } else if (seen->entry == place.entry && LookAhead(place, from, seen->cursor + 1)) {
        (void)Fetch(place, FetchNeed::kAhead, generator_.DefaultDeadline());
      }
      return Status::Ok();
    }
    Segment taken;
    SHMFLAKE_RETURN_IF_ERROR(DrawOrWait(1, generator_.DefaultDeadline(), &taken));
    *id = taken.first;
    return Status::Ok();
  });
}

DrawError SegmentGenerator::NextNowaitAfter(const SegmentDraw* seen, std::uint64_t* id) noexcept {
  const DrawError would_wait{Code::WOULD_WAIT, 0, 0};
  PublishedSegment from;
  SegmentPlace& place = here();
  if (seen != nullptr && Finish(*seen, id, &from)) return {};  // the next one looks
  if (IsAboutPlace(place.attachment->Inspect().code)) return would_wait;
  const PublishedSegment current = SegmentAt(*place.entry, place.entry->cursor.Load());
  if (current.generation != 0 &&
      IsFetchDue(place, current, place.entry->cursor.Load() - current.start())) {
    return would_wait;
  }
  Segment taken;
  std::uint64_t cursor = 0;
  if (Take(place, 1, &taken, &from, &cursor) != TakeResult::kTaken) return would_wait;
  if (LookAhead(place, from, cursor)) cache_->Close();
  *id = taken.first;
  return {};
}

Status SegmentGenerator::NextN(std::uint64_t* ids, std::size_t n, std::size_t* filled) {
  return generator_.InOneProcess([&]() -> Status {
    const std::int64_t deadline_ns = generator_.DefaultDeadline();
    for (*filled = 0; *filled < n;) {
      Segment taken;
      SHMFLAKE_RETURN_IF_ERROR(DrawOrWait(n - *filled, deadline_ns, &taken));
      for (std::uint64_t i = 0; i < taken.count; ++i) ids[(*filled)++] = taken.first + i;
    }
    return Status::Ok();
  });
}

}  // namespace shmflake
