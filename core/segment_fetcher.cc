// SPDX-License-Identifier: Apache-2.0
// Fetching a tag's next segment, and waiting for one.
#include <algorithm>

#include "core/election.h"
#include "core/failpoint.h"
#include "core/maintenance_thread.h"
#include "core/platform.h"
#include "core/segment_fetch.h"
#include "core/segment_generator.h"
#include "core/text.h"

namespace shmflake {
namespace {

// How long those who have no ID left wait for the elected process before one more is elected.
constexpr std::int64_t kHolderNs = 500 * kNsPerMs;
constexpr std::int64_t kLongestNapNs = 5 * kNsPerMs;
constexpr std::int64_t kShortestTryNs = 10 * kNsPerMs;

// How long a draw that has its ID lets the store keep it waiting: what the last fetch took, three
// times, for a store that is far away.
std::int64_t AheadPatienceMs(const FetchLine& line) noexcept {
  constexpr std::uint64_t kLeastMs = 100;
  constexpr std::uint64_t kMostMs = 3'600'000;
  const std::uint64_t last_ms = line.fetched_us.load(std::memory_order_relaxed) / 1000;
  return static_cast<std::int64_t>(std::clamp(std::min(last_ms, kMostMs) * 3, kLeastMs, kMostMs));
}

bool HasIds(const SegmentEntry& entry) noexcept {
  const std::uint64_t cursor = entry.cursor.Load();
  if ((cursor & kSegmentRetiredBit) != 0) return true;  // the draw finds out
  const PublishedSegment current = SegmentAt(entry, cursor);
  return (current.generation != 0 && cursor < current.end()) ||
         NextSegment(entry, cursor).generation != 0;
}

bool HasNext(const SegmentEntry& entry) noexcept {
  const std::uint64_t cursor = entry.cursor.Load();
  return (cursor & kSegmentRetiredBit) != 0 || NextSegment(entry, cursor).generation != 0;
}

std::int64_t LevelsFor(const FetchLine& line, std::int64_t now_ns) noexcept {
  const auto begun = static_cast<std::int64_t>(line.begun_boot_ns.load(std::memory_order_relaxed));
  return std::clamp<std::int64_t>(1 + (now_ns - begun) / kHolderNs, 1, kFetchLevels);
}

}  // namespace

std::int64_t SegmentGenerator::IndexOf(const SegmentPlace& place) const noexcept {
  return place.entry - place.attachment->image().tags;
}

bool SegmentGenerator::IsServed(SegmentPlace& place) noexcept {
  if (MaintenanceThread* thread = generator_.thread(); thread != nullptr) {
    thread->Wake();
    return true;
  }
  const Region& region = place.attachment->region();
  return region.OwnsFd() &&
         IsLockedByOther(region.fd(), kKeeperLockBase + IndexOf(place), 1, nullptr);
}

Status SegmentGenerator::FetchElected(SegmentPlace& place, std::int64_t timeout_ms) {
  SegmentEntry& entry = *place.entry;
  SHMFLAKE_RETURN_IF_ERROR(AgreeOnSource(entry));
  FetchTimes times;
  times.began_ns = clock().BoottimeNs();
  SegmentRequest request;
  request.tag = tag_;
  request.step =
      StepToAsk(entry.fetch, times.began_ns, options_.step, options_.min_step, options_.max_step);
  request.new_step = options_.step;
  request.max_step = options_.max_step;
  request.create = options_.create.value_or(false);
  // Read before the store is asked: what it grants from now on is above this.
  request.high = entry.fetch.high.load(std::memory_order_relaxed);
  const std::uint64_t attempt = BeginFetch(entry, times.began_ns);
  SHMFLAKE_REACH(kFetchBegun);
  SegmentGrant grant;
  Status status;
  {
    const FileSizeSignalBlock no_signal;
    status = source_->Reserve(request, timeout_ms, &grant);
  }
  SHMFLAKE_REACH(kFetchReserved);
  times.ended_ns = clock().BoottimeNs();
  times.ended_unix_ms = clock().RealtimeNs() / kNsPerMs;
  if (status.ok()) {
    lasting_.store(Code::OK, std::memory_order_relaxed);
    const PublishResult published = PublishSegment(entry, {grant.first, grant.count});
    if (published == PublishResult::kUsedUp) (void)RetireWords(place.attachment->image());
    EndFetch(entry, attempt, grant, times);
    SHMFLAKE_REACH(kFetchNoted);
    if (Logger* logger = generator_.logger(); logger != nullptr) {
      logger->Log(LogLevel::kDebug,
                  published == PublishResult::kPublished ? "segment_fetched" : "segment_lost",
                  {{"tag", tag_},
                   {"first", std::to_string(grant.first)},
                   {"count", std::to_string(grant.count)},
                   {"us", std::to_string((times.ended_ns - times.began_ns) / 1000)}});
    }
    return Status::Ok();
  }
  lasting_.store(IsLasting(status.code()) ? status.code() : Code::OK, std::memory_order_relaxed);
  FailFetch(entry, attempt, status, times.ended_ns, RandomU64());
  if (Logger* logger = generator_.logger(); logger != nullptr) {
    logger->Log(LogLevel::kWarning, "segment_not_fetched",
                {{"tag", tag_}, {"error", CodeName(status.code())}, {"message", status.message()}});
  }
  return status;
}

Status SegmentGenerator::Fetch(SegmentPlace& place, FetchNeed need, std::int64_t deadline_ns) {
  // Of all handles of the tag: the locks below do not tell threads of one process apart.
  const BusyFlag busy(place.attachment->cache().fetching[IndexOf(place)], clock(), 0);
  if (!busy.taken()) return Status::Ok();
  const SegmentEntry& entry = *place.entry;
  const bool now = need == FetchNeed::kNow;
  Election election(place.attachment->region(), kFetchLockBase + IndexOf(place) * kFetchLevels);
  // The first byte first: another is due only while somebody holds that one for too long.
  if (!election.Try(1)) {
    const std::int64_t levels = LevelsFor(entry.fetch, clock().BoottimeNs());
    // When all were held for so long, nobody is waited for: an election only spares the store work.
    if (!now || (!election.Try(levels) && levels < kFetchLevels)) return Status::Ok();
  }
  SHMFLAKE_REACH(kFetchElected);
  // Another may have done it, or failed, since this process looked.
  if (now ? HasIds(entry) : HasNext(entry)) return Status::Ok();
  if (PauseLeft(entry.fetch, clock().BoottimeNs()) > 0) return Status::Ok();
  // The time of a long call may be over: what is ahead is then left to others.
  if (!now && clock().MonotonicNs() >= deadline_ns) return Status::Ok();
  const std::int64_t left_ms =
      std::clamp<std::int64_t>((deadline_ns - clock().MonotonicNs()) / kNsPerMs, 1, 3'600'000);
  return FetchElected(
      place, need == FetchNeed::kAhead ? std::min(left_ms, AheadPatienceMs(entry.fetch)) : left_ms);
}

Status SegmentGenerator::WaitForSegment(SegmentPlace& place, std::int64_t deadline_ns) {
  SegmentEntry& entry = *place.entry;
  Status failure;  // of an attempt of this process: all of the store's words
  for (std::int64_t nap_ns = kNsPerMs; !HasIds(entry);) {
    // Too little time for an answer would only hide the words of the last one.
    const bool known_already = !failure.ok() || !LastFetchError(entry).ok();
    const std::int64_t left_ns = deadline_ns - clock().MonotonicNs();
    if (left_ns > (known_already ? kShortestTryNs : 0)) {
      if (const Status status = Fetch(place, FetchNeed::kNow, deadline_ns); !status.ok()) {
        failure = status;
      }
    }
    if (HasIds(entry)) break;
    const Status known = failure.ok() ? LastFetchError(entry) : failure;
    // This handle's own, said again in the pause after it: another's may come of its options.
    const bool lasting = !known.ok() && known.code() == lasting_.load(std::memory_order_relaxed) &&
                         PauseLeft(entry.fetch, clock().BoottimeNs()) > 0;
    if (lasting || !generator_.Sleep(*place.attachment, nap_ns, deadline_ns)) {
      const std::string none = "no ID of tag " + Quote(tag_) + " is left";
      if (!known.ok()) return {known.code(), none + ": " + known.message()};
      const std::uint32_t waited_ms = generator_.settings().wait_timeout_ms.value;
      return {Code::SEGMENT_EMPTY, none + ", and the next segment did not come within " +
                                       std::to_string(waited_ms) + " ms"};
    }
    nap_ns = std::min(2 * nap_ns, kLongestNapNs);
  }
  return Status::Ok();
}

void SegmentGenerator::Maintain() {
  SegmentPlace* place = &here();
  if (place->attachment != &generator_.current()) {
    const DrawError why{Code::RETIRED, 0, 0};
    if (!FollowRegion(*place, why, generator_.DefaultDeadline()).ok()) return;
    place = &here();
  }
  // Held for as long as this process lives: others leave the prefetch to it.
  const Region& region = place->attachment->region();
  if (region.OwnsFd()) {
    (void)TryLockBytes(region.fd(), LockKind::kExclusive, kKeeperLockBase + IndexOf(*place), 1);
  }
  const std::uint64_t cursor = place->entry->cursor.Load();
  if ((cursor & kSegmentRetiredBit) != 0 || HasNext(*place->entry)) return;
  const PublishedSegment current = SegmentAt(*place->entry, cursor);
  if (current.generation != 0 && cursor - current.start() < MarkOf(current)) return;
  if (PauseLeft(place->entry->fetch, clock().BoottimeNs()) > 0) return;
  (void)Fetch(*place, FetchNeed::kAheadByThread, generator_.DefaultDeadline());
}

}  // namespace shmflake
