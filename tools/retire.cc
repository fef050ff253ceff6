// SPDX-License-Identifier: Apache-2.0
// shmflake retire: the end of a region.
#include <nlohmann/json.hpp>
#include <string>

#include "command.h"

namespace tool {
namespace {

int Retire(Session* session) {
  const shmflake_options options = session->region.Build();
  if (const int code = shmflake_retire(session->region.name(), &options); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  if (session->json) {
    session->out.WriteJson(Json{{"retired", session->region.display_name()}});
  } else {
    session->out.Write("retired region " + session->region.display_name() +
                       ": no further ID comes from it\n");
  }
  return kOk;
}

constexpr char kRetireTeaching[] =
    "For a change of settings (not of the ID layout, which the store remembers), or\n"
    "before a host goes: no ID is drawn from the region afterwards, and the unused\n"
    "part of its lease is given back. Attached processes follow to the next region by\n"
    "themselves, so nothing has to be stopped. If only the store fails, the region is\n"
    "retired all the same, and the next one starts at the horizon.\n"
    "\n"
    "Examples:\n"
    "  shmflake retire\n"
    "  shmflake retire --name orders\n"
    "  shmflake gen --name orders --ordering relaxed";

}  // namespace

void AddRetire(CLI::App* app, Session* session) {
  AddSubcommand(app, session, "retire", "end a region; the next draw makes a new one",
                kRetireTeaching, [session] { return Retire(session); });
}

}  // namespace tool
