// SPDX-License-Identifier: Apache-2.0
#include "bench/support/scratch_region.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

namespace bench {
namespace {

void ForgetSettingsOfTheEnvironment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "SHMFLAKE_", 9) == 0 || std::strncmp(*entry, "SNOWFLAKE_", 10) == 0) {
      names.emplace_back(*entry, std::strcspn(*entry, "="));
    }
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

std::string MakeDirectory(const char* variable, const char* fallback) {
  const char* parent = std::getenv(variable);
  std::string path = std::string(parent != nullptr ? parent : fallback) + "/shmflake-bench.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    std::perror(path.c_str());
    std::exit(1);
  }
  return path;
}

}  // namespace

void Die(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, shmflake_last_error());
  std::fflush(nullptr);
  ::_exit(1);
}

ScratchRegion::ScratchRegion(const RegionKind& kind)
    : kind_(kind),
      directory_(MakeDirectory("BENCH_REGIONS", "/dev/shm")),
      state_directory_(MakeDirectory("BENCH_STATE", "/tmp")),
      config_file_(directory_ + "/empty.toml"),
      owner_(::getpid()) {
  ForgetSettingsOfTheEnvironment();
  std::ofstream(config_file_.c_str());
}

ScratchRegion::~ScratchRegion() {
  if (::getpid() != owner_) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
  std::filesystem::remove_all(state_directory_, ignored);
}

shmflake_options ScratchRegion::Options() const {
  shmflake_options options{};
  options.struct_size = sizeof(options);
  options.config_file = config_file_.c_str();
  options.directory = directory_.c_str();
  options.state_directory = state_directory_.c_str();
  options.worker_id = 1;
  options.worker_id_bits = kind_.worker_id_bits;
  options.machine_bits = kind_.machine_bits;
  options.sequence_bits = kind_.sequence_bits;
  options.ordering = kind_.ordering;
  return options;
}

shmflake* ScratchRegion::OpenWithoutWorkerId() const {
  shmflake_options options = Options();
  options.worker_id = 0;
  shmflake* flake = nullptr;
  if (shmflake_open("bench", &options, &flake) != 0) Die("open");
  return flake;
}

shmflake* ScratchRegion::Open(const char* name, bool background_thread) const {
  shmflake_options options = Options();
  if (background_thread) options.background_thread = SHMFLAKE_ON;
  shmflake* flake = nullptr;
  if (shmflake_open(name, &options, &flake) != 0) Die("open");
  return flake;
}

void ScratchRegion::Retire(const char* name) const {
  const shmflake_options options = Options();
  if (shmflake_retire(name, &options) != 0) Die("retire");
}

}  // namespace bench
