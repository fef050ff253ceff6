// SPDX-License-Identifier: Apache-2.0
// The count of repeats: every ID that was handed out is compared, none is sampled or hashed.
//
// A process's own IDs must ascend, so its log is sorted as it stands; merging all logs then brings
// equal IDs next to each other. A log that does not ascend is told as such, and sorted first.
#ifndef SHMFLAKE_TOOLS_STRESS_COUNT_H_
#define SHMFLAKE_TOOLS_STRESS_COUNT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "stress_log.h"

namespace tool {

// All that one process was handed out, in the order in which it was.
struct ProcessIds {
  std::vector<std::span<std::uint64_t>> runs;
  std::vector<std::uint64_t> sorted;  // owns the IDs of a log that had to be sorted
  std::uint64_t count = 0;
};

struct DrawnId {
  std::uint64_t id;
  std::size_t process;  // its record
};

struct Sample {
  DrawnId drawn;
  std::uint64_t position;  // in the order of all IDs
};

struct Repeat {
  std::uint64_t id;
  std::size_t first;  // records
  std::size_t second;
};

struct StressCount {
  std::uint64_t ids = 0;
  std::uint64_t repeats = 0;
  std::uint64_t descents = 0;    // an ID that is not larger than the one before it in the same log
  std::size_t descents_in = 0;   // the record of the first one
  std::vector<Repeat> examples;  // the first few repeats
  std::vector<Sample> samples;   // the first ID, neighbours of different processes, the last
};

// The IDs of every record, in the order of records.
[[nodiscard]] std::vector<ProcessIds> CollectIds(const StressLog& log, std::size_t processes);

// For testing the count itself: writes one process's ID over one of another's, so that both logs
// still ascend where that is possible. False when fewer than two IDs were drawn.
[[nodiscard]] bool PlantRepeat(std::vector<ProcessIds>* all);

// May rearrange logs that do not ascend.
[[nodiscard]] StressCount CountRepeats(std::vector<ProcessIds>* all);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_STRESS_COUNT_H_
