// SPDX-License-Identifier: Apache-2.0
// The generator's rare work: extending the lease, and following a retired or lost region.
#include <algorithm>
#include <cstring>

#include "core/election.h"
#include "core/failpoint.h"
#include "core/generator.h"
#include "core/region_open.h"
#include "core/uuid_format.h"

namespace shmflake {
namespace {

constexpr std::int64_t kFirstBackoffNs = 20 * kNsPerMs;
constexpr std::int64_t kLongestBackoffNs = 2'000 * kNsPerMs;
// How long a draw that still has room lets the store keep it waiting; one that is shared is behind a
// network, and a connection with TLS takes some round trips.
constexpr std::uint32_t kPatienceMs = 100;
constexpr std::uint32_t kSharedPatienceMs = 500;
// How long those who stand at the ceiling wait for the elected process before they elect another
// beside it.
constexpr std::int64_t kElectedNs = 100 * kNsPerMs;

}  // namespace

BusyFlag::BusyFlag(std::atomic<std::uint32_t>& flag, Clock& clock, std::int64_t deadline_ns)
    : flag_(flag) {
  for (;;) {
    std::uint32_t free = 0;
    // Acquire, partner: the release in the destructor: what the last holder did is seen.
    taken_ = flag_.compare_exchange_strong(free, 1, std::memory_order_acquire,
                                           std::memory_order_relaxed);
    if (taken_ || clock.MonotonicNs() >= deadline_ns) return;
    clock.Sleep(kNsPerMs / 2);
  }
}

BusyFlag::~BusyFlag() {
  if (taken_) flag_.store(0, std::memory_order_release);
}

void StoreErrorNote::Write(const std::string& text) noexcept {
  char bytes[kWords * 8] = {};
  text.copy(bytes, sizeof(bytes) - 1);
  std::uint32_t version = version_.load(std::memory_order_relaxed);
  // A writer that finds another at work leaves its words unsaid: the other's are as good.
  if ((version & 1) != 0 ||
      !version_.compare_exchange_strong(version, version + 1, std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
    return;
  }
  for (std::size_t i = 0; i < kWords; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i * 8, 8);
    words_[i].store(word, std::memory_order_release);
  }
  version_.store(version + 2, std::memory_order_release);  // partner: the acquire in Read
}

std::string StoreErrorNote::Read() const {
  char bytes[kWords * 8 + 1] = {};
  for (int tries = 0; tries < 8; ++tries) {
    const std::uint32_t before = version_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < kWords; ++i) {
      // Acquire: a word of a later Write brings that Write's odd version into view.
      const std::uint64_t word = words_[i].load(std::memory_order_acquire);
      std::memcpy(bytes + i * 8, &word, 8);
    }
    if ((before & 1) == 0 && version_.load(std::memory_order_relaxed) == before) return bytes;
  }
  return {};
}

std::uint64_t Generator::PlanFor(Attachment& attachment, std::uint64_t now) noexcept {
  const Header& header = attachment.region().header();
  const IdFormat& format = attachment.format();
  const std::uint64_t state = attachment.image().state.LoadRelaxed();
  if ((state & kRetiredBit) != 0) return 0;
  LeaseView view;
  view.now = now;
  const std::uint64_t uuid = attachment.image().uuid_state.LoadRelaxed() & ~kRetiredBit;
  view.state = std::max(format.TickOf(state + 1), TickAfterUuid(format, uuid));
  view.ceiling = format.TickOf(attachment.image().ceiling.LoadRelaxed());
  view.birth = header.allowance_tick != 0 ? header.birth_tick : 0;
  view.allowance_tick = header.allowance_tick;
  return PlanExtension(attachment.terms(), format, view);
}

Status Generator::ExtendIfDue(Attachment& attachment, bool must, std::int64_t deadline_ns) {
  if (!MustExtend(attachment)) return Status::Ok();
  const std::int64_t began_ns = clock_.MonotonicNs();
  if (began_ns < next_attempt_ns_.load(std::memory_order_relaxed) && !must) return Status::Ok();
  const BusyFlag busy(attachment.cache().busy, clock_, must ? deadline_ns : 0);
  if (!busy.taken()) {
    if (!must) return Status::Ok();
    return Fail(Code::CEILING, "another thread is extending the lease, and was not done in time");
  }
  const std::int64_t patience_ns =
      std::clamp<std::int64_t>((deadline_ns - began_ns) / 2, kNsPerMs, kElectedNs);
  Election election(attachment.region(), kExtendLockByte);
  const bool go_on = election.Wait(
      clock_, must, deadline_ns, [&] { return MustExtend(attachment); },
      [&] {
        const std::int64_t waited_ns = clock_.MonotonicNs() - began_ns;
        return must ? std::min(1 + waited_ns / patience_ns, kExtendLevels) : 1;
      });
  if (!go_on || !MustExtend(attachment)) return Status::Ok();
  SHMFLAKE_REACH(kExtendElected);
  const std::int64_t left_ms = (deadline_ns - clock_.MonotonicNs()) / kNsPerMs;
  const auto patience = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left_ms, 1, 3'600'000));
  const auto kind = static_cast<StoreKind>(attachment.region().header().store_kind);
  return ExtendNow(
      attachment,
      must ? patience : std::min(patience, IsShared(kind) ? kSharedPatienceMs : kPatienceMs));
}

Status Generator::ExtendNow(Attachment& attachment, std::uint32_t busy_timeout_ms) {
  const FileSizeSignalBlock no_signal;
  const Header& header = attachment.region().header();
  const IdFormat& format = attachment.format();
  std::int64_t now_ns = 0;
  if (const DrawError error = attachment.CheckClockSteps(&now_ns); !error.ok()) {
    return {error.code, DescribeDrawError(error)};  // a wrong jump would be persisted
  }
  std::uint64_t now = 0;
  (void)TickOfUnixNs(format, now_ns, &now);  // of the reading that was approved, and no other
  const std::uint64_t wanted = PlanFor(attachment, now);
  if (wanted == 0) return Status::Ok();
  std::unique_ptr<Store> store;
  std::uint64_t granted = 0;
  Status status = OpenKnownStoreOf(header, settings_, busy_timeout_ms, &store);
  LeaseKey key = LeaseKeyOf(header);
  key.known_horizon = format.TickOf(attachment.image().ceiling.LoadRelaxed());
  if (status.ok()) status = store->Extend(key, wanted, &granted);
  const bool is_retired = (attachment.image().state.LoadRelaxed() & kRetiredBit) != 0;
  if (status.code() == Code::STORE_BACKWARDS && is_retired) {
    // Who retired it has given the rest back.
    status = Fail(Code::LEASE_LOST, "the region was retired meanwhile");
  }
  EventLine& events = attachment.image().events;
  if (status.ok()) {
    SHMFLAKE_REACH(kExtendGranted);
    attachment.image().ceiling.RaiseRelaxed(format.StateOf(granted, 0));
    SHMFLAKE_REACH(kExtendPublished);
    events.lease_extensions.fetch_add(1, std::memory_order_relaxed);
    backoff_ns_.store(0, std::memory_order_relaxed);
    next_attempt_ns_.store(0, std::memory_order_relaxed);
    if (logger_ != nullptr) {
      logger_->Log(LogLevel::kDebug, "lease_extended",
                   {{"name", header.name}, {"horizon_tick", std::to_string(granted)}});
    }
    return status;
  }
  events.lease_failures.fetch_add(1, std::memory_order_relaxed);
  NoteStoreError(status);
  const std::int64_t backoff_ns = std::clamp(backoff_ns_.load(std::memory_order_relaxed) * 2,
                                             kFirstBackoffNs, kLongestBackoffNs);
  backoff_ns_.store(backoff_ns, std::memory_order_relaxed);
  // Jitter: half to all of it, so that the processes of a host do not ask in step.
  const auto jitter = static_cast<std::int64_t>(RandomU64() >> 1) % (backoff_ns / 2);
  next_attempt_ns_.store(clock_.MonotonicNs() + backoff_ns / 2 + jitter, std::memory_order_relaxed);
  if (logger_ != nullptr) {
    logger_->Log(
        LogLevel::kWarning, "lease_not_extended",
        {{"name", header.name}, {"error", CodeName(status.code())}, {"message", status.message()}});
  }
  if (status.code() == Code::LEASE_LOST) {
    // Another region has the worker ID: whoever draws next follows to a new one.
    (void)RetireWords(attachment.image());
  }
  return status;
}

void Generator::NoteStoreError(const Status& status) noexcept {
  store_error_.Write(status.message());
}

// What is to be done with the region behind us, so that its successor may be born.
void Generator::Leave(Attachment& from, const DrawError& why, std::int64_t deadline_ns) {
  Region& region = from.region();
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kWarning, why.code == Code::RETIRED ? "region_left" : "region_lost",
                 {{"name", region.header().name}, {"why", DescribeDrawError(why)}});
  }
  if (from.loss() == RegionLoss::kRemoved) {
    // The file has no name any more, but its words are whole: it is retired properly.
    if (const Status status = RetireRegion(ContextUntil(deadline_ns), &region); !status.ok()) {
      NoteStoreError(status);
    }
  } else if (from.loss() == RegionLoss::kTruncated || from.loss() == RegionLoss::kOverwritten) {
    // Its words cannot be trusted: nothing is given back, the next region starts at the horizon.
    LockFile lock_file;
    const Header& header = region.header();
    if (lock_file
            .Open(settings_.state_directory.value, header.id_namespace, header.file_mode,
                  header.group_id, false)
            .ok() &&
        lock_file.LockCreation(deadline_ns).ok()) {
      (void)lock_file.RecordRetired(header.instance_id);
      lock_file.UnlockCreation();
    }
  }
}

// Where the next region was removed in its turn, those who are in it notice when they draw: until
// then they are waited for, as long as the call may.
Status Generator::OpenNext(const OpenContext& context, std::unique_ptr<Region>* out) {
  for (std::int64_t pause_ns = kNsPerMs;;) {
    Status status = OpenRegion(context, out);
    if (status.code() != Code::SPLIT_BRAIN || clock_.MonotonicNs() >= context.deadline_ns) {
      return status;
    }
    clock_.Sleep(pause_ns);
    pause_ns = std::min(2 * pause_ns, 50 * kNsPerMs);
  }
}

Status Generator::Follow(Attachment& from, const DrawError& why, std::int64_t deadline_ns) {
  const BusyFlag busy(from.cache().busy, clock_, deadline_ns);
  if (&current() != &from) return Status::Ok();  // another thread did it
  if (!busy.taken()) {
    return Fail(Code::TIMEOUT, "another thread is still following to the next region");
  }
  if (why.code == Code::RETIRED) {
    const RegionLoss found = from.region().CheckLoss();
    if (found == RegionLoss::kNone) {
      // Tags and UUIDs are retired before the state word: who did it may have been killed in
      // between.
      (void)RetireWords(from.image());
    } else if (found == RegionLoss::kRemoved) {
      // Who noticed first that the file is gone retired the words, and may not have recorded it yet.
      from.NoteLoss(found);
    }
  }
  Leave(from, why, deadline_ns);
  InheritSettings(from.region().header(), &settings_);
  OpenContext context = ContextUntil(deadline_ns);
  if (from.loss() == RegionLoss::kNone || from.loss() == RegionLoss::kRemoved) {
    // What the words hold above the ceiling was never issued: something else wrote it.
    const RegionImage& image = from.image();
    // Partner: the fence in RetireWords. Who saw the retired bit sees the UUIDs at their end.
    std::atomic_thread_fence(std::memory_order_acquire);
    const IdFormat& format = from.format();
    const std::uint64_t ceiling = format.TickOf(image.ceiling.LoadRelaxed());
    context.floor_tick = std::min(
        ceiling, FirstTickAbove(format, image.state.LoadRelaxed(), image.uuid_state.LoadRelaxed()));
  }
  std::unique_ptr<Region> region;
  SHMFLAKE_RETURN_IF_ERROR(OpenNext(context, &region));
  SHMFLAKE_RETURN_IF_ERROR(AttachNew(std::move(region)));
  // Somebody else may have created it, who did not know how far this one came.
  if (context.floor_tick != 0 && current().format() == from.format()) {
    const std::uint64_t last = from.format().StateOf(context.floor_tick, 0) - 1;
    (void)current().Observe(current().IdOf(last));  // where that is not too far ahead
  }
  from.region().Unlock();
  // A thread that is still in the region before that one has been for the time of two regions.
  if (Attachment* old = from.previous(); old != nullptr) old->ReleaseFiles();
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kInfo, "region_followed", {{"path", current().region().path()}});
  }
  return Status::Ok();
}

void Generator::NoteClockEvents(Attachment& attachment) {
  const EventLine& events = attachment.image().events;
  const std::uint64_t rollbacks = events.clock_rollbacks.load(std::memory_order_relaxed);
  const std::uint64_t jumps = events.clock_forward_jumps.load(std::memory_order_relaxed);
  // Looked at before it is written: this runs once a tick.
  if (seen_rollbacks_.load(std::memory_order_relaxed) == rollbacks &&
      seen_jumps_.load(std::memory_order_relaxed) == jumps) {
    return;
  }
  const bool rolled = seen_rollbacks_.exchange(rollbacks, std::memory_order_relaxed) < rollbacks;
  const bool jumped = seen_jumps_.exchange(jumps, std::memory_order_relaxed) < jumps;
  if (logger_ == nullptr || (!rolled && !jumped)) return;
  if (rolled) {
    logger_->Log(LogLevel::kWarning, "clock_rollback", {{"count", std::to_string(rollbacks)}});
  }
  if (jumped) {
    logger_->Log(LogLevel::kWarning, "clock_forward_jump", {{"count", std::to_string(jumps)}});
  }
}

Status RetireByName(const Settings& settings, Clock& clock, Logger* logger) {
  const OpenContext context = RetiringContext(settings, clock, logger);
  std::unique_ptr<Region> region;
  SHMFLAKE_RETURN_IF_ERROR(AttachRegion(context, &region));
  return RetireRegion(context, region.get());
}

}  // namespace shmflake
