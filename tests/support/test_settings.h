// SPDX-License-Identifier: Apache-2.0
// Settings of a region in a directory of the test's own, resolved as a program's are.
#ifndef SHMFLAKE_TESTS_SUPPORT_TEST_SETTINGS_H_
#define SHMFLAKE_TESTS_SUPPORT_TEST_SETTINGS_H_

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "core/options.h"
#include "core/region_file.h"
#include "core/settings.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {

inline constexpr std::uint32_t kTestWorkerId = 3;

class TestPlace {
 public:
  // What every region of the place gets unless a test says otherwise.
  [[nodiscard]] Options MakeOptions() const {
    Options options;
    options.directory = directory();
    options.state_directory = state_directory();
    options.worker_id = kTestWorkerId;
    return options;
  }
  [[nodiscard]] Settings Resolve(const Options& options, const char* name = "region") const {
    Settings settings;
    const Status status = ResolveSettingsOn(FakeHost(), name, options, &settings);
    EXPECT_TRUE(status.ok()) << status.message();
    return settings;
  }
  [[nodiscard]] Settings MakeSettings() const { return Resolve(MakeOptions()); }

  // Both directories, as if a region had been made here.
  void MakeDirectories() const {
    std::filesystem::create_directories(directory());
    std::filesystem::create_directories(state_directory());
    EXPECT_EQ(0, ::chmod(directory().c_str(), 0700));
    EXPECT_EQ(0, ::chmod(state_directory().c_str(), 0700));
  }

  [[nodiscard]] std::string directory() const { return root_.path() + "/regions"; }
  [[nodiscard]] std::string state_directory() const { return root_.path() + "/state"; }
  [[nodiscard]] std::string region_path(const std::string& name = "region") const {
    return directory() + "/" + name + ".region";
  }
  [[nodiscard]] std::string store_path() const { return state_directory() + "/leases.db"; }

 private:
  TempDir root_;
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_TEST_SETTINGS_H_
