// SPDX-License-Identifier: Apache-2.0
// Test code that runs in a process of its own.
#ifndef SHMFLAKE_TESTS_SUPPORT_CHILD_PROCESS_H_
#define SHMFLAKE_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

namespace shmflake::test {

inline constexpr int kSkipped = 77;
inline constexpr unsigned kWatchdogSeconds = 120;

// Runs the body in a child, which dies of SIGALRM when it hangs. The body returns an exit code; a
// failed expectation makes it 1.
inline pid_t StartChild(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::alarm(kWatchdogSeconds);
  const int code = body();
  if (!::testing::Test::HasFailure()) ::_exit(code);
  std::fflush(stdout);
  ::_exit(1);
}

// The child's exit code, or minus the signal that ended it.
inline int WaitForChild(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) != pid) {
    if (errno != EINTR) return -1000;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline int RunInChild(const std::function<int()>& body) { return WaitForChild(StartChild(body)); }

// A child that does something, says so, and then waits to be killed.
class BackgroundProcess {
 public:
  explicit BackgroundProcess(const std::function<bool()>& setup) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = StartChild([&] {
      const char done = setup() ? 1 : 0;
      if (::write(ends[1], &done, 1) == 1) ::pause();
      return 0;
    });
    char done = 0;
    ready_ = ::read(ends[0], &done, 1) == 1 && done == 1;
    ::close(ends[0]);
    ::close(ends[1]);
  }
  BackgroundProcess(const BackgroundProcess&) = delete;
  BackgroundProcess& operator=(const BackgroundProcess&) = delete;
  ~BackgroundProcess() { Kill(); }

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void Kill() {
    const pid_t pid = std::exchange(pid_, -1);
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    WaitForChild(pid);
  }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

// In a child: a tmpfs on the directory that only this process sees. False when the system denies
// it.
inline bool MountPrivateTmpfs(const std::string& directory, const std::string& options) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

// In a child: a user whom permissions bind.
inline bool BecomeOrdinaryUser() {
  constexpr unsigned kNobody = 65534;
  return ::geteuid() != 0 || (::setresgid(kNobody, kNobody, kNobody) == 0 &&
                              ::setresuid(kNobody, kNobody, kNobody) == 0);
}

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_CHILD_PROCESS_H_
