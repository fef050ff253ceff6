// SPDX-License-Identifier: Apache-2.0
// Attaching to a region and detaching, beside the bare system calls of mapping a file of its size;
// creating one, beside a durable write to the same disk. Bar: attach and detach take at most 300 us
// (median).
//
// usage: attach_bench [--attaches N] [--creations N]
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/support/samples.h"
#include "bench/support/scratch_region.h"

namespace {

double Now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

[[noreturn]] void DieOfSystem(const std::string& path) {
  std::perror(path.c_str());
  std::exit(1);
}

// Opens, maps, touches, unmaps and closes the region's file, with no regard to what is in it.
void MapBarely(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat found {};
  if (fd < 0 || ::fstat(fd, &found) != 0) DieOfSystem(path);
  const auto size = static_cast<std::size_t>(found.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) DieOfSystem(path);
  (void)*static_cast<volatile unsigned char*>(memory);
  ::munmap(memory, size);
  ::close(fd);
}

void WriteDurably(const std::string& path) {
  const char page[4096] = {};
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, page, sizeof(page)) != sizeof(page) || ::fsync(fd) != 0) {
    DieOfSystem(path);
  }
  ::close(fd);
}

template <typename Body>
void Time(const char* name, Body&& body) {
  const double before = Now();
  body();
  bench::Print(name, "us", Now() - before);
}

// Each in a process of its own: the library's first steps (the handler for SIGBUS, the cycle
// counter's checks) are part of it.
void TimeFirstAttaches(const bench::ScratchRegion& region, int times) {
  std::fflush(nullptr);
  for (int i = 0; i < times; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      Time("first_attach_and_close", [&] { shmflake_close(region.Open()); });
      ::_exit(0);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) std::exit(1);
  }
}

void TimeAttaches(const bench::ScratchRegion& region, int times) {
  const std::string path = region.directory() + "/bench.region";
  std::uint64_t id = 0;
  for (int i = 0; i < times; ++i) {
    Time("map_barely", [&] { MapBarely(path); });
    Time("attach_and_close", [&] { shmflake_close(region.Open()); });
    Time("attach_by_host_address", [&] { shmflake_close(region.OpenWithoutWorkerId()); });
    Time("attach_draw_and_close", [&] {
      shmflake* flake = region.Open();
      if (shmflake_next(flake, &id) != 0) bench::Die("next");
      shmflake_close(flake);
    });
  }
}

void TimeCreations(const bench::ScratchRegion& region, int times) {
  for (int i = 0; i < times; ++i) {
    const std::string name = "creation" + std::to_string(i);
    shmflake* flake = nullptr;
    Time("write_durably", [&] { WriteDurably(region.state_directory() + "/durable"); });
    Time("create", [&] { flake = region.Open(name.c_str()); });
    shmflake_close(flake);
    Time("retire", [&] { region.Retire(name.c_str()); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int attaches = static_cast<int>(bench::NumberOption(argc, argv, "--attaches", 1000));
  const int creations = static_cast<int>(bench::NumberOption(argc, argv, "--creations", 30));
  const bench::ScratchRegion region(bench::kDefaultStrict);
  // A process that has ended since: this one's first attach is still to come.
  if (const pid_t child = ::fork(); child == 0) {
    shmflake_close(region.Open());
    ::_exit(0);
  } else if (int status = 0; ::waitpid(child, &status, 0) != child || status != 0) {
    return 1;
  }
  struct stat found {};
  const std::string path = region.directory() + "/bench.region";
  if (::stat(path.c_str(), &found) != 0) DieOfSystem(path);
  bench::Print("region_size", "bytes", static_cast<double>(found.st_size));
  TimeFirstAttaches(region, attaches / 10 + 1);
  TimeAttaches(region, attaches);
  TimeCreations(region, creations);
}
