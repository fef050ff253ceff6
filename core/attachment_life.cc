// SPDX-License-Identifier: Apache-2.0
// The life of an attachment: its cache, its slot, and the child of a fork.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "core/attachment.h"
#include "core/lease.h"
#include "core/uuid_format.h"

namespace shmflake {
namespace {

SlotIdentity Myself(std::int64_t now_ns) noexcept {
  SlotIdentity identity;
  do {
    identity.token = RandomU64();
  } while (identity.token == 0);
  identity.pid = static_cast<std::uint64_t>(::getpid());
  identity.attached_unix_ms = now_ns / kNsPerMs;
  (void)::prctl(PR_GET_NAME, identity.command);  // at most 16 bytes, with the zero
  return identity;
}

// Copied by a fork, and counted on in the child: not the number that its parent had.
std::uint32_t NextIncarnation() noexcept {
  static std::atomic<std::uint32_t> last{0};
  std::uint32_t next = 0;
  while (next == 0) next = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return next;
}

}  // namespace

Status Attachment::Start(std::unique_ptr<Region> region, std::uint32_t max_forward_ms) {
  region_ = std::move(region);
  const IdFormat& format = region_->format();
  const Header& header = region_->header();
  state_ = &image().state;
  // Where the worker ID is last, the whole state value goes before it.
  const bool worker_last = format.order == FieldOrder::kWorkerLast;
  sequence_mask_ = worker_last ? 0 : format.max_sequence();
  worker_bits_ = format.worker_bits();
  worker_part_ = std::uint64_t{header.worker_id} << (worker_last ? 0 : format.sequence_bits);
  relaxed_ = header.ordering == 2;
  terms_ = MakeLeaseTerms(format, header.horizon_ms, 1);  // recovery is a birth's matter
  max_forward_ms_ = max_forward_ms;
  has_tsc_ = clock_.HasTsc();
  SHMFLAKE_RETURN_IF_ERROR(page_.Make());
  cache_ = new (page_.data()) DrawCache();
  InitStreams();
  // A raw clone() skips the fallback's handler: a block must then not be cached at all.
  relaxed_ = relaxed_ && page_.wiped_by_kernel();
  if (has_tsc_) (void)ProcessTscRate().CyclesWithin(0);  // the measurement's first reading
  Slot* slot = ClaimSlot(image().slots, region_->fd(), Myself(clock_.RealtimeNs()));
  cache_->slot.store(slot, std::memory_order_relaxed);
  cache_->adopted.store(NextIncarnation(), std::memory_order_release);
  return Status::Ok();
}

void Attachment::InitStreams() noexcept {
  const IdFormat& format = region_->format();
  const Header& header = region_->header();
  ids_.Init(format, &image().state, &cache_->window);
  ids_.birth_state = BirthState(header);
  ids_.allowance_tick = header.allowance_tick;
  ids_.max_ahead = TicksOfMs(format, header.max_backward_ms);
  uuids_.Init(kUuidFormat, &image().uuid_state, &cache_->uuid_window);
  uuids_.birth_state = UuidBirthState(header);
  uuids_.allowance_tick =
      header.allowance_tick == 0 ? 0 : UuidMsOfTick(format, header.allowance_tick);
  uuids_.max_ahead = header.max_backward_ms;
}

Attachment::~Attachment() {
  if (cache_ != nullptr) ReleaseFiles();
}

void Attachment::ReleaseFiles() noexcept {
  Slot* slot = cache_->slot.exchange(nullptr, std::memory_order_relaxed);
  // Not on a file of the program's that has the number now.
  if (slot != nullptr && region_->OwnsFd()) ReleaseSlot(image().slots, region_->fd(), slot);
  region_->CloseFiles();
}

// In a child. Other threads, and a signal handler that interrupts this, draw on without counters.
void Attachment::Adopt() noexcept {
  std::uint32_t nobody = 0;
  if (!cache_->adopting.compare_exchange_strong(nobody, 1, std::memory_order_relaxed,
                                                std::memory_order_relaxed)) {
    return;
  }
  const int saved_errno = errno;
  if (region_->AdoptInChild()) {
    Slot* slot = ClaimSlot(image().slots, region_->fd(), Myself(clock_.RealtimeNs()));
    cache_->slot.store(slot, std::memory_order_relaxed);
  }
  cache_->adopted.store(NextIncarnation(), std::memory_order_release);  // partner: AdoptIfForked
  errno = saved_errno;
}

void Attachment::CountWait() noexcept {
  Slot* slot = cache_->slot.load(std::memory_order_relaxed);
  if (slot != nullptr) slot->waits.fetch_add(1, std::memory_order_relaxed);
}

void Attachment::CountRefusal() noexcept {
  Slot* slot = cache_->slot.load(std::memory_order_relaxed);
  if (slot != nullptr) slot->refusals.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace shmflake
