// SPDX-License-Identifier: Apache-2.0
// The options that every subcommand takes: which region, and the settings of shmflake_options.
#ifndef SHMFLAKE_TOOLS_REGION_OPTIONS_H_
#define SHMFLAKE_TOOLS_REGION_OPTIONS_H_

#include <shmflake/shmflake.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"

namespace tool {

// Detaches when it goes out of scope.
struct CloseFlake {
  void operator()(shmflake* flake) const { shmflake_close(flake); }
};
using Flake = std::unique_ptr<shmflake, CloseFlake>;

class RegionOptions {
 public:
  RegionOptions() = default;
  RegionOptions(const RegionOptions&) = delete;
  RegionOptions& operator=(const RegionOptions&) = delete;

  // Declares the options. What is written wrongly is a usage error; whether a value is within its
  // range is for the library to say.
  void AddTo(CLI::App* command);

  // The region's name; nullptr means the library's default.
  [[nodiscard]] const char* name() const;
  // The name for people.
  [[nodiscard]] std::string display_name() const;

  // What was given, as the library wants it. Its strings live as long as this object is unchanged.
  [[nodiscard]] shmflake_options Build() const;

  // Was an option of the ID layout given?
  [[nodiscard]] bool layout_given() const;
  // Was it given by its name, perhaps with another epoch, and nothing else of it?
  [[nodiscard]] bool named_layout_given() const;

  // As if `flag` had been given with `value`: overrides, or only if it was not given.
  void Set(const std::string& flag, const std::string& value) { given_[flag] = value; }
  void SetDefault(const std::string& flag, const std::string& value) {
    given_.try_emplace(flag, value);
  }
  [[nodiscard]] bool given(const std::string& flag) const { return given_.contains(flag); }

  // The same options as command-line arguments, for a child process.
  [[nodiscard]] std::vector<std::string> Arguments() const;

  // shmflake_open with these options; attach_only: never creates a region.
  [[nodiscard]] int Open(bool attach_only, Flake* out) const;

 private:
  [[nodiscard]] bool bits_given() const;

  std::map<std::string, std::string> given_;  // flag -> value, already checked
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_REGION_OPTIONS_H_
