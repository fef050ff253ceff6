// SPDX-License-Identifier: Apache-2.0
// The command shmflake: reads the command line, runs one subcommand, and sees to it that what was
// to be written was written.
#include <shmflake/shmflake.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>
#include <exception>
#include <sstream>
#include <utility>

#include "command.h"

namespace tool {

CLI::App* AddPlainSubcommand(CLI::App* app, Session* session, const std::string& name,
                             const std::string& purpose, const std::string& teaching,
                             std::function<int()> action) {
  CLI::App* command = app->add_subcommand(name, purpose);
  command->footer(teaching);
  command->add_flag("--json", session->json, "one JSON document, IDs as strings");
  command->callback([session, action = std::move(action)] { session->action = action; });
  return command;
}

CLI::App* AddSubcommand(CLI::App* app, Session* session, const std::string& name,
                        const std::string& purpose, const std::string& teaching,
                        std::function<int()> action) {
  CLI::App* command = AddPlainSubcommand(app, session, name, purpose, teaching, std::move(action));
  session->region.AddTo(command);
  return command;
}

CLI::App* AddGroup(CLI::App* app, const std::string& name, const std::string& purpose,
                   const std::string& teaching) {
  CLI::App* command = app->add_subcommand(name, purpose);
  command->footer(teaching);
  command->require_subcommand(1);
  return command;
}

namespace {

constexpr char kPurpose[] =
    "shmflake: unique 64-bit IDs for every process on a host, out of one\n"
    "shared-memory file.\n"
    "\n"
    "No daemon and no setup: the first process that asks for an ID makes the region,\n"
    "the others attach to it. Settings come from options, the environment and\n"
    "snowflake.toml (see check-config).";

constexpr char kMainTeaching[] =
    "Examples:\n"
    "  shmflake gen -n 3                   three IDs\n"
    "  shmflake gen | xargs shmflake decode\n"
    "                                      what an ID says: when, where, which\n"
    "  shmflake gen --format uuid7         a UUID\n"
    "  shmflake status                     the region, its lease, and who is attached\n"
    "  shmflake stress                     many processes, some killed: any repeat?\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
    "More: shmflake SUBCOMMAND --help, man shmflake.";

// CLI11's help, with one empty line between its parts.
std::string Tidy(std::string help) {
  if (const std::size_t usage = help.find("Usage:"); usage != std::string::npos && usage > 0) {
    help.insert(usage, "\n");
  }
  for (std::size_t at = 0; (at = help.find("\n\n\n", at)) != std::string::npos;) help.erase(at, 1);
  return help;
}

int UsageError(const CLI::App& app, const CLI::ParseError& error) {
  PrintError(error.what());
  std::string command = "shmflake";
  const CLI::App* innermost = &app;
  while (!innermost->get_subcommands().empty()) {
    innermost = innermost->get_subcommands().front();
    command += " " + innermost->get_name();
  }
  const std::string hint = "Try '" + command + " --help'.\n";
  fputs(hint.c_str(), stderr);
  return kUsage;
}

int Run(int argc, char** argv, Session* session) {
  CLI::App app(kPurpose, "shmflake");
  app.footer(kMainTeaching);
  app.get_formatter()->column_width(26);
  app.set_version_flag("--version", std::string("shmflake ") + shmflake_version(),
                       "print the version");
  app.require_subcommand(1);
  AddGen(&app, session);
  AddDecode(&app, session);
  AddLayouts(&app, session);
  AddStatus(&app, session);
  AddCheckConfig(&app, session);
  AddHealth(&app, session);
  AddStress(&app, session);
  AddRetire(&app, session);
  AddLease(&app, session);
  AddSegment(&app, session);
  AddStore(&app, session);
  AddStressWorker(&app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
      return UsageError(app, error);
    }
    std::ostringstream help;  // or the version
    app.exit(error, help, help);
    session->out.Write(Tidy(help.str()));
    return kOk;
  }
  return session->action();
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  tool::ReserveStandardDescriptors();
  // A closed pipe is told as an error of the write instead.
  std::signal(SIGPIPE, SIG_IGN);

  tool::Session session;
  int exit_code = tool::kFailed;
  try {
    exit_code = tool::Run(argc, argv, &session);
  } catch (const std::exception& error) {
    tool::PrintError(error.what());
  }
  int error = 0;
  if (!session.out.Close(&error)) {
    tool::PrintError(std::string("cannot write standard output: ") + std::strerror(error));
    exit_code = tool::kFailed;
  }
  return exit_code;
}
