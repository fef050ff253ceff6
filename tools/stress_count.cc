// SPDX-License-Identifier: Apache-2.0
#include "stress_count.h"

#include <algorithm>
#include <utility>

namespace tool {
namespace {

constexpr std::size_t kExamples = 10;

std::uint64_t& At(ProcessIds& ids, std::uint64_t position) {
  std::size_t run = 0;
  while (position >= ids.runs[run].size()) position -= ids.runs[run++].size();
  return ids.runs[run][static_cast<std::size_t>(position)];
}

// Descents within one log.
std::uint64_t Descents(const ProcessIds& ids) {
  std::uint64_t descents = 0;
  std::uint64_t before = 0;
  for (const auto& run : ids.runs) {
    for (const std::uint64_t id : run) {
      descents += id <= before ? 1 : 0;
      before = id;
    }
  }
  return descents;
}

void Sort(ProcessIds* ids) {
  ids->sorted.reserve(static_cast<std::size_t>(ids->count));
  for (const auto& run : ids->runs) ids->sorted.insert(ids->sorted.end(), run.begin(), run.end());
  std::sort(ids->sorted.begin(), ids->sorted.end());
  ids->runs.assign(1, std::span<std::uint64_t>(ids->sorted));
}

// Where the merge stands in one log.
struct Cursor {
  std::uint64_t id;
  const std::uint64_t* next;
  const std::uint64_t* end;
  std::size_t run;
  std::size_t process;

  // False at the log's end.
  bool Advance(const std::vector<ProcessIds>& all) {
    const auto& runs = all[process].runs;
    while (next == end) {
      if (++run == runs.size()) return false;
      next = runs[run].data();
      end = next + runs[run].size();
    }
    id = *next++;
    return true;
  }
};

// A heap with the smallest ID in front. Only the front changes, so one sift is all it needs.
class Merge {
 public:
  explicit Merge(const std::vector<ProcessIds>& all) : all_(all) {
    for (std::size_t process = 0; process < all.size(); ++process) {
      const auto& runs = all[process].runs;
      if (runs.empty()) continue;
      Cursor cursor{0, runs[0].data(), runs[0].data() + runs[0].size(), 0, process};
      if (cursor.Advance(all)) heap_.push_back(cursor);
    }
    for (std::size_t i = heap_.size(); i-- > 0;) SiftDown(i);
  }

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] DrawnId front() const { return {heap_.front().id, heap_.front().process}; }

  void Pop() {
    if (!heap_.front().Advance(all_)) {
      heap_.front() = heap_.back();
      heap_.pop_back();
    }
    if (!heap_.empty()) SiftDown(0);
  }

 private:
  void SiftDown(std::size_t at) {
    const Cursor moving = heap_[at];
    for (std::size_t child = 0; (child = 2 * at + 1) < heap_.size(); at = child) {
      if (child + 1 < heap_.size() && heap_[child + 1].id < heap_[child].id) ++child;
      if (moving.id <= heap_[child].id) break;
      heap_[at] = heap_[child];
    }
    heap_[at] = moving;
  }

  const std::vector<ProcessIds>& all_;
  std::vector<Cursor> heap_;
};

// Picks the first ID, some that stand next to each other and were drawn by different processes, and
// the last.
class Sampler {
 public:
  Sampler(std::uint64_t ids, std::vector<Sample>* out) : ids_(ids), out_(out) {}

  void Look(std::uint64_t position, const DrawnId& before, const DrawnId& drawn) {
    if (position == 0 || position + 1 == ids_) Take(position, drawn);
    if (position <= ids_ / 2 || pairs_ == kPairs || drawn.process == before.process) return;
    Take(position - 1, before);
    Take(position, drawn);
    ++pairs_;
  }

 private:
  void Take(std::uint64_t position, const DrawnId& drawn) {
    if (!out_->empty() && out_->back().position >= position) return;
    out_->push_back({drawn, position});
  }

  static constexpr int kPairs = 3;
  std::uint64_t ids_;
  std::vector<Sample>* out_;
  int pairs_ = 0;
};

}  // namespace

std::vector<ProcessIds> CollectIds(const StressLog& log, std::size_t processes) {
  std::vector<ProcessIds> all(processes);
  // Chunks are numbered in the order in which they were claimed, so a process's come in its order.
  for (std::size_t i = 0; i < log.used_chunks(); ++i) {
    StressChunk& chunk = log.chunk(i);
    if (chunk.owner == 0 || chunk.owner > processes) continue;
    const std::span<std::uint64_t> ids = StressLog::Ids(chunk);
    if (ids.empty()) continue;
    all[chunk.owner - 1].runs.push_back(ids);
    all[chunk.owner - 1].count += ids.size();
  }
  return all;
}

bool PlantRepeat(std::vector<ProcessIds>* all) {
  std::vector<ProcessIds*> drew;
  for (ProcessIds& ids : *all) {
    if (ids.count > 0) drew.push_back(&ids);
  }
  if (drew.empty()) return false;
  if (drew.size() == 1) {
    if (drew[0]->count < 2) return false;
    At(*drew[0], 1) = At(*drew[0], 0);
    return true;
  }
  const std::uint64_t id = At(*drew[0], drew[0]->count / 2);
  // Over the other's first larger ID: its log goes on ascending, and only the merge can tell.
  std::uint64_t* over = nullptr;
  for (const auto& run : drew[1]->runs) {
    over = &run.back();
    if (run.back() > id) {
      over = &*std::upper_bound(run.begin(), run.end(), id);
      break;
    }
  }
  *over = id;
  return true;
}

StressCount CountRepeats(std::vector<ProcessIds>* all) {
  StressCount result;
  for (std::size_t process = 0; process < all->size(); ++process) {
    ProcessIds& ids = (*all)[process];
    result.ids += ids.count;
    const std::uint64_t descents = Descents(ids);
    if (descents == 0) continue;
    if (result.descents == 0) result.descents_in = process;
    result.descents += descents;
    Sort(&ids);
  }

  DrawnId before{0, 0};
  Sampler sampler(result.ids, &result.samples);
  std::uint64_t position = 0;
  for (Merge merge(*all); !merge.empty(); merge.Pop(), ++position) {
    const DrawnId drawn = merge.front();
    if (drawn.id == before.id && position > 0) {
      ++result.repeats;
      if (result.examples.size() < kExamples) {
        result.examples.push_back({drawn.id, before.process, drawn.process});
      }
    }
    sampler.Look(position, before, drawn);
    before = drawn;
  }
  return result;
}

}  // namespace tool
