// SPDX-License-Identifier: Apache-2.0
#include "stress_hunt.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <system_error>

#include "output.h"
#include "stress_worker.h"

namespace tool {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kAttachNs = 60 * kSecond;  // for all processes to attach
constexpr std::uint64_t kStuckNs = 30 * kSecond;   // without a single ID: something is broken
constexpr std::uint64_t kStopNs = 20 * kSecond;    // from the stop sign until the rest is killed
constexpr useconds_t kPollUs = 1000;

volatile std::sig_atomic_t interrupted = 0;
void OnSignal(int) { interrupted = 1; }

}  // namespace

StressHunt::StressHunt(const StressPlan& plan, const RegionOptions& region, StressLog* log,
                       StressProgress* progress)
    : plan_(plan),
      region_(region),
      log_(log),
      progress_(progress),
      random_(std::random_device{}()) {
  // By its name, so that status shows the processes as "shmflake" and not as "exe".
  std::error_code ignored;
  own_path_ = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  // Not at the very ends, where there may be nobody to kill.
  std::uniform_real_distribution<double> moment(0.02, 0.95);
  for (std::uint64_t i = 0; i < plan.kills; ++i) kill_at_.push_back(moment(random_));
  std::sort(kill_at_.begin(), kill_at_.end(), std::greater<>());
}

StressOutcome StressHunt::Run() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);

  for (std::uint64_t i = 0; i < plan_.processes && Spawn(); ++i) {
  }
  WaitUntilReady();
  StressControl& control = log_->control();
  // Release: pairs with the acquire in the processes, which then see the finished set-up.
  control.go.store(1, std::memory_order_release);
  FutexWakeAll(&control.go);
  Watch();
  outcome_.interrupted = interrupted != 0;
  return std::move(outcome_);
}

bool StressHunt::Spawn() {
  const std::size_t index = outcome_.processes.size();
  std::vector<std::string> arguments = {
      "shmflake", kStressWorkerName, "--log-fd=" + std::to_string(log_->fd()),
      "--record=" + std::to_string(index), "--batch=" + std::to_string(plan_.batch)};
  for (std::string& argument : region_.Arguments()) arguments.push_back(std::move(argument));
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const pid_t pid = fork();
  if (pid == 0) {
    fcntl(log_->fd(), F_SETFD, 0);  // the log goes along
    execv(own_path_.c_str(), argv.data());
    execv("/proc/self/exe", argv.data());  // it was replaced meanwhile
    _exit(127);
  }
  if (pid < 0) {
    BreakOff("cannot start process " + std::to_string(index + 1) + ": " + strerror(errno));
    return false;
  }
  outcome_.processes.push_back({pid, StressEnd::kRunning});
  killed_.push_back(false);
  return true;
}

// Without this, the first process could have drawn everything before the last one is there.
void StressHunt::WaitUntilReady() {
  const std::uint64_t deadline = MonotonicNs() + kAttachNs;
  for (std::size_t i = 0; i < outcome_.processes.size();) {
    Reap();
    if (stop_ns_ != 0 || interrupted != 0) return;
    if (outcome_.processes[i].end != StressEnd::kRunning ||
        log_->record(i).ready.load(std::memory_order_acquire) != 0) {
      ++i;
    } else if (MonotonicNs() > deadline) {
      BreakOff("process " + std::to_string(i + 1) + " did not attach within 60 s");
    } else {
      usleep(kPollUs);
    }
  }
}

void StressHunt::Watch() {
  const std::uint64_t start = MonotonicNs();
  std::uint64_t last_drawn = 0;
  std::uint64_t last_change = start;
  while (Living() > 0) {
    const std::uint64_t now = MonotonicNs();
    const std::uint64_t drawn = Drawn();
    if (drawn != last_drawn) last_change = now;
    last_drawn = drawn;
    const std::uint64_t elapsed = now - start;
    double fraction = static_cast<double>(drawn) / static_cast<double>(plan_.ids);
    if (plan_.seconds > 0) {
      fraction = std::max(
          fraction, static_cast<double>(elapsed) / static_cast<double>(plan_.seconds * kSecond));
    }
    if (stop_ns_ == 0) {
      if (interrupted != 0 || (plan_.seconds > 0 && elapsed >= plan_.seconds * kSecond)) {
        Stop();
      } else if (now - last_change > kStuckNs) {
        BreakOff("no ID was drawn for 30 s");
      } else {
        MaybeKill(fraction);
      }
    } else if (now - stop_ns_ > kStopNs) {
      KillRest();
    }
    progress_->Update(drawn, elapsed, fraction, outcome_.kills);
    usleep(kPollUs);
    Reap();
  }
}

void StressHunt::Reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    for (std::size_t i = outcome_.processes.size(); i-- > 0;) {
      if (outcome_.processes[i].pid != pid || outcome_.processes[i].end != StressEnd::kRunning) {
        continue;
      }
      Ended(i, status);
      break;
    }
  }
}

void StressHunt::Ended(std::size_t index, int status) {
  StressProcess& process = outcome_.processes[index];
  StressRecord& record = log_->record(index);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOk) {
    process.end = StressEnd::kFinished;  // also if the SIGKILL came too late
    return;
  }
  record.ended_ns.store(MonotonicNs(), std::memory_order_relaxed);
  if (killed_[index] && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    process.end = StressEnd::kKilled;
    ++outcome_.kills;
    // What it had claimed and not drawn is drawn by others.
    for (std::size_t i = 0; i < log_->used_chunks(); ++i) {
      const StressChunk& chunk = log_->chunk(i);
      if (chunk.owner != index + 1) continue;
      log_->control().budget.fetch_add(chunk.claimed - StressLog::Written(chunk),
                                       std::memory_order_relaxed);
    }
    if (stop_ns_ == 0) Spawn();
    return;
  }
  process.end = StressEnd::kFailed;
  const std::string who =
      "process " + std::to_string(index + 1) + " (PID " + std::to_string(process.pid) + ") ";
  if (record.error_code != SHMFLAKE_OK) {
    BreakOff(who + "gave up: " + shmflake_error_name(record.error_code) + ": " +
             record.error_message);
  } else if (WIFSIGNALED(status)) {
    BreakOff(who + "died of signal " + std::to_string(WTERMSIG(status)) + " (" +
             strsignal(WTERMSIG(status)) + ")");
  } else {
    BreakOff(who + "ended with exit code " + std::to_string(WEXITSTATUS(status)));
  }
}

void StressHunt::MaybeKill(double fraction) {
  if (kill_at_.empty() || fraction < kill_at_.back()) return;
  std::vector<std::size_t> living;
  for (std::size_t i = 0; i < outcome_.processes.size(); ++i) {
    if (outcome_.processes[i].end == StressEnd::kRunning && !killed_[i]) living.push_back(i);
  }
  if (living.empty()) return;
  kill_at_.pop_back();
  const std::size_t victim = living[random_() % living.size()];
  usleep(static_cast<useconds_t>(random_() % kPollUs));  // off the beat of our polling
  killed_[victim] = true;
  kill(outcome_.processes[victim].pid, SIGKILL);
}

void StressHunt::BreakOff(const std::string& error) {
  if (outcome_.error.empty()) outcome_.error = error;
  Stop();
}

void StressHunt::Stop() {
  if (stop_ns_ == 0) stop_ns_ = MonotonicNs();
  log_->control().stop.store(1, std::memory_order_relaxed);
}

void StressHunt::KillRest() {
  for (const StressProcess& process : outcome_.processes) {
    if (process.end == StressEnd::kRunning) kill(process.pid, SIGKILL);
  }
  if (outcome_.error.empty()) outcome_.error = "a process did not stop within 20 s";
}

std::size_t StressHunt::Living() const {
  return static_cast<std::size_t>(
      std::count_if(outcome_.processes.begin(), outcome_.processes.end(),
                    [](const StressProcess& p) { return p.end == StressEnd::kRunning; }));
}

// For the progress only; the exact count is taken when all have ended.
std::uint64_t StressHunt::Drawn() {
  std::uint64_t drawn = full_ids_;
  bool all_full = true;
  const std::size_t used = log_->used_chunks();
  for (std::size_t i = full_chunks_; i < used; ++i) {
    const StressChunk& chunk = log_->chunk(i);
    const std::uint64_t count = chunk.count.load(std::memory_order_relaxed);
    drawn += count;
    all_full = all_full && chunk.claimed > 0 && count == chunk.claimed;
    if (all_full) {
      full_chunks_ = i + 1;
      full_ids_ += count;
    }
  }
  return drawn;
}

}  // namespace tool
