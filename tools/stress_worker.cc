// SPDX-License-Identifier: Apache-2.0
#include "stress_worker.h"

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>

#include "command.h"
#include "stress_log.h"

namespace tool {

// std::atomic::wait() is of no use between processes: its futexes are private.
void FutexWait(std::atomic<std::uint32_t>* word, std::uint32_t value, int timeout_ms) {
  const timespec timeout{timeout_ms / 1000, static_cast<long>(timeout_ms % 1000) * 1'000'000};
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(word), FUTEX_WAIT, value, &timeout, nullptr,
          0);
}

void FutexWakeAll(std::atomic<std::uint32_t>* word) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr,
          0);
}

namespace {

// Every so many draws: compare with what others published, look for the stop sign.
constexpr std::uint64_t kCheckEvery = 256;

class Drawer {
 public:
  Drawer(shmflake* flake, StressLog* log, std::size_t index, std::uint64_t batch, bool strict)
      : flake_(flake),
        log_(log),
        record_(log->record(index)),
        index_(index),
        batch_(batch),
        strict_(strict) {}

  // Draws until the budget is used up or the hunt stops.
  int Run() {
    record_.started_ns.store(MonotonicNs(), std::memory_order_relaxed);
    int code = kOk;
    while (code == kOk && !Stopped()) {
      StressChunk* chunk = nullptr;
      const std::string error = log_->Claim(index_, &chunk);
      if (!error.empty()) return GiveUp(SHMFLAKE_E_NO_MEMORY, error.c_str());
      if (chunk == nullptr) break;
      code = Fill(chunk);
    }
    record_.ended_ns.store(MonotonicNs(), std::memory_order_relaxed);
    return code;
  }

 private:
  bool Stopped() const { return log_->control().stop.load(std::memory_order_relaxed) != 0; }

  int GiveUp(int code, const char* message) {
    record_.error_code = code;
    snprintf(record_.error_message, sizeof record_.error_message, "%s", message);
    return kFailed;
  }

  int Fill(StressChunk* chunk) {
    std::uint64_t next_check = 0;
    std::uint64_t count = 0;
    while (count < chunk->claimed) {
      const bool check = count >= next_check;
      std::uint64_t floor = 0;
      if (check) {
        if (Stopped()) return kOk;
        next_check = count + kCheckEvery;
        // Acquire: pairs with Publish(). Without it the draw below could be done before the read,
        // and would rightly be smaller.
        floor = log_->control().highest.load(std::memory_order_acquire);
      }
      std::size_t filled = 0;
      const int code = Draw(&chunk->ids[count], chunk->claimed - count, &filled);
      if (check && filled > 0 && strict_) CompareAndPublish(chunk->ids[count], floor);
      count += filled;
      // Release: pairs with StressLog::Written(). Whoever reads the count finds the IDs in place.
      chunk->count.store(count, std::memory_order_release);
      if (code == SHMFLAKE_OK) continue;
      if (code != SHMFLAKE_E_EXHAUSTED && code != SHMFLAKE_E_CLOCK_BEHIND) {
        return GiveUp(code, shmflake_last_error());
      }
      // A small layout shared by many, or a clock that was set back: both pass. The call has
      // already slept.
      ++record_.refusals;
      next_check = count;
    }
    return kOk;
  }

  int Draw(std::uint64_t* ids, std::uint64_t room, std::size_t* filled) {
    if (batch_ == 1) {
      const int code = shmflake_next(flake_, ids);
      *filled = code == SHMFLAKE_OK ? 1 : 0;
      return code;
    }
    return shmflake_next_n(flake_, ids, std::min(batch_, room), filled);
  }

  // Strict ordering over all processes: an ID that was published before this draw began is smaller.
  void CompareAndPublish(std::uint64_t id, std::uint64_t floor) {
    ++record_.order_checks;
    if (id <= floor && record_.order_breaks++ == 0) {
      record_.broken_id = id;
      record_.broken_floor = floor;
    }
    std::atomic<std::uint64_t>& highest = log_->control().highest;
    std::uint64_t seen = highest.load(std::memory_order_relaxed);
    // Release: pairs with the acquire in Fill().
    while (seen < id && !highest.compare_exchange_weak(seen, id, std::memory_order_release,
                                                       std::memory_order_relaxed)) {
    }
  }

  shmflake* flake_;
  StressLog* log_;
  StressRecord& record_;
  std::size_t index_;
  std::uint64_t batch_;
  bool strict_;
};

int RunWorker(Session* session, std::uint64_t fd, std::uint64_t index, std::uint64_t batch) {
  // A hunt that is killed takes its processes along; one that is interrupted stops them itself.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);
  StressLog log;
  if (const std::string error = log.Attach(static_cast<int>(fd)); !error.empty()) {
    PrintError(error);
    return kUsage;
  }
  StressRecord& record = log.record(index);
  Flake flake;
  shmflake_status_info info{};
  info.struct_size = sizeof info;
  int code = session->region.Open(false, &flake);
  if (code == SHMFLAKE_OK) code = shmflake_status(flake.get(), &info);
  if (code != SHMFLAKE_OK) {
    record.error_code = code;
    snprintf(record.error_message, sizeof record.error_message, "%s", shmflake_last_error());
    return kFailed;
  }
  record.ready.store(1, std::memory_order_release);
  StressControl& control = log.control();
  while (control.go.load(std::memory_order_acquire) == 0) FutexWait(&control.go, 0, 1000);
  return Drawer(flake.get(), &log, index, batch, info.ordering == SHMFLAKE_ORDERING_STRICT).Run();
}

}  // namespace

void AddStressWorker(CLI::App* app, Session* session) {
  struct Arguments {
    std::uint64_t fd = 0;
    std::uint64_t index = 0;
    std::uint64_t batch = 1;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddSubcommand(
      app, session, kStressWorkerName, "One process of stress.", "", [session, arguments] {
        return RunWorker(session, arguments->fd, arguments->index, arguments->batch);
      });
  Hide(command);
  AddNumber(command, "--log-fd", &arguments->fd, 3, INT_MAX, "", Presence::kRequired);
  AddNumber(command, "--record", &arguments->index, 0, kMaxProcesses + kMaxKills, "",
            Presence::kRequired);
  AddNumber(command, "--batch", &arguments->batch, 1, kMaxBatch, "");
}

}  // namespace tool
