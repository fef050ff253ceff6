// SPDX-License-Identifier: Apache-2.0
// A tag as a process draws from it: the window on the region's cursor, and the rare work behind it,
// which is to fetch the next segment, to wait for one, and to follow a retired region.
//
// Thread safety: any threads, but Open and the destructor. NextNowaitAfter is async-signal-safe and
// never blocks; the others may sleep, take file locks and ask the store, no longer than
// wait_timeout_ms.
#ifndef SHMFLAKE_CORE_SEGMENT_GENERATOR_H_
#define SHMFLAKE_CORE_SEGMENT_GENERATOR_H_

#include <atomic>
#include <memory>
#include <string>

#include "core/fork_page.h"
#include "core/generator.h"
#include "core/segment_source.h"
#include "core/segment_window.h"

namespace shmflake {

// The tag's entry in one region. Kept until close: a draw may still be in it.
struct SegmentPlace {
  Attachment* attachment = nullptr;
  SegmentEntry* entry = nullptr;
  std::unique_ptr<SegmentPlace> previous;
};

// Why a segment is fetched: ahead of time, by a draw or by the background thread; or none is left.
enum class FetchNeed : std::uint8_t { kAhead, kAheadByThread, kNow };

class SegmentGenerator {
 public:
  SegmentGenerator(Generator& generator, std::string tag, SegmentOptions options,
                   std::unique_ptr<SegmentSource> source);
  ~SegmentGenerator();
  SegmentGenerator(const SegmentGenerator&) = delete;
  SegmentGenerator& operator=(const SegmentGenerator&) = delete;

  // Finds the tag in the region, and fetches a segment if there is none.
  Status Open();

  // The hot path is cache().Draw; these take over where it ended. Of the cache, which a draw needs
  // first, leads back to this: so a handle can be the cache's address.
  [[nodiscard]] SegmentCache& cache() noexcept { return *cache_; }
  [[nodiscard]] static SegmentGenerator& Of(SegmentCache* cache) noexcept {
    return *static_cast<SegmentGenerator*>(ForkPage::OwnerOf(cache));
  }
  // Null: it added nothing.
  Status NextAfter(const SegmentDraw* seen, std::uint64_t* id);
  // WOULD_WAIT where that would fetch, sleep, follow or fail.
  [[nodiscard]] DrawError NextNowaitAfter(const SegmentDraw* seen, std::uint64_t* id) noexcept;
  // *filled counts the valid IDs, also on failure.
  Status NextN(std::uint64_t* ids, std::size_t n, std::size_t* filled);

  [[nodiscard]] const SegmentEntry& entry() const noexcept { return *here().entry; }
  [[nodiscard]] Clock& clock() const noexcept { return generator_.clock(); }

 private:
  // Acquire, partner: the release in GoTo.
  [[nodiscard]] SegmentPlace& here() const noexcept {
    return *place_.load(std::memory_order_acquire);
  }
  // The tag's entry in the generator's current region.
  Status GoTo(Attachment& attachment);
  [[nodiscard]] static bool IsOfAnotherBoot(const Attachment& attachment);
  // TAG_STORE when the region draws the tag from another source.
  Status AgreeOnSource(SegmentEntry& entry);
  Status FollowRegion(SegmentPlace& from, const DrawError& why, std::int64_t deadline_ns);

  // The ID of a value that a fast draw added. False when there is none: draw anew.
  [[nodiscard]] bool Finish(const SegmentDraw& seen, std::uint64_t* id,
                            PublishedSegment* from) noexcept;
  // One step of any size, with all the waiting.
  Status DrawOrWait(std::uint64_t want, std::int64_t deadline_ns, Segment* taken);
  // Takes IDs that are there; *from and *cursor as TakeIds has them. kNone, too, when the region was
  // overwritten.
  [[nodiscard]] TakeResult Take(SegmentPlace& place, std::uint64_t want, Segment* taken,
                                PublishedSegment* from, std::uint64_t* cursor) noexcept;
  // After a draw: opens the next window. True when it is time to fetch.
  [[nodiscard]] bool LookAhead(SegmentPlace& place, const PublishedSegment& from,
                               std::uint64_t cursor) noexcept;
  [[nodiscard]] bool IsFetchDue(SegmentPlace& place, const PublishedSegment& from,
                                std::uint64_t offset) noexcept;
  [[nodiscard]] std::uint64_t MarkOf(const PublishedSegment& from) const noexcept;

  // segment_fetcher.cc: asks the store for the next segment, unless another process does.
  Status Fetch(SegmentPlace& place, FetchNeed need, std::int64_t deadline_ns);
  Status FetchElected(SegmentPlace& place, std::int64_t timeout_ms);
  // No ID is left: until there are some, or the deadline.
  Status WaitForSegment(SegmentPlace& place, std::int64_t deadline_ns);
  // What the background thread does.
  void Maintain();
  [[nodiscard]] std::int64_t IndexOf(const SegmentPlace& place) const noexcept;
  [[nodiscard]] bool IsServed(SegmentPlace& place) noexcept;

  Generator& generator_;
  const std::string tag_;
  const SegmentOptions options_;
  const std::unique_ptr<SegmentSource> source_;
  ForkPage page_;
  SegmentCache* cache_ = nullptr;
  std::atomic<SegmentPlace*> place_{nullptr};
  // With what this handle's last attempt failed, if time alone does not mend it.
  std::atomic<Code> lasting_{Code::OK};
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SEGMENT_GENERATOR_H_
