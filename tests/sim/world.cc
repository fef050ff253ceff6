// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/sim/kernel.h"
#include "tests/sim/virtual_host.h"

namespace shmflake::sim {
namespace {

World* g_world = nullptr;

bool IsTraced() {
  static const bool traced = ::getenv("SHMFLAKE_SIM_TRACE") != nullptr;
  return traced;
}

}  // namespace

World* World::Get() noexcept { return g_world; }

World::World(const Plan& plan, Report* report)
    : plan_(plan), report_(report), random_(plan.seed ^ 0x5eed) {
  g_world = this;
}

World::~World() {
  for (auto& [id, process] : processes_) {
    for (const int fd : process->files) kernel::Close(fd);
    for (const Mapping& each : process->mappings) kernel::Unmap(each.address, each.size);
  }
  processes_.clear();
  g_world = nullptr;
}

void World::Note(const char* what, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t hash = report_->hash;
  for (const char* letter = what; *letter != '\0'; ++letter) {
    hash = hash * 31 + static_cast<unsigned char>(*letter);
  }
  hash = Mix64(hash ^ static_cast<std::uint64_t>(now_));
  for (const std::uint64_t value : {a, b, c}) hash = Mix64(hash ^ value) + value;
  report_->hash = hash;
  if (IsTraced()) {
    std::fprintf(stderr, "%.9f %s %llu %llu %llu\n", static_cast<double>(now_) / 1e9, what,
                 static_cast<unsigned long long>(a), static_cast<unsigned long long>(b),
                 static_cast<unsigned long long>(c));
  }
}

void World::Fail(const std::string& promise, const std::string& details) {
  report_->broken = true;
  report_->virtual_ns = now_;
  std::snprintf(report_->promise, sizeof(report_->promise), "%s", promise.c_str());
  std::snprintf(report_->details, sizeof(report_->details), "%s", details.c_str());
  ::_exit(1);  // the parent tells it, and removes what is left
}

void World::Push(Time at, Process* process, std::function<void()> action) {
  events_.push(Event{at, ++last_order_, process == nullptr ? 0 : process->id, std::move(action)});
  if (process != nullptr) process->event = last_order_;
}

void World::At(Time when, std::function<void()> action) {
  const HeapScope own;
  Push(std::max(when, now_), nullptr, std::move(action));
}

void World::RunBody(void* argument) {
  auto* process = static_cast<Process*>(argument);
  Heap::SetCurrent(&process->heap);
  process->body(*process);
  Heap::SetCurrent(nullptr);
}

Process* World::Start(VirtualHost* host, Process::Body body) {
  const HeapScope own;
  auto process = std::make_unique<Process>();
  process->id = ++last_process_;
  process->host = host;
  process->body = body;
  process->due = now_;
  process->fiber = std::make_unique<Fiber>(&World::RunBody, process.get());
  ++report_->processes;
  Note("start", process->id, host->index());
  Push(now_, process.get(), {});
  Process* started = process.get();
  processes_.emplace(started->id, std::move(process));
  return started;
}

Process* World::Find(std::uint64_t id) {
  const auto found = processes_.find(id);
  return found == processes_.end() ? nullptr : found->second.get();
}

void World::Kill(Process* process) {
  ++report_->kills;
  Note("kill", process->id);
  Bury(process);
}

void World::Stop(Process* process, Time how_long) {
  ++report_->stops;
  Note("stop", process->id, static_cast<std::uint64_t>(how_long));
  process->stopped_until = std::max(process->stopped_until, now_ + how_long);
}

void World::Wake(Process* process) {
  process->stopped_until = 0;
  Push(std::max(now_, process->due), process, {});
}

void World::CountMapping(const Mapping& mapping, bool mapped) {
  if (mapping.inode == 0) return;
  int& count = mapped_files_[mapping.inode];
  count += mapped ? 1 : -1;
  if (count == 0) mapped_files_.erase(mapping.inode);
}

void World::Bury(Process* process) {
  for (const int fd : process->files) kernel::Close(fd);
  for (const Mapping& each : process->mappings) {
    CountMapping(each, false);
    kernel::Unmap(each.address, each.size);
  }
  const std::uint64_t id = process->id;
  process->host->Ended(process);
  processes_.erase(id);
}

void World::Resume(Process* process) {
  ++report_->switches;
  process->delayed += std::max<Time>(0, now_ - process->due);
  current_ = process;
  process->fiber->Resume();
  current_ = nullptr;
  Heap::SetCurrent(nullptr);
  if (process->dying) {
    Kill(process);
  } else if (process->fiber->ended()) {
    Note("end", process->id);
    if (!process->files.empty()) {
      Fail("a process that closed everything leaves no descriptor open",
           std::to_string(process->files.size()) + " are open");
    }
    Bury(process);
  }
}

void World::LeaveUntil(Time at, Time due) {
  const int saved_errno = errno;
  Process* process = current_;
  process->allocates_on = Heap::Current();
  Heap::SetCurrent(nullptr);
  process->due = due;
  if (!process->dying) Push(at, process, {});
  process->fiber->Leave();
  Heap::SetCurrent(process->allocates_on);
  errno = saved_errno;
}

void World::Sleep(Time ns) {
  const Time until = now_ + std::max<Time>(ns, 0);
  LeaveUntil(until, until);
}

void World::Disturb(Step step) {
  const bool rare = step == Step::kRare;
  (rare ? rare_points_left_ : draw_points_left_) =
      random_.TrialsOf(rare ? plan_.rare_points : plan_.draw_points);
  if (!calm_) {
    if (random_.OneIn(plan_.kill_in)) {
      current_->dying = true;
    } else if (random_.OneIn(plan_.stop_in)) {
      const HeapScope own;
      Stop(current_, random_.Log(kMs, plan_.longest_stop));
    }
  }
  const Time delay = random_.OneIn(3) ? 0 : random_.Log(kUs, plan_.longest_delay);
  LeaveUntil(now_ + delay, now_);
}

void World::Point(Step step) {
  if (current_ == nullptr) return;
  now_ += 20;
  std::uint64_t& left = step == Step::kRare ? rare_points_left_ : draw_points_left_;
  if (--left == 0) Disturb(step);
}

void World::RunUntil(Time end) {
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.at);
    if (event.process == 0) {
      event.action();
      continue;
    }
    Process* process = Find(event.process);
    if (process == nullptr || process->event != event.order) continue;  // killed, or woken
    const Time from = std::max(process->stopped_until, process->host->paused_until());
    if (from > now_) {
      Push(from, process, {});
    } else {
      Resume(process);
    }
  }
  now_ = std::max(now_, end);
}

}  // namespace shmflake::sim
