// SPDX-License-Identifier: Apache-2.0
// All the IDs of a run, each with who drew it: a hash table of open addressing.
#ifndef SHMFLAKE_TESTS_SIM_ID_SET_H_
#define SHMFLAKE_TESTS_SIM_ID_SET_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "core/bits.h"

namespace shmflake::sim {

class IdSet {
 public:
  // False when it is there already; *first_by is then who added it.
  bool Add(std::uint64_t id, std::uint32_t by, std::uint32_t* first_by) {
    if (2 * (size_ + 1) > entries_.size()) Grow();
    Entry& entry = Find(id);
    if (entry.used) {
      *first_by = entry.by;
      return false;
    }
    entry = {id, by, true};
    ++size_;
    return true;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Entry {
    std::uint64_t id = 0;
    std::uint32_t by = 0;
    bool used = false;
  };

  Entry& Find(std::uint64_t id) {
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = Mix64(id) & mask;
    while (entries_[at].used && entries_[at].id != id) at = (at + 1) & mask;
    return entries_[at];
  }
  void Grow() {
    std::vector<Entry> old(entries_.empty() ? 1 << 16 : 2 * entries_.size());
    std::swap(old, entries_);
    for (const Entry& entry : old) {
      if (entry.used) Find(entry.id) = entry;
    }
  }

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_ID_SET_H_
