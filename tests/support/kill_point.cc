// SPDX-License-Identifier: Apache-2.0
#include "tests/support/kill_point.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iterator>

#include "core/failpoint.h"

namespace flake::test {
namespace {

std::atomic<int> g_point{-1};
std::atomic<int> g_reached{0};
std::atomic<int> g_occurrence{0};
std::atomic<void (*)()> g_action{nullptr};

void Hook(shmflake::Point point) {
  if (static_cast<int>(point) != g_point.load(std::memory_order_relaxed)) return;
  if (g_reached.fetch_add(1, std::memory_order_relaxed) + 1 == g_occurrence) g_action.load()();
}

std::atomic<void (*)(std::size_t)> g_everywhere{nullptr};

void HookEverywhere(shmflake::Point point) {
  if (void (*action)(std::size_t) = g_everywhere.load(); action != nullptr) {
    action(static_cast<std::size_t>(point));
  }
}

}  // namespace

std::vector<std::string> AllPoints() {
  return {std::begin(shmflake::kPointNames), std::end(shmflake::kPointNames)};
}

namespace {

std::vector<std::string> PointsThat(bool are_of_segments) {
  std::vector<std::string> points;
  for (const std::string& point : AllPoints()) {
    const bool is =
        point.starts_with("kSegment") || point.starts_with("kFetch") || point.starts_with("kTag");
    if (is == are_of_segments) points.push_back(point);
  }
  return points;
}

}  // namespace

std::vector<std::string> SegmentPoints() { return PointsThat(true); }
std::vector<std::string> RegionPoints() { return PointsThat(false); }

void ArmPoint(const std::string& point, int occurrence, void (*action)()) {
  const std::vector<std::string> names = AllPoints();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != point) continue;
    g_action = action;
    g_occurrence = occurrence;
    g_reached = 0;
    g_point = static_cast<int>(i);
    shmflake::g_point_hook = Hook;
    return;
  }
  std::abort();  // no such point
}

void DisarmPoints() { g_point = -1; }

int TimesReached() { return g_reached; }

void AtEveryPoint(void (*action)(std::size_t point)) {
  g_everywhere = action;
  shmflake::g_point_hook = HookEverywhere;
}

void KillMyself() { ::kill(::getpid(), SIGKILL); }
void StopMyself() { ::kill(::getpid(), SIGSTOP); }

}  // namespace flake::test
