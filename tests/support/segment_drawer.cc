// SPDX-License-Identifier: Apache-2.0
#include "tests/support/segment_drawer.h"

#include <sqlite3.h>

#include <algorithm>
#include <vector>

namespace flake::test {

shmflake_segment_options SegmentsOf(std::uint64_t step) {
  shmflake_segment_options options{};
  options.struct_size = sizeof(options);
  options.step = step;
  options.min_step = step;
  options.max_step = step;
  return options;
}

Segment OpenSegment(::shmflake* flake, const char* tag, const shmflake_segment_options& options,
                    int* code) {
  ::shmflake_segment* segment = nullptr;
  const int result = shmflake_segment_open(flake, tag, &options, &segment);
  if (code != nullptr) *code = result;
  return Segment(segment);
}

int SegmentDrawer::Note(int code, std::uint64_t before, std::uint64_t id) {
  if (code != 0) return code;
  writer_.Append(id);
  // Both: of this drawer's own, and of every draw on the host that had ended before this began.
  if (id <= before || id <= last_) log_.NoteDisorder();
  log_.Raise(id);
  last_ = id;
  return 0;
}

int SegmentDrawer::Next() {
  const std::uint64_t before = log_.highest();
  std::uint64_t id = 0;
  const int code = shmflake_segment_next(segment_, &id);
  return Note(code, before, id);
}

int SegmentDrawer::NextNowait() {
  const std::uint64_t before = log_.highest();
  std::uint64_t id = 0;
  const int code = shmflake_segment_next_nowait(segment_, &id);
  return code == SHMFLAKE_E_WOULD_WAIT ? Next() : Note(code, before, id);
}

int SegmentDrawer::NextN(std::size_t n) {
  const std::uint64_t before = log_.highest();
  std::uint64_t ids[256];
  std::size_t filled = 0;
  const int code = shmflake_segment_next_n(segment_, ids, std::min<std::size_t>(n, 256), &filled);
  for (std::size_t i = 0; i < filled; ++i) (void)Note(0, i == 0 ? before : 0, ids[i]);
  return code;
}

int SegmentDrawer::Any(std::uint64_t random) {
  switch (random % 4) {
    case 0:
      return NextN(1 + random / 4 % 100);
    case 1:
      return NextNowait();
    default:
      return Next();
  }
}

int SegmentDrawer::Times(int n) {
  for (int i = 0; i < n; ++i) {
    if (const int code = Next(); code != 0) return code;
  }
  return 0;
}

std::uint64_t MaxIdOf(const std::string& file, const std::string& tag) {
  sqlite3* db = nullptr;
  sqlite3_stmt* query = nullptr;
  std::uint64_t max_id = 0;
  if (sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) {
    sqlite3_busy_timeout(db, 10'000);
    sqlite3_prepare_v2(db, "SELECT max_id FROM id_segments WHERE biz_tag = ?", -1, &query, nullptr);
    sqlite3_bind_text(query, 1, tag.c_str(), -1, SQLITE_TRANSIENT);
    if (sqlite3_step(query) == SQLITE_ROW) {
      max_id = static_cast<std::uint64_t>(sqlite3_column_int64(query, 0));
    }
  }
  sqlite3_finalize(query);
  sqlite3_close(db);
  return max_id;
}

std::string CheckIds(const IdLog& log, std::uint64_t max_id) {
  std::vector<std::uint64_t> ids = log.All();
  if (log.overflowed()) return "the log overflowed";
  if (ids.empty()) return "no ID was drawn";
  std::sort(ids.begin(), ids.end());
  const auto repeat = std::adjacent_find(ids.begin(), ids.end());
  if (repeat != ids.end()) return std::to_string(*repeat) + " was drawn twice";
  if (ids.front() < 1) return "0 was drawn";
  if (ids.back() > max_id) {
    return std::to_string(ids.back()) + " was drawn, granted were 1.." + std::to_string(max_id);
  }
  return "";
}

}  // namespace flake::test
