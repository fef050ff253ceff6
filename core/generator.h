// SPDX-License-Identifier: Apache-2.0
// The facade: draws that wait, extend the lease and follow a retired region.
//
// Thread safety: any threads, but Open and the destructor. TryNext, Observe and Watermark are
// async-signal-safe and never block; the others may sleep, take file locks and write to a store,
// never longer than wait_timeout_ms.
#ifndef SHMFLAKE_CORE_GENERATOR_H_
#define SHMFLAKE_CORE_GENERATOR_H_

#include <atomic>
#include <memory>
#include <string>

#include "core/attachment.h"
#include "core/lease.h"
#include "core/logger.h"
#include "core/options.h"
#include "core/region_open.h"

namespace shmflake {

// The last words of the store, readable while they are being replaced.
class StoreErrorNote {
 public:
  void Write(const std::string& text) noexcept;
  [[nodiscard]] std::string Read() const;

 private:
  static constexpr std::size_t kWords = 24;
  // Odd while being written. A sequence lock: the reader tries again, and gives up after some
  // tries.
  std::atomic<std::uint32_t> version_{0};
  std::atomic<std::uint64_t> words_[kWords] = {};
};

class MaintenanceThread;

class Generator {
 public:
  Generator(Settings settings, std::unique_ptr<Logger> logger, Clock& clock = SystemClock());
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Attaches or, unless attach_only, creates.
  Status Open(bool attach_only);

  // The hot path is current().FastDraw; these two take over where it ended, on the same attachment.
  // `fast` says how, `spare` is the value that it may have left.
  [[nodiscard]] DrawError TryNextAfter(Attachment& from, FastResult fast, std::uint64_t spare,
                                       std::uint64_t* id) noexcept;
  Status NextAfter(Attachment& from, FastResult fast, std::uint64_t spare, std::uint64_t* id);
  // WOULD_WAIT where NextAfter would sleep, ask the store, follow or fail; nothing is drawn then.
  [[nodiscard]] DrawError NextNowaitAfter(Attachment& from, FastResult fast, std::uint64_t spare,
                                          std::uint64_t* id) noexcept;
  Status Next(std::uint64_t* id);
  [[nodiscard]] DrawError TryNext(std::uint64_t* id) noexcept;

  // State values for UUIDv7 and ULID (uuid_format.h), as Next and NextN give IDs; the hot path is
  // current().FastUuid, which leaves *state.
  Status UuidAfter(Attachment& from, FastResult fast, std::uint64_t* state);
  [[nodiscard]] DrawError UuidNowaitAfter(Attachment& from, FastResult fast,
                                          std::uint64_t* state) noexcept;
  // Calls use(i, state) for i = 0..n-1, ascending. *filled counts those that are valid, also on
  // failure.
  template <typename Use>
  Status UuidN(std::size_t n, std::size_t* filled, Use&& use) {
    return InOneProcess([&]() -> Status {
      Deadline deadline(*this);
      for (*filled = 0; *filled < n;) {
        Block block;
        Attachment* from = nullptr;
        SHMFLAKE_RETURN_IF_ERROR(
            DrawOrWait(StreamKind::kUuids, n - *filled, false, &deadline, &block, &from));
        for (std::uint64_t i = 0; i < block.count; ++i) use((*filled)++, block.first + i);
      }
      return Status::Ok();
    });
  }

  // *filled counts the valid IDs, also on failure.
  Status NextN(std::uint64_t* ids, std::size_t n, std::size_t* filled);
  Status NextBlock(std::uint64_t want, std::uint64_t* first, std::uint64_t* count);

  [[nodiscard]] DrawError Observe(std::uint64_t id) noexcept { return current().Observe(id); }
  [[nodiscard]] DrawError Watermark(std::uint64_t* id) noexcept;

  // Acquire, partner: the release in Follow. Without it a thread could use an attachment that is
  // not whole.
  [[nodiscard]] Attachment& current() const noexcept {
    return *current_.load(std::memory_order_acquire);
  }
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] std::string last_store_error() const { return store_error_.Read(); }

  // What the background thread does at intervals: extends the lease, follows a retired region.
  void Maintain();

  // ---- For those who draw something else from the region (segment_generator.h)

  // Goes on to the region after `from`, which was retired or lost.
  Status Follow(Attachment& from, const DrawError& why, std::int64_t deadline_ns);
  [[nodiscard]] std::int64_t DefaultDeadline() noexcept;
  // False when the deadline has passed.
  [[nodiscard]] bool Sleep(Attachment& attachment, std::int64_t ns,
                           std::int64_t deadline_ns) noexcept;
  // Runs a call that may log. A log function may fork, and both sides return from it: what was drawn
  // before is the parent's, and the child starts the call anew.
  template <typename Call>
  Status InOneProcess(Call&& call) {
    for (;;) {
      Attachment& began_with = current();  // it is kept until close
      began_with.AdoptIfForked();
      const std::uint32_t before = began_with.incarnation();
      Status status = call();
      if (began_with.incarnation() == before) return status;
    }
  }
  [[nodiscard]] Logger* logger() const noexcept { return logger_.get(); }
  // Null unless background_thread is on. Null in a forked child, too: it has a copy of the object,
  // whose mutex nobody may release.
  [[nodiscard]] MaintenanceThread* thread() const noexcept;

 private:
  // Most draws need none: the clock is asked when somebody is about to wait.
  class Deadline {
   public:
    explicit Deadline(Generator& generator) : generator_(generator) {}
    [[nodiscard]] std::int64_t ns() noexcept {
      if (ns_ == 0) ns_ = generator_.DefaultDeadline();
      return ns_;
    }

   private:
    Generator& generator_;
    std::int64_t ns_ = 0;
  };

  // Whether the draw of the value is done without reading the clock.
  [[nodiscard]] static bool FinishFast(StreamKind kind, Attachment& from, FastResult fast,
                                       std::uint64_t value) noexcept;
  Status NextNOnce(std::uint64_t* ids, std::size_t n, std::size_t* filled);
  // The same of an ID, which is written to *id.
  [[nodiscard]] static bool FinishFastId(Attachment& from, FastResult fast, std::uint64_t spare,
                                         std::uint64_t* id) noexcept;
  // One value without any waiting, or WOULD_WAIT.
  [[nodiscard]] DrawError DrawNowait(StreamKind kind, Attachment** from,
                                     std::uint64_t* value) noexcept;
  // One step of IDs, as a whole call.
  Status DrawBlock(std::uint64_t want, bool within_tick, Block* block, Attachment** from);
  // One step of any size, with all the waiting. *from is what the block was drawn from.
  Status DrawOrWait(StreamKind kind, std::uint64_t want, bool within_tick, Deadline* deadline,
                    Block* block, Attachment** from);
  // Extends the lease when it is time to. `must`: a draw stands at the ceiling.
  Status ExtendIfDue(Attachment& attachment, bool must, std::int64_t deadline_ns);
  Status ExtendNow(Attachment& attachment, std::uint32_t busy_timeout_ms);
  [[nodiscard]] static std::uint64_t PlanFor(Attachment& attachment, std::uint64_t now) noexcept;
  [[nodiscard]] static bool MustExtend(Attachment& attachment) noexcept {
    return PlanFor(attachment, attachment.NowTick()) != 0;
  }
  Status OpenNext(const OpenContext& context, std::unique_ptr<Region>* out);
  void Leave(Attachment& from, const DrawError& why, std::int64_t deadline_ns);
  void NoteClockEvents(Attachment& attachment);
  void NoteStoreError(const Status& status) noexcept;
  Status AttachNew(std::unique_ptr<Region> region);

  [[nodiscard]] OpenContext ContextUntil(std::int64_t deadline_ns) noexcept;

  Settings settings_;
  Clock& clock_;
  std::unique_ptr<Logger> logger_;
  // The newest; each holds the one before it, since a draw may still be in it.
  std::atomic<Attachment*> current_{nullptr};

  // Relaxed: a lost update costs an extra attempt, or a line in the log.
  std::atomic<std::int64_t> next_attempt_ns_{0};
  std::atomic<std::int64_t> backoff_ns_{0};
  std::atomic<std::uint64_t> seen_rollbacks_{0};
  std::atomic<std::uint64_t> seen_jumps_{0};
  StoreErrorNote store_error_;

  std::unique_ptr<MaintenanceThread> thread_;
};

// Retires the region that bears the name. NOT_FOUND when there is none.
Status RetireByName(const Settings& settings, Clock& clock, Logger* logger);

// Sets a busy flag for a scope, sleeping until it is free or the deadline has passed. The flag lies
// in a ForkPage: a child finds it free.
class BusyFlag {
 public:
  BusyFlag(std::atomic<std::uint32_t>& flag, Clock& clock, std::int64_t deadline_ns);
  ~BusyFlag();
  BusyFlag(const BusyFlag&) = delete;
  BusyFlag& operator=(const BusyFlag&) = delete;
  [[nodiscard]] bool taken() const noexcept { return taken_; }

 private:
  std::atomic<std::uint32_t>& flag_;
  bool taken_ = false;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_GENERATOR_H_
