// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "text.h"

namespace tool {
namespace {

// What CLI11 calls with the text, for the option that is called `name` in messages.
auto Checked(const std::string& name, const Take& take) {
  return [name, take](const std::string& text) {
    const std::string rule = take(text);
    if (!rule.empty()) throw CLI::ValidationError(name, rule + ": \"" + text + "\"");
  };
}

}  // namespace

void AddOption(CLI::App* command, const std::string& flag, const std::string& type,
               const std::string& help, const std::string& group, const Take& take) {
  CLI::Option* option =
      command->add_option_function<std::string>(flag, Checked(flag, take), help)->type_name(type);
  if (!group.empty()) option->group(group);
}

void AddNumber(CLI::App* command, const std::string& flags, std::uint64_t* out, std::uint64_t min,
               std::uint64_t max, const std::string& help, Presence presence) {
  const auto take = [=](const std::string& text) -> std::string {
    if (ParseUnsigned(text, max, out) && *out >= min) return "";
    return "must be a whole number, " + std::to_string(min) + ".." + std::to_string(max);
  };
  const std::string longest = flags.substr(flags.rfind(',') + 1);
  command->add_option_function<std::string>(flags, Checked(longest, take), help)
      ->type_name("N")
      ->required(presence == Presence::kRequired);
}

void AddFlag(CLI::App* command, const std::string& flag, bool* out, const std::string& help) {
  command->add_flag(flag, *out, help);
}

void AddWord(CLI::App* command, const std::string& name, const std::string& help,
             const Take& take) {
  command->add_option_function<std::string>(name, Checked(name, take), help)->type_name("");
}

void AddOneWord(CLI::App* command, const std::string& name, const std::string& help,
                const Take& take) {
  command->add_option_function<std::string>(name, Checked(name, take), help)
      ->type_name("")
      ->required();
}

void AddWords(CLI::App* command, const std::string& name, const std::string& help,
              const Take& take) {
  const auto take_all = [check = Checked(name, take)](const std::vector<std::string>& words) {
    for (const std::string& word : words) check(word);
  };
  command->add_option_function<std::vector<std::string>>(name, take_all, help)
      ->type_name("")
      ->required()
      ->expected(1, -1);
}

void Hide(CLI::App* command) { command->group(""); }

}  // namespace tool
