// SPDX-License-Identifier: Apache-2.0
// shmflake layouts: the ID layouts that are known by name.
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "layout.h"
#include "text.h"

namespace tool {
namespace {

constexpr std::size_t kColumns = 80;

std::string Day(std::int64_t unix_ms) {
  const std::string time = IsoTime(unix_ms);
  return time.substr(0, time.find('T'));
}

bool IsOver(const shmflake_layout_info& info) {
  return info.until_unix_ms / 1000 <= static_cast<std::int64_t>(std::time(nullptr));
}

// "43/2+6/12": timestamp, datacenter + machine, sequence.
std::string BitsOf(const Layout& layout) {
  const std::string timestamp = std::to_string(layout.timestamp_bits);
  const std::string sequence = std::to_string(layout.sequence_bits);
  std::string worker = std::to_string(layout.machine_bits);
  if (layout.datacenter_bits > 0) worker = std::to_string(layout.datacenter_bits) + "+" + worker;
  return layout.worker_last ? timestamp + "/" + sequence + "/" + worker + "*"
                            : timestamp + "/" + worker + "/" + sequence;
}

std::uint64_t Workers(const Layout& layout) {
  return std::uint64_t{1} << (layout.datacenter_bits + layout.machine_bits);
}

void Print(Output* out, const std::vector<shmflake_layout_info>& layouts) {
  using enum Table::Align;
  Table table({kLeft, kLeft, kRight, kLeft, kLeft, kRight, kRight});
  table.Row({"layout", "bits", "tick", "epoch", "until", "IDs/s", "workers"});
  std::string notes;
  for (const shmflake_layout_info& info : layouts) {
    const Layout layout = LayoutOf(info);
    table.Row({layout.name, BitsOf(layout), layout.Tick(), Day(layout.epoch_ms),
               Day(info.until_unix_ms) + (IsOver(info) ? " over" : ""),
               WithCommas(static_cast<std::uint64_t>(layout.IdsPerSecond())),
               WithCommas(Workers(layout))});
    constexpr std::size_t kIndent = 11;
    std::string note = Wrapped(info.about, kIndent, kColumns);
    note.replace(0, layout.name.size(), layout.name);
    notes += note + "\n";
  }
  out->Write(table.Text(""));
  out->Write("bits: timestamp/datacenter+machine/sequence; * timestamp/sequence/machine\n\n");
  out->Write(notes);
}

Json ToJson(const shmflake_layout_info& info) {
  const Layout layout = LayoutOf(info);
  Json json = layout.ToJson();
  json["epoch"] = IsoTime(info.epoch_ms);
  json["until"] = IsoTime(info.until_unix_ms);
  json["until_unix_ms"] = info.until_unix_ms;
  json["ids_per_second"] = static_cast<std::uint64_t>(layout.IdsPerSecond());
  json["workers"] = Workers(layout);
  json["about"] = info.about;
  return json;
}

int Layouts(Session* session) {
  const std::vector<shmflake_layout_info> layouts = NamedLayouts();
  if (!session->json) {
    Print(&session->out, layouts);
    return kOk;
  }
  Json list = Json::array();
  for (const shmflake_layout_info& info : layouts) list.push_back(ToJson(info));
  session->out.WriteJson(Json{{"layouts", list}});
  return kOk;
}

constexpr char kLayoutsTeaching[] =
    "A region is made with one by --layout, SHMFLAKE_LAYOUT or layout = \"NAME\" in\n"
    "snowflake.toml; epoch_ms may be given beside it.\n"
    "\n"
    "Examples:\n"
    "  shmflake layouts\n"
    "  shmflake gen --name posts --layout js53\n"
    "  shmflake decode --layout discord 175928847299117063";

}  // namespace

void AddLayouts(CLI::App* app, Session* session) {
  AddPlainSubcommand(app, session, "layouts", "the ID layouts that are known by name",
                     kLayoutsTeaching, [session] { return Layouts(session); });
}

}  // namespace tool
