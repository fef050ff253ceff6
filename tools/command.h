// SPDX-License-Identifier: Apache-2.0
// What main.cc and the subcommands share. A subcommand is one file with one Add function, which
// declares its options and leaves in the session what to do.
#ifndef SHMFLAKE_TOOLS_COMMAND_H_
#define SHMFLAKE_TOOLS_COMMAND_H_

#include <functional>
#include <string>

#include "arguments.h"
#include "output.h"
#include "region_options.h"

namespace tool {

// One run of the command.
struct Session {
  RegionOptions region;
  bool json = false;
  Output out;
  std::function<int()> action;  // what the chosen subcommand does; returns an ExitCode

  int Fail(const Failure& failure) { return tool::Fail(&out, json, failure); }
  int FailLibrary(int code) { return Fail(LibraryFailure(code)); }
};

// A subcommand with --json and the region's options. `teaching` stands under its options: examples.
CLI::App* AddSubcommand(CLI::App* app, Session* session, const std::string& name,
                        const std::string& purpose, const std::string& teaching,
                        std::function<int()> action);

// The same without the region's options.
CLI::App* AddPlainSubcommand(CLI::App* app, Session* session, const std::string& name,
                             const std::string& purpose, const std::string& teaching,
                             std::function<int()> action);

// One that only holds others: "segment list".
CLI::App* AddGroup(CLI::App* app, const std::string& name, const std::string& purpose,
                   const std::string& teaching);

void AddGen(CLI::App* app, Session* session);
void AddDecode(CLI::App* app, Session* session);
void AddLayouts(CLI::App* app, Session* session);
void AddStatus(CLI::App* app, Session* session);
void AddCheckConfig(CLI::App* app, Session* session);
void AddHealth(CLI::App* app, Session* session);
void AddStress(CLI::App* app, Session* session);
void AddStressWorker(CLI::App* app, Session* session);  // hidden: one process of stress
void AddRetire(CLI::App* app, Session* session);
void AddLease(CLI::App* app, Session* session);
void AddSegment(CLI::App* app, Session* session);
void AddStore(CLI::App* app, Session* session);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_COMMAND_H_
