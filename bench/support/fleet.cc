// SPDX-License-Identifier: Apache-2.0
#include "bench/support/fleet.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "bench/support/samples.h"

namespace bench {
namespace {

constexpr double kLongestWarmUp = 0.05;    // seconds, of a window of any length
constexpr double kLongestReading = 20e-6;  // seconds; a longer one was preempted, and is repeated

double Read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void SleepFor(double seconds) {
  timespec left{};
  left.tv_sec = static_cast<time_t>(seconds);
  left.tv_nsec = static_cast<long>((seconds - static_cast<double>(left.tv_sec)) * 1e9);
  while (::nanosleep(&left, &left) != 0) {
  }
}

struct Reading {
  double at = 0;
  std::uint64_t steps = 0;
  double cpu_seconds = 0;
};

// The counts of all processes as of one moment, as nearly as can be.
Reading ReadBoard(const FleetBoard& board, const std::vector<pid_t>& pids) {
  Reading reading;
  for (int tries = 0; tries < 200; ++tries) {
    reading.at = Read(CLOCK_MONOTONIC);
    reading.steps = 0;
    for (std::size_t i = 0; i < pids.size(); ++i) {
      reading.steps += board.tallies[i].steps.load(std::memory_order_relaxed);
    }
    if (Read(CLOCK_MONOTONIC) - reading.at < kLongestReading) break;
  }
  for (const pid_t pid : pids) {
    clockid_t clock = 0;
    if (::clock_getcpuclockid(pid, &clock) == 0) reading.cpu_seconds += Read(clock);
  }
  return reading;
}

[[noreturn]] void RunChild(FleetBoard& board, int index, pid_t parent,
                           const std::function<void(Worker&)>& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  Worker worker(board, index);
  body(worker);
  ::_exit(0);
}

bool HasFailed(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid) {
      return true;
    }
  }
  return false;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

void Worker::WaitForStart() {
  board_.ready.fetch_add(1, std::memory_order_relaxed);
  while (board_.go.load(std::memory_order_relaxed) == 0) SleepFor(200e-6);
}

FleetResult RunFleet(int processes, double warm_up, double window,
                     const std::function<void(Worker&)>& body,
                     const std::function<void(int)>& at_edge) {
  void* memory = ::mmap(nullptr, sizeof(FleetBoard), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  auto& board = *new (memory) FleetBoard();
  std::fflush(nullptr);
  std::vector<pid_t> pids;
  const pid_t self = ::getpid();
  for (int i = 0; i < processes; ++i) {
    const pid_t pid = ::fork();
    if (pid < 0) std::abort();
    if (pid == 0) RunChild(board, i, self, body);
    pids.push_back(pid);
  }
  bool failed = false;
  while (!failed &&
         board.ready.load(std::memory_order_relaxed) < static_cast<std::uint32_t>(processes)) {
    SleepFor(200e-6);
    failed = HasFailed(pids);
  }
  board.go.store(1, std::memory_order_relaxed);
  FleetResult result;
  if (!failed) {
    SleepFor(warm_up);
    const Reading first = ReadBoard(board, pids);
    if (at_edge) at_edge(0);
    SleepFor(window);
    const Reading last = ReadBoard(board, pids);
    if (at_edge) at_edge(1);
    result.seconds = last.at - first.at;
    result.steps = last.steps - first.steps;
    result.cpu_seconds = last.cpu_seconds - first.cpu_seconds;
  }
  board.stop.store(1, std::memory_order_relaxed);
  for (const pid_t pid : pids) {
    int status = 0;
    rusage usage{};
    failed |= ::wait4(pid, &status, 0, &usage) != pid || status != 0;
    result.user_seconds += Seconds(usage.ru_utime);
    result.system_seconds += Seconds(usage.ru_stime);
  }
  ::munmap(memory, sizeof(FleetBoard));
  if (failed) {
    std::fprintf(stderr, "a process of the fleet failed\n");
    std::exit(1);
  }
  return result;
}

void MeasureFleet(const char* what, const char* processors, int processes, double window,
                  const std::function<void(Worker&)>& body) {
  const FleetResult result = RunFleet(processes, std::min(kLongestWarmUp, window), window, body);
  Print(what, processes, "per_s", static_cast<double>(result.steps) / result.seconds);
  Print(processors, processes, "processors", result.cpu_seconds / result.seconds);
}

}  // namespace bench
