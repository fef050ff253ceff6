// SPDX-License-Identifier: Apache-2.0
// Declares options and arguments of a subcommand: what is written wrongly is a usage error that
// states the rule and the value. CLI11 itself is known to arguments.cc and main.cc only.
#ifndef SHMFLAKE_TOOLS_ARGUMENTS_H_
#define SHMFLAKE_TOOLS_ARGUMENTS_H_

#include <cstdint>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace tool {

// Takes what was given. Returns "", or the rule that it breaks ("must not be empty").
using Take = std::function<std::string(const std::string& text)>;

enum class Presence : std::uint32_t { kOptional, kRequired };

// --flag TYPE, shown under the heading `group`; "" is the first one.
void AddOption(CLI::App* command, const std::string& flag, const std::string& type,
               const std::string& help, const std::string& group, const Take& take);
// A whole number, min..max.
void AddNumber(CLI::App* command, const std::string& flags, std::uint64_t* out, std::uint64_t min,
               std::uint64_t max, const std::string& help, Presence presence = Presence::kOptional);
void AddFlag(CLI::App* command, const std::string& flag, bool* out, const std::string& help);

// What stands without a flag: one word at most, exactly one, or one at least.
void AddWord(CLI::App* command, const std::string& name, const std::string& help, const Take& take);
void AddOneWord(CLI::App* command, const std::string& name, const std::string& help,
                const Take& take);
void AddWords(CLI::App* command, const std::string& name, const std::string& help,
              const Take& take);

// Leaves a subcommand out of the help.
void Hide(CLI::App* command);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_ARGUMENTS_H_
