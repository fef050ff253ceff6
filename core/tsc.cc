// SPDX-License-Identifier: Apache-2.0
#include "core/tsc.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace shmflake {
namespace {

bool Detect() noexcept {
#if defined(__x86_64__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kInvariantTsc = 1U << 8;  // CPUID.80000007H:EDX, Intel SDM volume 3, 18.17.1
  if (__get_cpuid(0x80000007U, &a, &b, &c, &d) == 0 || (d & kInvariantTsc) == 0) return false;
  const char* wanted = "tsc\n";
#else
  const char* wanted = "arch_sys_counter\n";
#endif
  const int fd = ::open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                        O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[64] = {};
  const ssize_t got = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  return got > 0 && std::strcmp(text, wanted) == 0;
}

}  // namespace

bool TscIsReliable() noexcept {
  static const bool reliable = Detect();
  return reliable;
}

}  // namespace shmflake
