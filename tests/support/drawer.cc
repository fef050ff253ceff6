// SPDX-License-Identifier: Apache-2.0
#include "tests/support/drawer.h"

namespace flake::test {

void Drawer::Note(std::uint64_t before, std::uint64_t id) noexcept {
  writer_.Append(id);
  last_ = id;
  if (order_ != Order::kStrict) return;
  if (id <= before) log_.NoteDisorder();
  log_.Raise(id);
}

int Drawer::Next() {
  const std::uint64_t before = log_.highest();
  std::uint64_t id = 0;
  const int code = shmflake_next(flake_, &id);
  if (code == 0) Note(before, id);
  return code;
}

int Drawer::TryNext() noexcept {
  const std::uint64_t before = log_.highest();
  std::uint64_t id = 0;
  const int code = shmflake_try_next(flake_, &id);
  if (code == 0) Note(before, id);
  return code;
}

int Drawer::NextNowait() {
  const std::uint64_t before = log_.highest();
  std::uint64_t id = 0;
  const int code = shmflake_next_nowait(flake_, &id);
  if (code == 0) Note(before, id);
  return code == SHMFLAKE_E_WOULD_WAIT ? Next() : code;
}

int Drawer::NextN(std::size_t n) {
  const std::uint64_t before = log_.highest();
  std::uint64_t ids[256];
  std::size_t filled = 0;
  const int code = shmflake_next_n(flake_, ids, n, &filled);
  for (std::size_t i = 0; i < filled; ++i) {
    if (i != 0 && ids[i] <= ids[i - 1]) log_.NoteDisorder();
    Note(before, ids[i]);
  }
  return code;
}

int Drawer::NextBlock(std::uint64_t want) {
  const std::uint64_t before = log_.highest();
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  const int code = shmflake_next_block(flake_, want, &first, &count);
  if (code == 0) {
    for (std::uint64_t i = 0; i < count; ++i) Note(before, first + i);
  }
  return code;
}

int Drawer::Any(std::uint64_t random) {
  switch (random % 8) {
    case 0:
      return NextN(1 + (random >> 8) % 100);
    case 1:
      return NextBlock(1 + (random >> 8) % 100);
    case 2:
    case 3:
      return TryNext();
    case 4:
      return NextNowait();
    default:
      return Next();
  }
}

int Drawer::Times(int n) {
  for (int i = 0; i < n; ++i) {
    if (const int code = Next(); code != 0) return code;
  }
  return 0;
}

}  // namespace flake::test
