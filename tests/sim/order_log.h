// SPDX-License-Identifier: Apache-2.0
// What had been drawn by when: a draw that begins later must be larger.
#ifndef SHMFLAKE_TESTS_SIM_ORDER_LOG_H_
#define SHMFLAKE_TESTS_SIM_ORDER_LOG_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace shmflake::sim {

class OrderLog {
 public:
  // A draw that ended at `order`, later than all before.
  void Add(std::uint64_t order, std::uint64_t highest) {
    if (!entries_.empty() && entries_.back().highest >= highest) return;
    entries_.push_back({order, highest});
    // Who was stopped for longer than that is judged by less.
    if (entries_.size() > 2 * kKept) entries_.erase(entries_.begin(), entries_.end() - kKept);
  }
  // The highest of the draws that ended before `order`; 0: none.
  [[nodiscard]] std::uint64_t HighestBefore(std::uint64_t order) const {
    const auto after = std::lower_bound(
        entries_.begin(), entries_.end(), order,
        [](const Entry& entry, std::uint64_t wanted) { return entry.order < wanted; });
    return after == entries_.begin() ? 0 : (after - 1)->highest;
  }
  void Clear() { entries_.clear(); }

 private:
  static constexpr int kKept = 20'000;
  struct Entry {
    std::uint64_t order;
    std::uint64_t highest;
  };
  std::vector<Entry> entries_;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_ORDER_LOG_H_
