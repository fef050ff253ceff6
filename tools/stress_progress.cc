// SPDX-License-Identifier: Apache-2.0
#include "stress_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "text.h"

namespace tool {
namespace {

constexpr std::uint64_t kTerminalEveryNs = 100'000'000;
constexpr std::uint64_t kLogEveryNs = 2'000'000'000;
constexpr std::size_t kBarWidth = 20;

std::string Bar(double fraction) {
  const auto full = static_cast<std::size_t>(fraction * static_cast<double>(kBarWidth));
  std::string bar = "[";
  bar.append(full, '#').append(kBarWidth - full, '.').append("]");
  return bar;
}

}  // namespace

StressProgress::StressProgress(const StressPlan& plan, bool quiet)
    : plan_(plan), terminal_(isatty(STDERR_FILENO) == 1), silent_(quiet && !terminal_) {}

void StressProgress::Update(std::uint64_t ids, std::uint64_t elapsed_ns, double fraction,
                            std::uint64_t kills) {
  const std::uint64_t every = terminal_ ? kTerminalEveryNs : kLogEveryNs;
  if (silent_ || elapsed_ns < last_ns_ + every) return;
  const double seconds = static_cast<double>(elapsed_ns - last_ns_) / 1e9;
  const double rate = static_cast<double>(ids - std::min(ids, last_ids_)) / seconds;
  last_ns_ = elapsed_ns;
  last_ids_ = ids;
  fraction = std::clamp(fraction, 0.0, 1.0);
  std::string line = "  ";
  line += Bar(fraction) + " " + Fixed(fraction * 100, 0) + " %  ";
  line += WithCommas(ids) + " IDs  " + ShortRate(rate) + "/s";
  if (plan_.kills > 0) {
    line += "  " + std::to_string(kills) + " of " + std::to_string(plan_.kills) + " killed";
  }
  Show(line);
}

void StressProgress::Say(const std::string& what) {
  if (terminal_) Show("  " + what);
}

void StressProgress::End() {
  if (terminal_ && shown_ > 0) Show("");
  if (terminal_ && shown_ > 0) fputs("\r", stderr);
  shown_ = 0;
}

void StressProgress::Show(const std::string& line) {
  if (!terminal_) {
    fprintf(stderr, "%s\n", line.c_str());
    return;
  }
  // Spaces instead of an escape sequence: every terminal knows those.
  const std::string rest(shown_ > line.size() ? shown_ - line.size() : 0, ' ');
  fprintf(stderr, "\r%s%s", line.c_str(), rest.c_str());
  shown_ = std::max(shown_, line.size());
}

}  // namespace tool
