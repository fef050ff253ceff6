// SPDX-License-Identifier: Apache-2.0
// A region as this process draws from it: the mapping, and a process-local cache that says until
// when, on the TSC, and up to which value a draw needs nothing but one atomic addition.
//
// Thread safety: any threads; all functions async-signal-safe unless they say otherwise.
//
// Invariants, on top of sequence.h's:
//   (5) What the cache holds is only ever stricter than the region: a limit that was once read is
//       below a ceiling for ever, and the window ends before the tick does. A torn or stale cache
//       costs a clock reading, never an ID.
//   (6) The cache lies in a ForkPage. A child finds zeros: no window, no block, no slot.
#ifndef SHMFLAKE_CORE_ATTACHMENT_H_
#define SHMFLAKE_CORE_ATTACHMENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "core/draw_error.h"
#include "core/failpoint.h"
#include "core/fork_page.h"
#include "core/lease.h"
#include "core/region.h"
#include "core/sequence.h"
#include "core/slots.h"
#include "core/thread_index.h"
#include "core/tsc.h"

namespace shmflake {

// Until when, and up to which value, a draw is one addition. Zero is its empty state, which a child
// starts from.
struct DrawWindow {
  Word begin;       // the clock need not be read while ReadTsc() - begin < cycles
  Word cycles;      // 0 for IDs in relaxed ordering, which have block_cycles instead
  Word floor;       // the state word was seen here; a lower one was overwritten
  Word soft_limit;  // below it a draw may add without looking
  Word hard_limit;  // below it a value that was added may still be issued
};

struct DrawCache {
  DrawWindow window;
  std::atomic<Slot*> slot;
  // 0: this process has not made itself at home yet; else a number that no ancestor of it has here.
  std::atomic<std::uint32_t> adopted;
  std::atomic<std::uint32_t> adopting;  // one thread does it
  std::atomic<std::uint32_t> busy;      // a thread extends the lease or follows
  std::atomic<std::int64_t> next_check_ns;
  Word block_cycles;
  LocalBlock block;  // relaxed ordering only
  alignas(64) DrawWindow uuid_window;
  // A thread of this process fetches the tag's next segment.
  std::atomic<std::uint32_t> fetching[kTagCount];
};
static_assert(sizeof(DrawCache) <= ForkPage::kSize);

// One of the region's state words, with all that a draw from it must respect.
struct DrawStream {
  StateWord* word = nullptr;
  DrawWindow* window = nullptr;
  IdFormat format;
  std::uint64_t birth_state = 0;
  std::uint64_t allowance_tick = 0;
  std::uint64_t max_ahead = 0;  // ticks

  void Init(const IdFormat& stream_format, StateWord* state, DrawWindow* window_of_cache) noexcept {
    format = stream_format;
    word = state;
    window = window_of_cache;
  }
};
enum class StreamKind : std::uint8_t { kIds, kUuids };

enum class FastResult : std::uint8_t { kDrawn, kUncounted, kNearLimit, kSlow };

class Attachment {
 public:
  explicit Attachment(Clock& clock) : clock_(clock) {}
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  // Not async-signal-safe.
  Status Start(std::unique_ptr<Region> region, std::uint32_t max_forward_ms);

  // The hot path: one addition on the state word while the window lasts. kDrawn: *value was drawn
  // and counted. It calls nothing, so that its callers need save no register.
  [[nodiscard, gnu::always_inline]] inline FastResult FastDraw(std::uint64_t* id,
                                                               std::uint64_t* spare) noexcept {
    DrawCache& cache = *cache_;
    std::uint64_t value = 0;
    const std::uint64_t passed = ReadTsc() - cache.window.begin.load(std::memory_order_relaxed);
    if (passed < cache.window.cycles.load(std::memory_order_relaxed)) [[likely]] {
      if (!FastAdd(*state_, cache.window, &value)) [[unlikely]] {
        *spare = value;
        return FastResult::kNearLimit;
      }
    } else if (passed >= cache.block_cycles.load(std::memory_order_relaxed) ||
               !cache.block.Take(0, &value)) {  // relaxed ordering: this process's own block
      return FastResult::kSlow;
    }
    *id = IdOf(value);
    return FastCount(cache);
  }
  // The same for a UUID's state value, in every ordering. Near a limit *value holds it, too.
  [[nodiscard, gnu::always_inline]] inline FastResult FastUuid(std::uint64_t* value) noexcept {
    DrawCache& cache = *cache_;
    const DrawWindow& window = cache.uuid_window;
    const std::uint64_t passed = ReadTsc() - window.begin.load(std::memory_order_relaxed);
    if (passed >= window.cycles.load(std::memory_order_relaxed)) return FastResult::kSlow;
    if (!FastAdd(image().uuid_state, window, value)) [[unlikely]]
      return FastResult::kNearLimit;
    return FastCount(cache);
  }

  // A value that a fast draw added near a limit. False: it is a gap, use Draw.
  [[nodiscard]] bool FinishNearLimit(StreamKind kind, std::uint64_t value) noexcept;

  // Reads the clock (*now is its tick, if it got that far), looks after the region, takes up to
  // `want` values in one step. Of UUIDs not async-signal-safe: a fresh tick's counter is random.
  [[nodiscard]] DrawError Draw(StreamKind kind, std::uint64_t want, bool within_tick, Block* out,
                               std::uint64_t* now) noexcept;

  // CLOCK_JUMP, when max_forward_ms refuses what the wall clock did since somebody last looked.
  // *approved_ns (may be null) is the reading that it looked at.
  [[nodiscard]] DrawError CheckClockSteps(std::int64_t* approved_ns = nullptr) noexcept;

  // What Draw looks at before drawing: REGION_LOST, RETIRED, CLOCK_JUMP.
  [[nodiscard]] DrawError Inspect() noexcept;

  [[nodiscard]] DrawError Observe(std::uint64_t id) noexcept;

  [[nodiscard, gnu::always_inline]] inline std::uint64_t IdOf(std::uint64_t state) const noexcept {
    return (state & ~sequence_mask_) << worker_bits_ | worker_part_ | (state & sequence_mask_);
  }
  void Count(std::uint64_t n) noexcept {
    Slot* slot = cache_->slot.load(std::memory_order_relaxed);
    if (slot != nullptr) CountIds(*slot, ThreadIndex(), n);
  }
  // Every attachment of the host. Not async-signal-safe.
  [[nodiscard]] std::vector<SlotView> ListSlots() const {
    return shmflake::ListSlots(image().slots, region_->fd(),
                               cache_->slot.load(std::memory_order_relaxed));
  }
  void CountWait() noexcept;
  void CountRefusal() noexcept;

  [[nodiscard]] Region& region() const noexcept { return *region_; }
  [[nodiscard]] RegionImage& image() const noexcept { return region_->image(); }
  [[nodiscard]] DrawCache& cache() const noexcept { return *cache_; }
  [[nodiscard]] const IdFormat& format() const noexcept { return region_->format(); }
  [[nodiscard]] RegionLoss loss() const noexcept {
    return static_cast<RegionLoss>(loss_.load(std::memory_order_relaxed));
  }
  // By who found out otherwise than by Inspect.
  void NoteLoss(RegionLoss found) noexcept {
    loss_.store(static_cast<std::uint32_t>(found), std::memory_order_relaxed);
  }
  [[nodiscard]] bool retired() const noexcept {
    return (image().state.LoadRelaxed() & kRetiredBit) != 0;
  }
  [[nodiscard]] const LeaseTerms& terms() const noexcept { return terms_; }
  [[nodiscard]] bool has_tsc_window() const noexcept { return has_tsc_; }
  // How long to sleep until a draw that failed with EXHAUSTED or CLOCK_BEHIND may succeed.
  [[nodiscard]] std::int64_t NsUntilRoom(StreamKind kind, const DrawError& error) noexcept;
  // The tick of the wall clock; 0 before the epoch, one past the range after it.
  [[nodiscard]] std::uint64_t NowTick() noexcept;

  // The attachment before this one, after a region was retired.
  void Keep(std::unique_ptr<Attachment> previous) { previous_ = std::move(previous); }
  // Gives the slot and the descriptors back; the mapping stays, for a draw that is still in it.
  void ReleaseFiles() noexcept;
  [[nodiscard]] Attachment* previous() const noexcept { return previous_.get(); }

  // In a child: descriptors and a slot of its own, once.
  void AdoptIfForked() noexcept {
    if (cache_->adopted.load(std::memory_order_acquire) == 0) Adopt();  // partner: Adopt
  }
  // Another one than before: this is a child of the process that it was before.
  [[nodiscard]] std::uint32_t incarnation() const noexcept {
    return cache_->adopted.load(std::memory_order_relaxed);
  }

 private:
  // Invariants (2), (3), (5). False: retired, overwritten, or near a limit, to be looked at.
  [[nodiscard, gnu::always_inline]] static inline bool FastAdd(StateWord& word,
                                                               const DrawWindow& window,
                                                               std::uint64_t* value) noexcept {
    SHMFLAKE_REACH(kDrawBeforeFetchAdd);
    *value = word.FetchAddRelaxed(1) + 1;
    SHMFLAKE_REACH(kDrawAfterFetchAdd);
    return *value > window.floor.load(std::memory_order_relaxed) &&
           *value < window.soft_limit.load(std::memory_order_relaxed);
  }
  [[nodiscard, gnu::always_inline]] static inline FastResult FastCount(DrawCache& cache) noexcept {
    Slot* slot = cache.slot.load(std::memory_order_relaxed);
    const std::uint32_t thread = CurrentThreadIndex();
    if (slot == nullptr || !HasOwnStripe(thread)) [[unlikely]]
      return FastResult::kUncounted;
    CountOnOwnStripe(*slot, thread, 1);
    return FastResult::kDrawn;
  }

  void Adopt() noexcept;
  void InitStreams() noexcept;
  [[nodiscard]] const DrawStream& StreamOf(StreamKind kind) const noexcept {
    return kind == StreamKind::kIds ? ids_ : uuids_;
  }
  [[nodiscard]] DrawError LookAfter(std::int64_t now_ns) noexcept;
  [[nodiscard]] DrawBounds BoundsAt(const DrawStream& stream, std::uint64_t now) const noexcept;
  [[nodiscard]] std::uint64_t CeilingOf(const DrawStream& stream) const noexcept;
  [[nodiscard]] std::uint64_t Spread(StreamKind kind, std::uint64_t now,
                                     std::uint64_t want) const noexcept;
  [[nodiscard]] DrawResult Take(const DrawStream& stream, const DrawBounds& bounds,
                                std::uint64_t want, bool within_tick, Block* out,
                                std::uint64_t* seen) noexcept;
  void OpenWindow(const DrawStream& stream, std::uint64_t tsc, std::int64_t now_ns,
                  const DrawBounds& bounds, std::uint64_t state) noexcept;
  [[nodiscard]] DrawError Explain(const DrawStream& stream, DrawResult result,
                                  const DrawBounds& bounds, std::uint64_t seen) noexcept;

  // What the hot path reads lies on one line. In relaxed ordering the strict window never opens.
  alignas(64) StateWord* state_ = nullptr;
  DrawCache* cache_ = nullptr;
  std::uint64_t sequence_mask_ = 0;
  std::uint64_t worker_part_ = 0;
  std::uint32_t worker_bits_ = 0;
  bool relaxed_ = false;
  bool has_tsc_ = false;
  Clock& clock_;
  DrawStream ids_;
  DrawStream uuids_;
  LeaseTerms terms_;
  std::uint32_t max_forward_ms_ = 0;
  std::atomic<std::uint32_t> loss_{0};
  std::unique_ptr<Region> region_;
  ForkPage page_;
  std::unique_ptr<Attachment> previous_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_ATTACHMENT_H_
