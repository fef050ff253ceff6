// SPDX-License-Identifier: Apache-2.0
// shmflake check-config: what shmflake_open() would use, and where each setting comes from.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "layout.h"
#include "text.h"

namespace tool {
namespace {

int CheckConfig(Session* session) {
  std::vector<shmflake_setting> settings;
  if (const int code = ReadSettings(session->region, &settings); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  Layout layout;
  const bool has_layout = LayoutOf(settings, &layout);
  if (session->json) {
    Json list = Json::array();
    for (const shmflake_setting& setting : settings) {
      list.push_back({{"key", setting.key}, {"value", setting.value}, {"source", setting.source}});
    }
    Json document{{"settings", list}};
    if (has_layout) document["layout"] = layout.ToJson();
    session->out.WriteJson(document);
    return kOk;
  }
  using enum Table::Align;
  Table table({kLeft, kLeft, kLeft});
  for (const shmflake_setting& setting : settings) {
    table.Row({setting.key, setting.value[0] == '\0' ? "-" : setting.value, setting.source});
  }
  session->out.Write(table.Text(""));
  if (has_layout) {
    session->out.Write("\n");
    session->out.Write(layout.Diagram("") + layout.Explanation(""));
  }
  return kOk;
}

constexpr char kCheckConfigTeaching[] =
    "Options stand over the environment (SHMFLAKE_...), that over the file, that over\n"
    "the defaults. The file is FILE, else --config, else $SNOWFLAKE_CONFIG, else\n"
    "/etc/snowflake.toml. Touches no region.\n"
    "\n"
    "Examples:\n"
    "  shmflake check-config\n"
    "  shmflake check-config ./snowflake.toml    before it is put in place\n"
    "  SNOWFLAKE_WORKER_ID=7 shmflake check-config";

}  // namespace

void AddCheckConfig(CLI::App* app, Session* session) {
  CLI::App* command = AddSubcommand(
      app, session, "check-config", "check the configuration; show what each setting is",
      kCheckConfigTeaching, [session] { return CheckConfig(session); });
  AddWord(command, "FILE", "the TOML file to check", [session](const std::string& file) {
    if (file.empty()) return "must not be empty";
    if (session->region.given("--config")) return "must not be given beside --config";
    session->region.Set("--config", file);
    return "";
  });
}

}  // namespace tool
