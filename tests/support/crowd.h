// SPDX-License-Identifier: Apache-2.0
// Processes that draw from one region while a test does things to its files, and that note what
// they are refused with.
#ifndef SHMFLAKE_TESTS_SUPPORT_CROWD_H_
#define SHMFLAKE_TESTS_SUPPORT_CROWD_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {

// Thread safety: one thread, in the process that made it.
class Crowd {
 public:
  Crowd(const Sandbox& box, IdLog& log) : box_(box), log_(log) {}

  // False when they do not all draw soon. Each ends with kBad on a code that is not documented.
  [[nodiscard]] bool Start(int count, const shmflake_options& options);
  // Tells them to stop. kGood when all did so in time and on their own.
  [[nodiscard]] int End();

  [[nodiscard]] std::uint64_t drawn() const { return shared_->drawn.load(); }
  // Whether every one of them draws again.
  [[nodiscard]] bool DrawsOn() const;
  // How often next() gave this code, and the last message with it.
  [[nodiscard]] std::uint64_t Count(int code) const { return shared_->codes[-code].count.load(); }
  [[nodiscard]] std::string Message(int code) const;
  // Whether every one of them is refused now, with any code.
  [[nodiscard]] bool IsRefused() const;
  // The names of the codes that they met, but for those that are expected.
  [[nodiscard]] std::string CodesBut(const std::vector<int>& expected) const;
  [[nodiscard]] const std::vector<Process>& processes() const { return processes_; }

 private:
  static constexpr int kMost = 8;
  struct Code {
    std::atomic<std::uint64_t> count;
    std::atomic<int> writing;
    char message[512];
  };
  struct SharedState {
    std::atomic<bool> stop;
    std::atomic<std::uint64_t> drawn;
    std::atomic<std::uint64_t> drawn_by[kMost];
    std::atomic<std::uint64_t> refused_by[kMost];
    Code codes[128];
  };
  int Draw(int index, const shmflake_options& options);
  void Note(int index, int code);
  [[nodiscard]] bool EachRises(const std::atomic<std::uint64_t> (&counts)[kMost]) const;

  const Sandbox& box_;
  IdLog& log_;
  Shared<SharedState> shared_;
  std::vector<Process> processes_;
};

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_CROWD_H_
