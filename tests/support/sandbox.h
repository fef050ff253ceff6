// SPDX-License-Identifier: Apache-2.0
// Directories of a test's own: the regions' on tmpfs where there is one, the state's on a disk; and
// the ways to open a region there.
#ifndef SHMFLAKE_TESTS_SUPPORT_SANDBOX_H_
#define SHMFLAKE_TESTS_SUPPORT_SANDBOX_H_

#include <cstdint>
#include <memory>
#include <string>

#include "shmflake/shmflake.h"

namespace flake::test {

struct CloseFlake {
  void operator()(::shmflake* flake) const { shmflake_close(flake); }
};
using Flake = std::unique_ptr<::shmflake, CloseFlake>;

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  std::string regions;  // the region directory
  std::string state;    // the state directory
  std::string region;   // the file of the region "default"

  // Worker 1, no configuration file, these directories. Points into this object.
  [[nodiscard]] shmflake_options Options() const;

  // The handle, or null with `code` set. NULL options: Options().
  Flake Open(int* code = nullptr, const shmflake_options* options = nullptr,
             const char* name = nullptr) const;
  // Dies with a message when it cannot.
  [[nodiscard]] Flake MustOpen(const shmflake_options* options = nullptr) const;
  [[nodiscard]] int Retire(std::uint32_t wait_timeout_ms = 0) const;
  void RemoveRegion() const;
  // Names of what lies in the region directory, sorted, with a space between them.
  [[nodiscard]] std::string ListRegions() const;

 private:
  std::string empty_config_;
};

[[nodiscard]] shmflake_status_info StatusOf(::shmflake* flake);
[[nodiscard]] std::uint64_t InstanceOf(::shmflake* flake);
[[nodiscard]] std::int64_t NowMs();

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_SANDBOX_H_
