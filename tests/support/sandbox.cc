// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sandbox.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace flake::test {
namespace {

std::string MakeDirectory(const std::string& parent) {
  std::string path = parent + "/shmflake-test-XXXXXX";
  return ::mkdtemp(path.data()) == nullptr ? "" : path;
}

}  // namespace

Sandbox::Sandbox() {
  const char* variable = std::getenv("TMPDIR");
  const std::string usual =
      variable != nullptr && *variable != '\0' ? variable : std::filesystem::temp_directory_path();
  state = MakeDirectory(usual);
  regions = MakeDirectory("/dev/shm");
  if (regions.empty()) regions = MakeDirectory(usual);
  if (state.empty() || regions.empty()) {
    std::perror("a test's directories");
    std::abort();
  }
  region = regions + "/default.region";
  empty_config_ = state + "/empty.toml";
  std::ofstream(empty_config_).flush();
}

Sandbox::~Sandbox() {
  std::error_code ignored;
  std::filesystem::remove_all(state, ignored);
  std::filesystem::remove_all(regions, ignored);
}

shmflake_options Sandbox::Options() const {
  shmflake_options options{};
  options.struct_size = sizeof(options);
  options.config_file = empty_config_.c_str();
  options.directory = regions.c_str();
  options.state_directory = state.c_str();
  options.worker_id = 1;
  options.wait_timeout_ms = 10'000;  // a loaded machine's disk may take seconds to sync
  return options;
}

Flake Sandbox::Open(int* code, const shmflake_options* options, const char* name) const {
  const shmflake_options usual = Options();
  ::shmflake* flake = nullptr;
  const int result = shmflake_open(name, options != nullptr ? options : &usual, &flake);
  if (code != nullptr) *code = result;
  return Flake(flake);
}

Flake Sandbox::MustOpen(const shmflake_options* options) const {
  int code = 0;
  Flake flake = Open(&code, options);
  if (flake == nullptr) {
    std::fprintf(stderr, "open: %s: %s\n", shmflake_error_name(code), shmflake_last_error());
    std::_Exit(99);
  }
  return flake;
}

int Sandbox::Retire(std::uint32_t wait_timeout_ms) const {
  shmflake_options options = Options();
  options.wait_timeout_ms = wait_timeout_ms;
  return shmflake_retire(nullptr, &options);
}

void Sandbox::RemoveRegion() const { ::unlink(region.c_str()); }

std::string Sandbox::ListRegions() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(regions)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

shmflake_status_info StatusOf(::shmflake* flake) {
  shmflake_status_info info{};
  info.struct_size = sizeof(info);
  if (shmflake_status(flake, &info) != 0) std::fprintf(stderr, "%s\n", shmflake_last_error());
  return info;
}

std::uint64_t InstanceOf(::shmflake* flake) { return StatusOf(flake).instance_id; }

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace flake::test
