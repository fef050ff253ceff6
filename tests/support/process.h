// SPDX-License-Identifier: Apache-2.0
// A child process that cannot outlive its test, nor hang it.
#ifndef SHMFLAKE_TESTS_SUPPORT_PROCESS_H_
#define SHMFLAKE_TESTS_SUPPORT_PROCESS_H_

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "shmflake/shmflake.h"

namespace flake::test {

inline void SleepMs(long ms) {
  timespec left{ms / 1000, ms % 1000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// A value that parent and children share; zero at first.
template <typename T>
class Shared {
 public:
  Shared() {
    void* memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    value_ = new (memory) T();
  }
  ~Shared() { ::munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

// For a child's report: what it exits with.
inline constexpr int kGood = 0;
inline constexpr int kBad = 3;

// kGood when the code is what was expected; else says on stderr what it was.
inline int Expect(int expected, int code) {
  if (code == expected) return kGood;
  std::fprintf(stderr, "[%d] expected %s, got %s: %s\n", static_cast<int>(::getpid()),
               expected == 0 ? "OK" : shmflake_error_name(expected),
               code == 0 ? "OK" : shmflake_error_name(code), shmflake_last_error());
  return kBad;
}

class Process {
 public:
  Process() = default;
  // Runs the body in a child, which leaves by _exit with what the body returns.
  explicit Process(const std::function<int()>& body) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(120);
    ::_exit(body());
  }
  Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Process& operator=(Process&& other) noexcept {
    if (this != &other) {
      Kill();
      pid_ = std::exchange(other.pid_, -1);
    }
    return *this;
  }
  ~Process() { Kill(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running() const { return pid_ > 0; }
  void Signal(int signal) const { ::kill(pid_, signal); }

  // The exit code, or minus the signal that ended it; -1000 when it did not end in time, and was
  // killed.
  int Wait(long timeout_ms = 20'000) {
    if (pid_ <= 0) return -1001;
    for (long waited = 0;; ++waited) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, waited < timeout_ms ? WNOHANG : 0);
      if (got == pid_) {
        pid_ = -1;
        if (waited >= timeout_ms) return -1000;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      }
      if (waited + 1 >= timeout_ms) {
        ::kill(pid_, SIGKILL);
        waited = timeout_ms;
      } else {
        SleepMs(1);
      }
    }
  }

  // Waits until it has stopped itself. False when it ends or does not stop in time.
  [[nodiscard]] bool WaitForStop(long timeout_ms = 10'000) {
    for (long waited = 0; waited < timeout_ms; ++waited) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, WNOHANG | WUNTRACED);
      if (got == pid_ && WIFSTOPPED(status)) return true;
      if (got == pid_) {
        pid_ = -1;
        return false;
      }
      SleepMs(1);
    }
    return false;
  }

  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::kill(pid_, SIGCONT);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

// Waits until the condition holds. False after the timeout.
inline bool Eventually(const std::function<bool()>& condition, long timeout_ms = 10'000) {
  for (long waited = 0; waited < timeout_ms; ++waited) {
    if (condition()) return true;
    SleepMs(1);
  }
  return condition();
}

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_PROCESS_H_
