// SPDX-License-Identifier: Apache-2.0
// A region, processes that draw from it, and others that stop themselves at a point of
// core/failpoint.h and go on later.
#ifndef SHMFLAKE_TESTS_SUPPORT_STOP_SCENE_H_
#define SHMFLAKE_TESTS_SUPPORT_STOP_SCENE_H_

#include <atomic>
#include <string>
#include <vector>

#include "tests/support/point_scenario.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {

// Thread safety: one thread.
class StopScene {
 public:
  static constexpr int kOthers = 2;
  // Shorter than any stop here.
  static constexpr std::uint32_t kWaitMs = 150;

  explicit StopScene(const std::string& point);

  // Processes that open the region and draw, and that note who holds them up.
  void StartOthers();
  // True when each of them drew `times` more.
  [[nodiscard]] bool OthersDrawOn(int times);
  // True when each of them drew more, or was told that `pid` holds it up.
  [[nodiscard]] bool OthersDrawOnOrNameTheHolder(pid_t pid);
  // How many of them were last held up by `pid`.
  [[nodiscard]] int HeldUpBy(pid_t pid) const;
  // kGood, unless one met a code that the manual does not give.
  [[nodiscard]] int EndOthers();

  // A process that passes the point again and again, and stops when it is there for the
  // `occurrence`th time. Not running when it never got there.
  [[nodiscard]] Process StopOne(int occurrence);
  // Lets it go on when it was stopped for longer than every timeout. kGood when it then works
  // without an error, after at most one that is documented.
  [[nodiscard]] int Continue(Process& stopped);

  // A newcomer in a process of its own: the code of its open, and the message.
  int OpenAnew(std::string* message);
  // The region's lease was extended `times` more.
  [[nodiscard]] bool IsExtended(std::uint64_t times);

  [[nodiscard]] const Sandbox& box() const { return box_; }
  [[nodiscard]] IdLog& log() { return log_; }
  [[nodiscard]] const shmflake_options& options() const { return options_; }
  // How a message names a process.
  static std::string Named(pid_t pid) { return "pid " + std::to_string(pid) + " "; }

 private:
  struct Other {
    std::atomic<int> drawn;
    std::atomic<int> held_up_by;  // the last one named
  };
  struct Words {
    Other others[kOthers];
    std::atomic<bool> end;
    std::atomic<std::uint64_t> extensions;
    char message[512];
  };

  int Draw(Other& other);
  int Pass(int occurrence);
  [[nodiscard]] static bool MayFailWith(int code);
  static void NoteFailure(Other& other);

  const std::string point_;
  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
  Shared<Words> words_;
  std::vector<Process> others_;
  std::int64_t stopped_ms_ = 0;
};

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_STOP_SCENE_H_
