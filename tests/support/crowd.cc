// SPDX-License-Identifier: Apache-2.0
#include "tests/support/crowd.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace flake::test {

bool Crowd::Start(int count, const shmflake_options& options) {
  const auto before = static_cast<int>(processes_.size());
  for (int i = before; i < before + count && i < kMost; ++i) {
    processes_.emplace_back([this, i, &options] { return Draw(i, options); });
  }
  return DrawsOn();
}

int Crowd::Draw(int index, const shmflake_options& options) {
  Flake flake;
  int opened = 0;
  (void)Eventually([&] {  // on a busy machine a birth takes longer than a short wait_timeout_ms
    flake = box_.Open(&opened, &options);
    return opened != SHMFLAKE_E_TIMEOUT && opened != SHMFLAKE_E_STORE_LOCKED;
  });
  if (flake == nullptr) return Expect(0, opened);
  Drawer drawer(flake.get(), log_);
  Random random(static_cast<std::uint64_t>(index));
  for (int i = 0; !shared_->stop.load(); ++i) {
    // Not only next(): the others too must not crash, hang or repeat.
    if (i % 4 == 0) (void)drawer.Any(random());
    const int code = drawer.Next();
    if (code > 0 || code < -127 || (code != 0 && *shmflake_last_error() == '\0')) {
      return Expect(0, code);
    }
    if (code != 0) {
      Note(index, code);
      SleepMs(1);
    } else {
      shared_->drawn.fetch_add(1);
      shared_->drawn_by[index].fetch_add(1);
      if (i % 32 == 0) SleepMs(1);
    }
  }
  return kGood;
}

void Crowd::Note(int index, int code) {
  Code& note = shared_->codes[-code];
  if (note.writing.exchange(1) == 0) {
    std::snprintf(note.message, sizeof(note.message), "%s", shmflake_last_error());
    note.writing.store(0);
  }
  note.count.fetch_add(1);
  shared_->refused_by[index].fetch_add(1);
}

int Crowd::End() {
  shared_->stop.store(true);
  int result = kGood;
  for (Process& process : processes_) {
    if (const int code = process.Wait(); code != kGood) result = code;
  }
  processes_.clear();
  return result;
}

bool Crowd::EachRises(const std::atomic<std::uint64_t> (&counts)[kMost]) const {
  std::array<std::uint64_t, kMost> before{};
  for (std::size_t i = 0; i < processes_.size(); ++i) before[i] = counts[i].load();
  return Eventually([&] {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      if (counts[i].load() < before[i] + 3) return false;
    }
    return true;
  });
}

bool Crowd::DrawsOn() const { return EachRises(shared_->drawn_by); }
bool Crowd::IsRefused() const { return EachRises(shared_->refused_by); }

std::string Crowd::Message(int code) const {
  const Code& note = shared_->codes[-code];
  return {note.message, strnlen(note.message, sizeof(note.message))};
}

std::string Crowd::CodesBut(const std::vector<int>& expected) const {
  std::string names;
  for (int code = -1; code > -128; --code) {
    if (Count(code) == 0 || std::find(expected.begin(), expected.end(), code) != expected.end()) {
      continue;
    }
    names += std::string(shmflake_error_name(code)) + ": " + Message(code) + "\n";
  }
  return names;
}

}  // namespace flake::test
