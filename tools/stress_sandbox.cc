// SPDX-License-Identifier: Apache-2.0
#include "stress_sandbox.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace tool {
namespace {

std::string TemporaryDirectory() {
  const char* const given = std::getenv("TMPDIR");
  return given != nullptr && given[0] == '/' ? given : "/tmp";
}

// A new directory that nobody else may enter; "" on failure, with errno.
std::string MakePrivate(const std::string& parent) {
  std::string path = parent + "/shmflake-stress-XXXXXX";
  return mkdtemp(path.data()) == nullptr ? std::string() : path;
}

void ClearSettings() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (name == "SHMFLAKE_LOG")
      continue;  // no setting of the region's; whoever set it wants to see
    if (name.starts_with("SHMFLAKE_") || name.starts_with("SNOWFLAKE_")) names.emplace_back(name);
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

}  // namespace

StressSandbox::~StressSandbox() {
  std::error_code ignored;
  for (const std::string& directory : directories_) {
    std::filesystem::remove_all(directory, ignored);
  }
}

std::string StressSandbox::Enter(RegionOptions* region) {
  const std::string temporary = TemporaryDirectory();
  // The region belongs on tmpfs; without one, it works on any file system.
  std::string regions = MakePrivate("/dev/shm");
  if (regions.empty()) regions = MakePrivate(temporary);
  if (regions.empty()) return "cannot make a directory in " + temporary + ": " + strerror(errno);
  directories_.push_back(regions);
  const std::string state = MakePrivate(temporary);
  if (state.empty()) return "cannot make a directory in " + temporary + ": " + strerror(errno);
  directories_.push_back(state);

  // An empty file, so that /etc/snowflake.toml is not read.
  const std::string config = state + "/snowflake.toml";
  if (!std::ofstream(config)) return "cannot write " + config + ": " + strerror(errno);
  ClearSettings();

  region->SetDefault("--name", "stress");
  region->SetDefault("--directory", regions);
  region->SetDefault("--state-directory", state);
  region->SetDefault("--config", config);
  region->SetDefault("--worker-id", region->given("--layout") ? "0" : "1");  // some have no other
  // A crowd on a busy machine takes its time to attach.
  region->SetDefault("--wait-timeout-ms", "10000");
  if (region->given("--layout")) return "";
  // Room for tens of millions of IDs a second: 2^22 in a millisecond.
  region->SetDefault("--sequence-bits", "22");
  if (!region->given("--worker-id-bits")) {
    region->SetDefault("--machine-bits", "1");
    region->Set("--worker-id-bits", "2");
  }
  return "";
}

}  // namespace tool
