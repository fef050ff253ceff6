// SPDX-License-Identifier: Apache-2.0
#include "core/attachment.h"

#include <algorithm>
#include <limits>

#include "core/failpoint.h"
#include "core/random_pool.h"
#include "core/uuid_format.h"

namespace shmflake {
namespace {

constexpr std::int64_t kCheckEveryNs = 10'000'000;    // of the file and of the clock
constexpr std::int64_t kLongestWindowNs = 1'000'000;  // a step of the clock is seen after this
constexpr std::int64_t kStepNs = 1'000'000;           // less is slewing
constexpr std::int64_t kSlewNs = 100'000;             // less is noise
constexpr std::uint64_t kRelaxedBlock = 64;
// How many threads may add at once without looking before one of them can waste a value at a limit.
constexpr std::uint64_t kSoftMargin = 64;

std::int64_t MsOfTicks(const IdFormat& format, std::uint64_t ticks) noexcept {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(ticks, std::numeric_limits<std::int64_t>::max() / kNsPerMs) *
      format.tick_us / 1000);
}

}  // namespace

std::uint64_t Attachment::NowTick() noexcept {
  std::uint64_t tick = 0;
  (void)TickOfUnixNs(format(), clock_.RealtimeNs(), &tick);
  return tick;
}

// The lease is one, in the IDs' ticks; the UUIDs' ceiling follows from it. A word that no lease can
// have gives none: LookAfter finds out what happened to it.
std::uint64_t Attachment::CeilingOf(const DrawStream& stream) const noexcept {
  const std::uint64_t ceiling = image().ceiling.LoadRelaxed();
  if (!IsCeiling(format(), ceiling)) return 0;
  return &stream == &ids_ ? ceiling : UuidCeiling(format(), format().TickOf(ceiling));
}

DrawBounds Attachment::BoundsAt(const DrawStream& stream, std::uint64_t now) const noexcept {
  const IdFormat& f = stream.format;
  DrawBounds bounds;
  bounds.now = std::min(now, f.max_timestamp() + 1);
  // Below its birth the word was never: also who has not drawn yet sees that it was overwritten.
  // Acquire, partner: OpenWindow. Without it the word could be seen as it was before the floor was.
  bounds.floor = std::max(stream.birth_state, stream.window->floor.load(std::memory_order_acquire));
  const std::uint64_t last_tick =
      std::min(f.max_timestamp(), std::max(bounds.now + stream.max_ahead, stream.allowance_tick));
  bounds.ahead_end = f.StateOf(last_tick + 1, 0);
  bounds.ceiling = CeilingOf(stream);
  return bounds;
}

std::uint64_t Attachment::Spread(StreamKind kind, std::uint64_t now,
                                 std::uint64_t want) const noexcept {
  // A counter that is seeded at random (RFC 9562, section 6.2), with half of it left to count on.
  if (kind == StreamKind::kUuids) return PooledRandom() & (kUuidFormat.max_sequence() >> 1);
  // A block ends with its tick: half of one is always left for it.
  const bool may_carry = ids_.max_ahead != 0 && want == 1 && !relaxed_;
  return SpreadOf(ids_.format, now, region_->header().instance_id, may_carry);
}

// The file and the clock, every 10 ms of drawing, and after every pause longer than that.
DrawError Attachment::LookAfter(std::int64_t now_ns) noexcept {
  if (loss() == RegionLoss::kNone) {
    // An int64 that wraps never matters: within [next - period, next) nothing is due.
    const std::int64_t next = cache_->next_check_ns.load(std::memory_order_relaxed);
    if (now_ns < next && now_ns >= next - kCheckEveryNs) return {};
    const RegionLoss found = region_->CheckLoss();
    if (found != RegionLoss::kNone) NoteLoss(found);
  }
  if (loss() != RegionLoss::kNone) return {Code::REGION_LOST, static_cast<std::int64_t>(loss()), 0};
  if (const DrawError error = CheckClockSteps(); !error.ok()) return error;
  cache_->next_check_ns.store(now_ns + kCheckEveryNs, std::memory_order_relaxed);
  return {};
}

// A step is a change of (wall clock - CLOCK_BOOTTIME). One process counts it: who swaps the offset.
DrawError Attachment::CheckClockSteps(std::int64_t* approved_ns) noexcept {
  const std::int64_t before = clock_.BoottimeNs();
  const std::int64_t now = clock_.RealtimeNs();
  const std::int64_t after = clock_.BoottimeNs();
  if (approved_ns != nullptr) *approved_ns = now;
  std::atomic<std::int64_t>& shared = image().clock.offset_ns;
  // Relaxed: for metrics, and a jump that is refused is refused by whoever sees it.
  std::int64_t known = shared.load(std::memory_order_relaxed);
  // The least that the offset can have grown, however long the readings took.
  const std::int64_t least = now - after - known;
  if (max_forward_ms_ != 0 && least > std::int64_t{max_forward_ms_} * kNsPerMs) {
    return {Code::CLOCK_JUMP, least / kNsPerMs, std::int64_t{max_forward_ms_}};
  }
  if (after - before > kSlewNs) return {};  // preempted in between: next time
  const std::int64_t offset = now - before;
  const std::int64_t change = offset - known;
  if (change > -kSlewNs && change < kSlewNs) return {};
  if (max_forward_ms_ != 0 && change > std::int64_t{max_forward_ms_} * kNsPerMs) {
    return {Code::CLOCK_JUMP, change / kNsPerMs, std::int64_t{max_forward_ms_}};
  }
  if (!shared.compare_exchange_strong(known, offset, std::memory_order_relaxed,
                                      std::memory_order_relaxed)) {
    return {};
  }
  EventLine& events = image().events;
  if (change <= -kStepNs) events.clock_rollbacks.fetch_add(1, std::memory_order_relaxed);
  if (change >= kStepNs) events.clock_forward_jumps.fetch_add(1, std::memory_order_relaxed);
  return {};
}

bool Attachment::FinishNearLimit(StreamKind kind, std::uint64_t value) noexcept {
  DrawWindow& window = *StreamOf(kind).window;
  window.cycles.store(0, std::memory_order_relaxed);  // the next draw looks first
  if (value <= window.floor.load(std::memory_order_relaxed) ||
      value >= window.hard_limit.load(std::memory_order_relaxed)) {
    return false;
  }
  Count(1);
  return true;
}

DrawResult Attachment::Take(const DrawStream& stream, const DrawBounds& bounds, std::uint64_t want,
                            bool within_tick, Block* out, std::uint64_t* seen) noexcept {
  const IdFormat& f = stream.format;
  if (!relaxed_ || want != 1 || within_tick || &stream == &uuids_) {
    return DrawBlock(*stream.word, f, bounds, want, within_tick, out, seen);
  }
  LocalBlock& block = cache_->block;
  std::uint64_t value = 0;
  if (!retired() && block.Take(f.StateOf(bounds.now, 0), &value)) {
    *seen = value;
    *out = {value, 1};
    return DrawResult::kDrawn;
  }
  Block reserved;
  const DrawResult result = DrawBlock(*state_, f, bounds, kRelaxedBlock, true, &reserved, seen);
  if (result != DrawResult::kDrawn) return result;
  SHMFLAKE_REACH(kBlockReserved);
  block.Raise(reserved);
  *out = {reserved.first, 1};
  return result;
}

void Attachment::OpenWindow(const DrawStream& stream, std::uint64_t tsc, std::int64_t now_ns,
                            const DrawBounds& bounds, std::uint64_t state) noexcept {
  const IdFormat& f = stream.format;
  DrawWindow& window = *stream.window;
  const std::uint64_t hard = EndOfDraw(f, bounds);
  window.floor.store(state, std::memory_order_release);  // partner: BoundsAt
  window.hard_limit.store(hard, std::memory_order_relaxed);
  window.soft_limit.store(hard - std::min(hard, kSoftMargin), std::memory_order_relaxed);
  if (!has_tsc_) return;
  const std::int64_t tick_ends_ns = UnixNsOfTick(f, bounds.now + 1);
  const std::int64_t left_ns = std::min(tick_ends_ns - now_ns, kLongestWindowNs);
  const bool blocks = relaxed_ && &stream == &ids_;
  const bool room = blocks || state + 2 * kSoftMargin < hard;
  Word& cycles = blocks ? cache_->block_cycles : window.cycles;
  window.begin.store(tsc, std::memory_order_relaxed);
  cycles.store(room ? ProcessTscRate().CyclesWithin(left_ns) : 0, std::memory_order_relaxed);
}

DrawError Attachment::Explain(const DrawStream& stream, DrawResult result, const DrawBounds& bounds,
                              std::uint64_t seen) noexcept {
  const IdFormat& f = stream.format;
  const std::uint64_t tick = f.TickOf(seen & ~kRetiredBit);
  const std::uint64_t ahead = tick > bounds.now ? tick - bounds.now : 0;
  const std::int64_t allowed_ms = region_->header().max_backward_ms;
  switch (result) {
    case DrawResult::kDrawn:
      return {};
    case DrawResult::kRetired:
      // A tombstone in place of a file that shrank looks retired too.
      if (const RegionLoss found = region_->CheckLoss();
          found == RegionLoss::kTruncated || found == RegionLoss::kOverwritten) {
        loss_.store(static_cast<std::uint32_t>(found), std::memory_order_relaxed);
        return {Code::REGION_LOST, static_cast<std::int64_t>(found), 0};
      }
      return {Code::RETIRED, 0, 0};
    case DrawResult::kBackwards:
      // Older bytes of this very region were written over it: nobody may draw from them. What is
      // not ours is left alone.
      if (region_->CheckLoss() == RegionLoss::kNone) (void)RetireWords(image());
      loss_.store(static_cast<std::uint32_t>(RegionLoss::kOverwritten), std::memory_order_relaxed);
      return {Code::REGION_LOST, static_cast<std::int64_t>(RegionLoss::kOverwritten), 0};
    case DrawResult::kAhead:
      // A burst stops within a tick of the bound; what is further ahead was left by a clock set
      // back.
      return {tick > f.TickOf(bounds.ahead_end) ? Code::CLOCK_BEHIND : Code::EXHAUSTED,
              MsOfTicks(f, ahead), allowed_ms};
    case DrawResult::kCeiling:
      return {Code::CEILING,
              UnixMsOfTick(f, bounds.now) - UnixMsOfTick(f, f.TickOf(bounds.ceiling)), 0};
    case DrawResult::kTimeRange:
      return {Code::TIME_RANGE, static_cast<std::int64_t>(std::max(tick, bounds.now)),
              static_cast<std::int64_t>(f.max_timestamp())};
  }
  return {Code::SYSTEM, 0, 0};
}

DrawError Attachment::Draw(StreamKind kind, std::uint64_t want, bool within_tick, Block* out,
                           std::uint64_t* now) noexcept {
  const DrawStream& stream = StreamOf(kind);
  AdoptIfForked();
  const std::uint64_t tsc = has_tsc_ ? ReadTsc() : 0;  // before the clock: the window ends early
  std::int64_t now_ns = 0;
  DrawBounds bounds;
  std::uint64_t seen = 0;
  DrawResult result = DrawResult::kAhead;
  for (int look = 0; look < 2 && result == DrawResult::kAhead; ++look) {
    // Who was preempted since it read the clock may find that others drew on without being ahead.
    now_ns = clock_.RealtimeNs();
    if (const DrawError error = LookAfter(now_ns); !error.ok()) return error;
    (void)TickOfUnixNs(stream.format, now_ns, now);
    bounds = BoundsAt(stream, *now);
    bounds.spread = Spread(kind, bounds.now, want);
    result = Take(stream, bounds, want, within_tick, out, &seen);
  }
  if (result != DrawResult::kDrawn) return Explain(stream, result, bounds, seen);
  OpenWindow(stream, tsc, now_ns, bounds, out->first + out->count - 1);
  Count(out->count);
  return {};
}

DrawError Attachment::Inspect() noexcept {
  AdoptIfForked();
  if (const DrawError error = LookAfter(clock_.RealtimeNs()); !error.ok()) return error;
  return retired() ? Explain(ids_, DrawResult::kRetired, {}, 0) : DrawError{};
}

DrawError Attachment::Observe(std::uint64_t id) noexcept {
  IdParts parts;
  if (!SplitId(format(), id, &parts))
    return {Code::ID, static_cast<std::int64_t>(id), format().id_bits()};
  AdoptIfForked();
  const std::int64_t now_ns = clock_.RealtimeNs();
  if (const DrawError error = LookAfter(now_ns); !error.ok()) return error;
  std::uint64_t now = 0;
  (void)TickOfUnixNs(format(), now_ns, &now);
  if (parts.timestamp > now + ids_.max_ahead) {
    return {Code::TOO_FAR_AHEAD, MsOfTicks(format(), parts.timestamp - now),
            std::int64_t{region_->header().max_backward_ms}};
  }
  // The whole tick counts as issued: the next ID has a larger timestamp, whatever the worker IDs
  // are.
  const std::uint64_t value = format().StateOf(parts.timestamp, format().max_sequence());
  const DrawBounds bounds = BoundsAt(ids_, now);
  if (state_->LoadRelaxed() < bounds.floor) {
    return Explain(ids_, DrawResult::kBackwards, bounds, 0);
  }
  if (Lift(*state_, value) == DrawResult::kRetired) {
    return Explain(ids_, DrawResult::kRetired, {}, 0);
  }
  if (relaxed_) cache_->block.Raise({value, 1});  // values of the block below it are dropped
  return {};
}

std::int64_t Attachment::NsUntilRoom(StreamKind kind, const DrawError& error) noexcept {
  if (error.code != Code::EXHAUSTED) return 20'000'000;  // the clock may be set right at any moment
  const DrawStream& stream = StreamOf(kind);
  const IdFormat& f = stream.format;
  const std::uint64_t tick = f.TickOf(stream.word->LoadRelaxed() + 1);
  const std::uint64_t wanted = tick > stream.max_ahead ? tick - stream.max_ahead : 0;
  const std::int64_t wait = UnixNsOfTick(f, wanted) - clock_.RealtimeNs();
  return std::clamp<std::int64_t>(wait, 20'000, 20'000'000);
}

}  // namespace shmflake
