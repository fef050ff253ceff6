// SPDX-License-Identifier: Apache-2.0
// Runs seeds, each in a child process, and says what they held. The parent removes what a run leaves
// in /dev/shm, however the child ended.
//
// usage: simulate [--seed S | --seeds FROM-TO]... [--seconds N | --hours N] [--stop] [--trace]
//        Without --seed fresh seeds are taken, for the time given (10 seconds), one after the other.
//        --stop: at the first broken promise. --trace: what happens, on standard error.
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "core/platform.h"
#include "tests/sim/simulation.h"

namespace shmflake::sim {
namespace {

constexpr std::int64_t kLongestRunNs = 300 * kSecond;  // of the machine's time: more is a hang

volatile sig_atomic_t g_interrupted = 0;

struct Request {
  std::vector<std::uint64_t> seeds;
  std::int64_t seconds = 10;
  bool stop = false;
};

bool ParseNumber(const std::string& text, std::uint64_t* out) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && at == end && !text.empty();
}

bool ParseSeeds(const std::string& text, std::vector<std::uint64_t>* out) {
  const std::size_t dash = text.find('-');
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  if (!ParseNumber(text.substr(0, dash), &from)) return false;
  if (!ParseNumber(dash == std::string::npos ? text : text.substr(dash + 1), &to)) return false;
  for (std::uint64_t seed = from; seed <= to && seed - from < 100'000; ++seed) out->push_back(seed);
  return from <= to;
}

bool Parse(int argc, char** argv, Request* out) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--trace") {
      ::setenv("SHMFLAKE_SIM_TRACE", "1", 1);
      continue;
    }
    if (option == "--stop") {
      out->stop = true;
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    std::uint64_t number = 0;
    if (option == "--seed" || option == "--seeds") {
      if (!ParseSeeds(value, &out->seeds)) return false;
    } else if (!ParseNumber(value, &number) || number > 10'000'000) {
      return false;
    } else if (option == "--seconds" || option == "--hours") {
      out->seconds = static_cast<std::int64_t>(number) * (option == "--hours" ? 3600 : 1);
    } else {
      return false;
    }
  }
  return true;
}

// In the child.
[[noreturn]] void RunSeed(std::uint64_t seed, const std::string& root, Report* report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);  // the parent ends it
  {
    Simulation simulation(MakePlan(seed), root, report);
    simulation.Run();
  }
  ::_exit(0);
}

// Waits for the child. False when it had to be ended.
bool Await(pid_t child, int* status) {
  const std::int64_t began = MonotonicNs();
  for (;;) {
    if (::waitpid(child, status, WNOHANG) == child) return true;
    if (g_interrupted != 0 || MonotonicNs() - began > kLongestRunNs) {
      ::kill(child, SIGKILL);
      (void)::waitpid(child, status, 0);
      return false;
    }
    ::poll(nullptr, 0, 2);
  }
}

// Whether every promise was kept.
bool RunOne(std::uint64_t seed, const char* program, Report* report) {
  *report = Report();
  std::string root = "/dev/shm/shmflake-sim-XXXXXX";
  if (::mkdtemp(root.data()) == nullptr) {
    std::perror(root.c_str());
    return false;
  }
  (void)std::fflush(nullptr);
  const std::int64_t began = MonotonicNs();
  const pid_t child = ::fork();
  if (child == 0) RunSeed(seed, root, report);
  int status = 0;
  const bool awaited = child > 0 && Await(child, &status);
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
  if (g_interrupted != 0) return false;

  std::printf("seed %llu: %s%.1f host-years", static_cast<unsigned long long>(seed),
              report->ended ? "" : "BROKEN after ",
              report->ended ? report->host_years : static_cast<double>(report->virtual_ns) / 1e9);
#define SHMFLAKE_SIM_SHOW(name, shown) \
  std::printf(", %llu %s", static_cast<unsigned long long>(report->name), shown);
  SHMFLAKE_SIM_COUNTS(SHMFLAKE_SIM_SHOW)
#undef SHMFLAKE_SIM_SHOW
  std::printf(", longest overtime %lld ms, %.1f s, hash %016llx\n",
              static_cast<long long>(report->longest_overtime_ns / kMs),
              static_cast<double>(MonotonicNs() - began) / 1e9,
              static_cast<unsigned long long>(report->hash));
  if (report->ended && WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (report->broken) {
    std::printf("  PROMISE BROKEN: %s\n  %s\n", report->promise, report->details);
  } else if (!awaited) {
    std::printf("  it did not end within %lld s\n",
                static_cast<long long>(kLongestRunNs / kSecond));
  } else {
    std::printf("  the simulation itself ended with status %#x\n", static_cast<unsigned>(status));
  }
  std::printf("  %s\n  replay: %s --seed %llu\n", Describe(MakePlan(seed)).c_str(), program,
              static_cast<unsigned long long>(seed));
  return false;
}

void AddTo(const Report& report, Report* all) {
#define SHMFLAKE_SIM_ADD(name, shown) all->name += report.name;
  SHMFLAKE_SIM_COUNTS(SHMFLAKE_SIM_ADD)
#undef SHMFLAKE_SIM_ADD
  all->host_years += report.host_years;
}

int Main(int argc, char** argv) {
  Request request;
  if (!Parse(argc, argv, &request)) {
    std::fprintf(
        stderr,
        "usage: simulate [--seed S | --seeds FROM-TO]... [--seconds N | --hours N] [--stop] "
        "[--trace]\n");
    return 2;
  }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(signal, [](int) { g_interrupted = 1; });
  }
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  ::setenv("SHMFLAKE_PLUGIN_DIR", self.parent_path().c_str(), 1);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &files);
  }
  void* shared =
      ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::perror("map the report");
    return 2;
  }
  auto* report = new (shared) Report;
  Report all;
  std::uint64_t runs = 0;
  std::uint64_t broken = 0;
  const std::int64_t began = MonotonicNs();
  const bool fresh = request.seeds.empty();
  for (std::size_t i = 0; g_interrupted == 0 && (broken == 0 || !request.stop); ++i) {
    const std::int64_t passed = MonotonicNs() - began;
    if (fresh ? passed >= request.seconds * kSecond : i >= request.seeds.size()) break;
    const std::uint64_t seed = fresh ? RandomU64() % 1'000'000'000'000 : request.seeds[i];
    broken += RunOne(seed, argv[0], report) ? 0 : 1;
    AddTo(*report, &all);
    ++runs;
  }
  std::printf(
      "%llu seeds, %.0f host-years, %llu faults, %llu leases taken, %llu moved, %llu IDs and "
      "%llu UUIDs checked, %llu repeats, %llu broken, in %.0f s\n",
      static_cast<unsigned long long>(runs), all.host_years,
      static_cast<unsigned long long>(all.faults()),
      static_cast<unsigned long long>(all.leases_taken),
      static_cast<unsigned long long>(all.leases_moved), static_cast<unsigned long long>(all.ids),
      static_cast<unsigned long long>(all.uuids), static_cast<unsigned long long>(all.repeats),
      static_cast<unsigned long long>(broken), static_cast<double>(MonotonicNs() - began) / 1e9);
  if (g_interrupted != 0) return 130;
  return broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace shmflake::sim

int main(int argc, char** argv) { return shmflake::sim::Main(argc, argv); }
