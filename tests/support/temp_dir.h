// SPDX-License-Identifier: Apache-2.0
// A directory of the test's own, mode 0700, removed with all that is in it.
#ifndef SHMFLAKE_TESTS_SUPPORT_TEMP_DIR_H_
#define SHMFLAKE_TESTS_SUPPORT_TEMP_DIR_H_

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace shmflake::test {

class TempDir {
 public:
  // In `parent`, else in TMPDIR, else in /tmp.
  explicit TempDir(const std::string& parent = "") {
    const char* variable = std::getenv("TMPDIR");
    const std::string usual = variable != nullptr && *variable != '\0' ? variable : "/tmp";
    path_ = (parent.empty() ? usual : parent) + "/shmflake-test-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
      std::perror(path_.c_str());
      std::abort();
    }
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // The path of a file that holds the text.
  [[nodiscard]] std::string Write(const std::string& name, std::string_view text) const {
    const std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  std::string path_;
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_TEMP_DIR_H_
