// SPDX-License-Identifier: Apache-2.0
// The system as it is, past the functions that libc.cc puts in its place for virtual processes.
#ifndef SHMFLAKE_TESTS_SIM_KERNEL_H_
#define SHMFLAKE_TESTS_SIM_KERNEL_H_

#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace shmflake::sim::kernel {

inline int Close(int fd) { return static_cast<int>(::syscall(SYS_close, fd)); }

inline void* Map(std::size_t size) {
  const auto address = ::syscall(SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == -1 ? nullptr : reinterpret_cast<void*>(address);
}

inline void Unmap(void* address, std::size_t size) { ::syscall(SYS_munmap, address, size); }

// For the limits of a run, which is otherwise blind to it.
inline std::int64_t MonotonicNs() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace shmflake::sim::kernel

#endif  // SHMFLAKE_TESTS_SIM_KERNEL_H_
