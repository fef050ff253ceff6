// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stop_scene.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/kill_point.h"

namespace flake::test {

StopScene::StopScene(const std::string& point) : point_(point), options_(OptionsFor(point, box_)) {
  options_.wait_timeout_ms = kWaitMs;
}

// What may befall a draw, an open or a retire because somebody was stopped.
bool StopScene::MayFailWith(int code) {
  return code == SHMFLAKE_E_TIMEOUT || code == SHMFLAKE_E_CEILING ||
         code == SHMFLAKE_E_STORE_LOCKED;
}

void StopScene::NoteFailure(Other& other) {
  const char* named = std::strstr(shmflake_last_error(), "pid ");
  if (named != nullptr) other.held_up_by.store(std::atoi(named + 4));
}

int StopScene::Draw(Other& other) {
  while (!words_->end.load()) {
    int code = 0;
    const Flake flake = box_.Open(&code, &options_);
    if (flake == nullptr) {
      if (!MayFailWith(code)) return Expect(0, code);
      NoteFailure(other);
      continue;
    }
    Drawer drawer(flake.get(), log_, OrderFor(point_));
    while (!words_->end.load()) {
      code = drawer.Next();
      if (code == 0) {
        other.drawn.fetch_add(1);
        SleepMs(1);
      } else if (MayFailWith(code)) {
        NoteFailure(other);
      } else {
        return Expect(0, code);
      }
    }
  }
  return kGood;
}

void StopScene::StartOthers() {
  words_->end = false;
  for (Other& other : words_->others) others_.emplace_back([this, &other] { return Draw(other); });
}

bool StopScene::OthersDrawOn(int times) {
  int before[kOthers];
  for (int i = 0; i < kOthers; ++i) before[i] = words_->others[i].drawn.load();
  return Eventually([&] {
    for (int i = 0; i < kOthers; ++i) {
      if (words_->others[i].drawn.load() < before[i] + times) return false;
    }
    return true;
  });
}

bool StopScene::OthersDrawOnOrNameTheHolder(pid_t pid) {
  int before[kOthers];
  for (int i = 0; i < kOthers; ++i) {
    before[i] = words_->others[i].drawn.load();
    words_->others[i].held_up_by.store(0);
  }
  return Eventually([&] {
    for (int i = 0; i < kOthers; ++i) {
      const Other& other = words_->others[i];
      if (other.drawn.load() < before[i] + 5 && other.held_up_by.load() != pid) return false;
    }
    return true;
  });
}

int StopScene::HeldUpBy(pid_t pid) const {
  int count = 0;
  for (const Other& other : words_->others) count += other.held_up_by.load() == pid ? 1 : 0;
  return count;
}

int StopScene::EndOthers() {
  words_->end = true;
  int result = kGood;
  for (Process& other : others_) {
    const int ended = other.Wait();
    if (ended != kGood) result = ended;
  }
  others_.clear();
  return result;
}

int StopScene::Pass(int occurrence) {
  ArmPoint(point_, occurrence, StopMyself);
  const std::int64_t give_up = NowMs() + 15'000;
  while (TimesReached() < occurrence) {
    const int code = PassPoint(point_, box_, log_, 30);
    if (code != 0 && !MayFailWith(code)) return Expect(0, code);
    if (NowMs() > give_up) {
      std::fprintf(stderr, "%s was reached %d times\n", point_.c_str(), TimesReached());
      return kBad;
    }
  }
  // It was stopped in there, and continued. Whatever failed by that works again.
  for (int tries = 0;; ++tries) {
    const int code = PassPoint(point_, box_, log_, 10);
    if (code == 0) return kGood;
    if (!MayFailWith(code) || tries == 20) return Expect(0, code);
  }
}

Process StopScene::StopOne(int occurrence) {
  Process process([this, occurrence] { return Pass(occurrence); });
  if (!process.WaitForStop(15'000)) process.Kill();
  stopped_ms_ = NowMs();
  return process;
}

int StopScene::Continue(Process& stopped) {
  while (NowMs() < stopped_ms_ + kWaitMs + 20) SleepMs(5);
  stopped.Signal(SIGCONT);
  return stopped.Wait();
}

int StopScene::OpenAnew(std::string* message) {
  Shared<std::atomic<int>> code;
  Process newcomer([&] {
    int result = 0;
    const Flake flake = box_.Open(&result, &options_);
    code->store(result);
    std::snprintf(words_->message, sizeof(words_->message), "%s", shmflake_last_error());
    if (flake == nullptr) return kGood;
    Drawer drawer(flake.get(), log_, OrderFor(point_));
    return Expect(0, drawer.Times(10));
  });
  const int ended = newcomer.Wait();
  *message = words_->message;
  return ended == kGood ? code->load() : ended;
}

bool StopScene::IsExtended(std::uint64_t times) {
  // In a child: an attachment of this process would be inherited by every later one.
  Process watcher([&] {
    const Flake flake = box_.Open(nullptr, &options_);
    if (flake == nullptr) return kBad;
    const std::uint64_t before = StatusOf(flake.get()).lease_extensions;
    return Eventually([&] { return StatusOf(flake.get()).lease_extensions >= before + times; })
               ? kGood
               : kBad;
  });
  return watcher.Wait() == kGood;
}

}  // namespace flake::test
