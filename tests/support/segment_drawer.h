// SPDX-License-Identifier: Apache-2.0
// Draws dense IDs of a tag, logs every one of them, and checks that they ascend on the host.
#ifndef SHMFLAKE_TESTS_SUPPORT_SEGMENT_DRAWER_H_
#define SHMFLAKE_TESTS_SUPPORT_SEGMENT_DRAWER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "shmflake/shmflake.h"
#include "tests/support/id_log.h"

namespace flake::test {

struct CloseSegment {
  void operator()(::shmflake_segment* segment) const { shmflake_segment_close(segment); }
};
using Segment = std::unique_ptr<::shmflake_segment, CloseSegment>;

// Segments of `step` IDs, never more nor less.
[[nodiscard]] shmflake_segment_options SegmentsOf(std::uint64_t step);

// Null with the code set when it cannot be opened.
[[nodiscard]] Segment OpenSegment(::shmflake* flake, const char* tag,
                                  const shmflake_segment_options& options, int* code = nullptr);

// One host's draws of one tag share a log: it tells the order of all of them.
class SegmentDrawer {
 public:
  SegmentDrawer(::shmflake_segment* segment, IdLog& log)
      : segment_(segment), log_(log), writer_(log) {}

  int Next();
  int NextNowait();          // and Next where it would wait
  int NextN(std::size_t n);  // n <= 256
  // One of the above, by the random number.
  int Any(std::uint64_t random);
  int Times(int n);  // of Next

  [[nodiscard]] std::uint64_t last() const { return last_; }

 private:
  int Note(int code, std::uint64_t before, std::uint64_t id);

  ::shmflake_segment* segment_;
  IdLog& log_;
  IdLog::Writer writer_;
  std::uint64_t last_ = 0;
};

// max_id of the tag's row in an SQLite file; 0 when there is none.
[[nodiscard]] std::uint64_t MaxIdOf(const std::string& file, const std::string& tag);

// "" when the IDs are all different, and within 1..max_id, else what is wrong.
[[nodiscard]] std::string CheckIds(const IdLog& log, std::uint64_t max_id);

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_SEGMENT_DRAWER_H_
