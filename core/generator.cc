// SPDX-License-Identifier: Apache-2.0
#include "core/generator.h"

#include <algorithm>
#include <cstring>

#include "core/maintenance_thread.h"
#include "core/segment_fetch.h"

namespace shmflake {
namespace {

// Less is no time to ask a store once more: a pause, and then its answer.
constexpr std::int64_t kLeastPatienceNs = 70 * kNsPerMs;

constexpr std::int64_t kFollowPauseNs = 100 * kNsPerMs;
// What hinders the birth of the next region, and may have passed before the call's deadline.
bool MayPass(Code code) {
  return code == Code::STORE_UNAVAILABLE || code == Code::STORE_LOCKED ||
         code == Code::WORKER_HELD || code == Code::WORKERS_EXHAUSTED || code == Code::RECOVERY;
}

bool IsAboutTime(Code code) { return code == Code::EXHAUSTED || code == Code::CLOCK_BEHIND; }
bool IsAboutRegion(Code code) { return code == Code::RETIRED || code == Code::REGION_LOST; }

}  // namespace

Generator::Generator(Settings settings, std::unique_ptr<Logger> logger, Clock& clock)
    : settings_(std::move(settings)), clock_(clock), logger_(std::move(logger)) {}

Generator::~Generator() {
  thread_.reset();
  delete current_.load(std::memory_order_acquire);
}

MaintenanceThread* Generator::thread() const noexcept {
  return thread_ != nullptr && thread_->alive() ? thread_.get() : nullptr;
}

std::int64_t Generator::DefaultDeadline() noexcept {
  return clock_.MonotonicNs() + settings_.wait_timeout_ms.value * kNsPerMs;
}

OpenContext Generator::ContextUntil(std::int64_t deadline_ns) noexcept {
  OpenContext context;
  context.settings = &settings_;
  context.clock = &clock_;
  context.logger = logger_.get();
  context.deadline_ns = deadline_ns;
  return context;
}

Status Generator::AttachNew(std::unique_ptr<Region> region) {
  auto attachment = std::make_unique<Attachment>(clock_);
  SHMFLAKE_RETURN_IF_ERROR(attachment->Start(std::move(region), settings_.max_forward_ms.value));
  const EventLine& events = attachment->image().events;
  seen_rollbacks_.store(events.clock_rollbacks.load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
  seen_jumps_.store(events.clock_forward_jumps.load(std::memory_order_relaxed),
                    std::memory_order_relaxed);
  attachment->Keep(std::unique_ptr<Attachment>(current_.load(std::memory_order_relaxed)));
  current_.store(attachment.release(), std::memory_order_release);  // partner: current()
  return Status::Ok();
}

Status Generator::Open(bool attach_only) {
  std::unique_ptr<Region> region;
  const OpenContext context = ContextUntil(DefaultDeadline());
  SHMFLAKE_RETURN_IF_ERROR(attach_only ? AttachRegion(context, &region)
                                       : OpenRegion(context, &region));
  SHMFLAKE_RETURN_IF_ERROR(AttachNew(std::move(region)));
  if (!settings_.background_thread.value) return Status::Ok();
  thread_ = std::make_unique<MaintenanceThread>();
  return thread_->Start(settings_.horizon_ms.value * kNsPerMs / 8, [this] { Maintain(); });
}

void Generator::Maintain() {
  Attachment& attachment = current();
  const std::int64_t deadline_ns = DefaultDeadline();
  Status status;
  if (const DrawError error = attachment.Inspect(); IsAboutRegion(error.code)) {
    status = Follow(attachment, error, deadline_ns);
  } else {
    status = ExtendIfDue(attachment, false, deadline_ns);
  }
  if (!status.ok()) NoteStoreError(status);
  NoteClockEvents(attachment);
}

bool Generator::FinishFast(StreamKind kind, Attachment& from, FastResult fast,
                           std::uint64_t value) noexcept {
  switch (fast) {
    case FastResult::kDrawn:
      return true;
    case FastResult::kUncounted:  // no slot, or a thread without a stripe of its own
      from.Count(1);
      return true;
    case FastResult::kNearLimit:
      return from.FinishNearLimit(kind, value);
    case FastResult::kSlow:
      return false;
  }
  return false;
}

bool Generator::FinishFastId(Attachment& from, FastResult fast, std::uint64_t spare,
                             std::uint64_t* id) noexcept {
  if (!FinishFast(StreamKind::kIds, from, fast, spare)) return false;
  if (fast == FastResult::kNearLimit) *id = from.IdOf(spare);  // else the fast draw wrote it
  return true;
}

DrawError Generator::TryNextAfter(Attachment& from, FastResult fast, std::uint64_t spare,
                                  std::uint64_t* id) noexcept {
  if (FinishFastId(from, fast, spare, id)) return {};
  Attachment& attachment = current();
  Block block;
  std::uint64_t now = 0;
  const DrawError error = attachment.Draw(StreamKind::kIds, 1, false, &block, &now);
  if (error.ok()) {
    *id = attachment.IdOf(block.first);
  } else {
    attachment.CountRefusal();
  }
  return error;
}

Status Generator::NextAfter(Attachment& from, FastResult fast, std::uint64_t spare,
                            std::uint64_t* id) {
  if (FinishFastId(from, fast, spare, id)) return Status::Ok();
  Block block;
  Attachment* drawn_from = nullptr;
  SHMFLAKE_RETURN_IF_ERROR(DrawBlock(1, false, &block, &drawn_from));
  *id = drawn_from->IdOf(block.first);
  return Status::Ok();
}

Status Generator::UuidAfter(Attachment& from, FastResult fast, std::uint64_t* state) {
  if (FinishFast(StreamKind::kUuids, from, fast, *state)) return Status::Ok();
  std::size_t filled = 0;
  return UuidN(1, &filled, [state](std::size_t /*i*/, std::uint64_t value) { *state = value; });
}

DrawError Generator::DrawNowait(StreamKind kind, Attachment** from, std::uint64_t* value) noexcept {
  Attachment& attachment = current();
  *from = &attachment;
  // Looked at before the draw, so that nothing is lost by refusing.
  const bool extension_due =
      MustExtend(attachment) &&
      clock_.MonotonicNs() >= next_attempt_ns_.load(std::memory_order_relaxed);
  Block block;
  std::uint64_t now = 0;
  if (extension_due || !attachment.Draw(kind, 1, false, &block, &now).ok()) {
    return {Code::WOULD_WAIT, 0, 0};
  }
  *value = block.first;
  return {};
}

DrawError Generator::NextNowaitAfter(Attachment& from, FastResult fast, std::uint64_t spare,
                                     std::uint64_t* id) noexcept {
  if (FinishFastId(from, fast, spare, id)) return {};
  Attachment* drawn_from = nullptr;
  std::uint64_t value = 0;
  const DrawError error = DrawNowait(StreamKind::kIds, &drawn_from, &value);
  if (error.ok()) *id = drawn_from->IdOf(value);
  return error;
}

DrawError Generator::UuidNowaitAfter(Attachment& from, FastResult fast,
                                     std::uint64_t* state) noexcept {
  if (FinishFast(StreamKind::kUuids, from, fast, *state)) return {};
  Attachment* drawn_from = nullptr;
  return DrawNowait(StreamKind::kUuids, &drawn_from, state);
}

DrawError Generator::TryNext(std::uint64_t* id) noexcept {
  Attachment& from = current();
  std::uint64_t spare = 0;
  const FastResult fast = from.FastDraw(id, &spare);
  return TryNextAfter(from, fast, spare, id);
}

Status Generator::Next(std::uint64_t* id) {
  Attachment& from = current();
  std::uint64_t spare = 0;
  const FastResult fast = from.FastDraw(id, &spare);
  return NextAfter(from, fast, spare, id);
}

Status Generator::NextBlock(std::uint64_t want, std::uint64_t* first, std::uint64_t* count) {
  if (current().format().id_step() != 1) {  // the values between are other workers'
    return Fail(Code::LAYOUT,
                "a block needs a layout with the sequence in the lowest bits; this one is %s: use "
                "next_n",
                DescribeFormat(current().format()).c_str());
  }
  Block block;
  Attachment* from = nullptr;
  SHMFLAKE_RETURN_IF_ERROR(DrawBlock(want, true, &block, &from));
  *first = from->IdOf(block.first);
  *count = block.count;
  return Status::Ok();
}

Status Generator::DrawBlock(std::uint64_t want, bool within_tick, Block* block, Attachment** from) {
  return InOneProcess([&] {
    Deadline deadline(*this);
    return DrawOrWait(StreamKind::kIds, want, within_tick, &deadline, block, from);
  });
}

Status Generator::NextN(std::uint64_t* ids, std::size_t n, std::size_t* filled) {
  return InOneProcess([&] { return NextNOnce(ids, n, filled); });
}

Status Generator::NextNOnce(std::uint64_t* ids, std::size_t n, std::size_t* filled) {
  Deadline deadline(*this);
  *filled = 0;
  while (*filled < n) {
    Block block;
    Attachment* from = nullptr;
    // A last single one must not come from the local block, whose values are older: ascending.
    const bool last_one = *filled != 0 && n - *filled == 1;
    SHMFLAKE_RETURN_IF_ERROR(
        DrawOrWait(StreamKind::kIds, n - *filled, last_one, &deadline, &block, &from));
    const std::uint64_t last_of_tick = from->format().max_sequence();
    while (block.count > 0) {
      // Within a tick IDs are contiguous: one conversion, then additions that vectorise.
      const std::uint64_t run =
          std::min(block.count, last_of_tick - (block.first & last_of_tick) + 1);
      const std::uint64_t id = from->IdOf(block.first);
      const std::uint64_t step = from->format().id_step();
      std::uint64_t* out = ids + *filled;
      for (std::uint64_t i = 0; i < run; ++i) out[i] = id + i * step;
      *filled += run;
      block.first += run;
      block.count -= run;
    }
  }
  return Status::Ok();
}

DrawError Generator::Watermark(std::uint64_t* id) noexcept {
  Attachment& attachment = current();
  if (attachment.region().header().ordering == static_cast<std::uint32_t>(Ordering::kRelaxed)) {
    return {Code::OPTION, 0, 0};
  }
  if (const DrawError error = attachment.Inspect(); IsAboutRegion(error.code)) return error;
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  if ((state & kRetiredBit) != 0) return {Code::RETIRED, 0, 0};
  *id = attachment.IdOf(state);
  return {};
}

bool Generator::Sleep(Attachment& attachment, std::int64_t ns, std::int64_t deadline_ns) noexcept {
  const std::int64_t left = deadline_ns - clock_.MonotonicNs();
  if (left <= 0) return false;
  attachment.CountWait();
  clock_.Sleep(std::min(ns, left));
  return true;
}

Status Generator::DrawOrWait(StreamKind kind, std::uint64_t want, bool within_tick,
                             Deadline* deadline, Block* block, Attachment** from) {
  for (bool overtime = false;;) {
    Attachment& attachment = current();
    std::uint64_t now = 0;
    const DrawError error = attachment.Draw(kind, want, within_tick, block, &now);
    Status failure;
    bool again = false;
    if (error.ok()) {
      *from = &attachment;
      // The draw is done: what goes wrong now is the next one's to report.
      if (kind == StreamKind::kUuids) now = attachment.NowTick();  // in the lease's ticks
      if (PlanFor(attachment, now) != 0) {
        if (const Status status = ExtendIfDue(attachment, false, deadline->ns()); !status.ok()) {
          NoteStoreError(status);
        }
      }
      NoteClockEvents(attachment);
      return Status::Ok();
    }
    if (IsAboutTime(error.code)) {
      again = Sleep(attachment, attachment.NsUntilRoom(kind, error), deadline->ns());
    } else if (error.code == Code::CEILING) {
      RisingWord& ceiling = attachment.image().ceiling;
      const std::uint64_t before = ceiling.LoadRelaxed();
      failure = ExtendIfDue(attachment, true, deadline->ns());
      // After LEASE_LOST the region is retired: it is followed.
      if (ceiling.LoadRelaxed() > before || failure.code() == Code::LEASE_LOST) {
        // Past the deadline it is worth one look: the clock may have passed this ceiling as well.
        again = !overtime;
        overtime = clock_.MonotonicNs() >= deadline->ns();
      } else {
        // A store that fails is asked again, but not at every tick by everybody, not for what time
        // does not mend, and not with so little time left that this would be all that it says.
        const bool ask_again =
            !IsLasting(failure.code()) &&
            (failure.ok() || deadline->ns() - clock_.MonotonicNs() > kLeastPatienceNs);
        again = ask_again &&
                Sleep(attachment, failure.ok() ? 2 * kNsPerMs : 20 * kNsPerMs, deadline->ns());
      }
    } else if (IsAboutRegion(error.code)) {
      failure = Follow(attachment, error, deadline->ns());
      again = failure.ok() ||
              (MayPass(failure.code()) &&
               deadline->ns() - clock_.MonotonicNs() > kFollowPauseNs + kLeastPatienceNs &&
               Sleep(attachment, kFollowPauseNs, deadline->ns()));
    }
    if (again) continue;
    attachment.CountRefusal();
    if (failure.ok()) return {error.code, DescribeDrawError(error)};
    return {failure.code(), DescribeDrawError(error) + "; " + failure.message()};
  }
}

}  // namespace shmflake
