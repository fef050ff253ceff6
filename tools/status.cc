// SPDX-License-Identifier: Apache-2.0
// shmflake status: a region for people to read.
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "layout.h"
#include "lease_report.h"
#include "text.h"

namespace tool {
namespace {

struct Snapshot {
  shmflake_status_info info{};
  std::vector<shmflake_process> processes;
};

int Take(shmflake* flake, Snapshot* out) {
  out->info.struct_size = sizeof out->info;
  if (const int code = shmflake_status(flake, &out->info); code != SHMFLAKE_OK) return code;
  std::size_t count = out->info.slots;
  do {
    out->processes.resize(count);
    const int code =
        shmflake_processes(flake, out->processes.data(), out->processes.size(), &count);
    // The region was overwritten meanwhile: what is known of it is worth showing all the same.
    if (code != SHMFLAKE_OK && code != SHMFLAKE_E_REGION_LOST) return code;
    if (code != SHMFLAKE_OK) count = 0;
  } while (count > out->processes.size());
  out->processes.resize(count);
  return SHMFLAKE_OK;
}

const char* OrderingName(const shmflake_status_info& info) {
  return info.ordering == SHMFLAKE_ORDERING_RELAXED ? "relaxed" : "strict";
}
const char* ClockName(const shmflake_status_info& info) {
  if (info.clock_synchronised > 1) return "unknown";
  return info.clock_synchronised == 1 ? "synchronised" : "not synchronised";
}
const char* StateName(const shmflake_status_info& info) {
  if (info.lost != 0) return "lost";
  return info.retired != 0 ? "retired" : "issuing";
}

void PrintRegion(Output* out, const shmflake_status_info& info) {
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  const std::string_view state = StateName(info);
  table.Row({"state", state == "issuing"   ? "issuing IDs"
                      : state == "retired" ? "RETIRED: no further ID comes from it"
                                           : "LOST: its file was removed or overwritten"});
  table.Row({"file", Printable(info.path)});
  table.Row({"", Bytes(info.region_size) + ", layout version " +
                     std::to_string(info.layout_version) + ", made " +
                     IsoTime(info.created_unix_ms)});
  table.Row({"namespace", Printable(info.id_namespace)});
  table.Row({"worker ID",
             std::to_string(info.worker_id) + ", from: " + Printable(info.worker_id_source_name)});
  if (info.worker_id_guaranteed_unique == 0) {
    table.Row({"", "NOT GUARANTEED UNIQUE: another host may have it; set worker_id"});
  }
  table.Row(
      {"store", info.survives_region_loss != 0
                    ? std::string(StoreName(info.store)) + ": unique also after the region is lost"
                    : std::string("none: after a loss of the region, unique only by the clock")});
  table.Row({"ordering", OrderingName(info)});
  out->Write(table.Text("  "));
}

void PrintNow(Output* out, const shmflake_status_info& info) {
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  table.Row({"last ID", info.last_id == 0
                            ? "none yet"
                            : std::to_string(info.last_id) + ", of " + IsoTime(info.last_unix_ms)});
  std::string distance = "behind the clock: the next ID is of the present";
  if (info.ahead_ms > 0) {
    distance = ShortSpan(info.ahead_ms) + " ahead of the clock; draws wait beyond " +
               ShortSpan(info.max_backward_ms);
  }
  table.Row({"state word", distance});
  table.Row({"ceiling",
             IsoTime(info.ceiling_unix_ms) + (info.ceiling_in_ms > 0
                                                  ? ", in " + ShortSpan(info.ceiling_in_ms)
                                                  : ", passed; the next draw extends the lease")});
  table.Row({"clock", std::string(ClockName(info)) + (info.tsc_window != 0
                                                          ? ", read once a tick, the TSC in between"
                                                          : ", read for every draw")});
  table.Row({"time range", Fixed(info.years_left, 1) + " years left"});
  if (info.last_store_error[0] != '\0') {
    table.Row({"store error", Printable(info.last_store_error)});
  }
  out->Write(table.Text("  "));
}

void PrintCounters(Output* out, const shmflake_status_info& info) {
  Table table({Table::Align::kLeft, Table::Align::kRight});
  table.Row({"IDs issued", WithCommas(info.ids_issued)});
  table.Row({"waits", WithCommas(info.waits)});
  table.Row({"refusals", WithCommas(info.refusals)});
  table.Row({"lease extensions", WithCommas(info.lease_extensions)});
  table.Row({"lease failures", WithCommas(info.lease_failures)});
  table.Row({"clock rollbacks", WithCommas(info.clock_rollbacks)});
  table.Row({"clock forward jumps", WithCommas(info.clock_forward_jumps)});
  out->Write(table.Text("  "));
}

void PrintProcesses(Output* out, const Snapshot& snapshot) {
  using enum Table::Align;
  Table table({kRight, kLeft, kLeft, kRight, kRight, kRight, kLeft});
  table.Row({"PID", "command", "attached", "IDs", "waits", "refusals", ""});
  for (const shmflake_process& process : snapshot.processes) {
    const bool self = process.pid == static_cast<std::uint32_t>(getpid());
    const std::string_view command(process.command,
                                   strnlen(process.command, sizeof process.command));
    table.Row({std::to_string(process.pid), Printable(command), IsoTime(process.attached_unix_ms),
               WithCommas(process.ids_issued), WithCommas(process.waits),
               WithCommas(process.refusals),
               process.alive == 0 ? "ended without closing" : (self ? "(this command)" : "")});
  }
  out->Print("\nPROCESSES  %u of %u slots in use\n", snapshot.info.slots_used, snapshot.info.slots);
  out->Write(table.Text("  "));
}

Json ToJson(const Snapshot& snapshot) {
  const shmflake_status_info& info = snapshot.info;
  Json processes = Json::array();
  for (const shmflake_process& process : snapshot.processes) {
    const std::string command(process.command, strnlen(process.command, sizeof process.command));
    processes.push_back({{"pid", process.pid},
                         {"command", command},
                         {"alive", process.alive != 0},
                         {"attached_unix_ms", process.attached_unix_ms},
                         {"ids_issued", process.ids_issued},
                         {"waits", process.waits},
                         {"refusals", process.refusals}});
  }
  return {{"name", info.name},
          {"namespace", info.id_namespace},
          {"path", info.path},
          {"state", StateName(info)},
          {"instance_id", Hex(info.instance_id)},
          {"created_unix_ms", info.created_unix_ms},
          {"birth_unix_ms", info.birth_unix_ms},
          {"layout_version", info.layout_version},
          {"region_size", info.region_size},
          {"layout", LayoutOf(info).ToJson()},
          {"worker_id", info.worker_id},
          {"worker_id_source", info.worker_id_source_name},
          {"worker_id_guaranteed_unique", info.worker_id_guaranteed_unique != 0},
          {"store", StoreName(info.store)},
          {"survives_region_loss", info.survives_region_loss != 0},
          {"ordering", OrderingName(info)},
          {"max_backward_ms", info.max_backward_ms},
          {"horizon_ms", info.horizon_ms},
          {"last_id", std::to_string(info.last_id)},
          {"last_unix_ms", info.last_unix_ms},
          {"ahead_ms", info.ahead_ms},
          {"ceiling_unix_ms", info.ceiling_unix_ms},
          {"ceiling_in_ms", info.ceiling_in_ms},
          {"years_left", info.years_left},
          {"clock", ClockName(info)},
          {"tsc_window", info.tsc_window != 0},
          {"last_store_error", info.last_store_error},
          {"counters",
           {{"ids_issued", info.ids_issued},
            {"waits", info.waits},
            {"refusals", info.refusals},
            {"lease_extensions", info.lease_extensions},
            {"lease_failures", info.lease_failures},
            {"clock_rollbacks", info.clock_rollbacks},
            {"clock_forward_jumps", info.clock_forward_jumps}}},
          {"slots", info.slots},
          {"slots_used", info.slots_used},
          {"processes", processes}};
}

int Status(Session* session) {
  Flake flake;
  Snapshot snapshot;
  int code = session->region.Open(true, &flake);
  if (code == SHMFLAKE_OK) code = Take(flake.get(), &snapshot);
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);

  Output& out = session->out;
  if (session->json) {
    Json document = ToJson(snapshot);
    AddOwnLease(snapshot.info, &document);
    out.WriteJson(document);
    return kOk;
  }
  const Layout layout = LayoutOf(snapshot.info);
  out.Write("REGION " + Printable(snapshot.info.name) + "\n");
  PrintRegion(&out, snapshot.info);
  out.Write("\nID LAYOUT\n" + layout.Diagram("  ") + layout.Explanation("  "));
  out.Write("\nNOW\n");
  PrintNow(&out, snapshot.info);
  out.Write("\nLEASE\n" + DescribeOwnLease(snapshot.info));
  out.Write("\nCOUNTERS\n");
  PrintCounters(&out, snapshot.info);
  PrintProcesses(&out, snapshot);
  return kOk;
}

constexpr char kStatusTeaching[] =
    "Attaches for a moment; never makes a region. The counters are those of the\n"
    "region's whole life.\n"
    "\n"
    "Examples:\n"
    "  shmflake status\n"
    "  shmflake status --name orders\n"
    "  shmflake status --json | jq .ceiling_in_ms";

}  // namespace

void AddStatus(CLI::App* app, Session* session) {
  AddSubcommand(app, session, "status", "show a region: layout, lease, counters, processes",
                kStatusTeaching, [session] { return Status(session); });
}

}  // namespace tool
