// SPDX-License-Identifier: Apache-2.0
// shmflake stress: the repeat hunt.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "stress_count.h"
#include "stress_hunt.h"
#include "stress_log.h"
#include "stress_plan.h"
#include "stress_progress.h"
#include "stress_report.h"
#include "stress_sandbox.h"
#include "text.h"

namespace tool {
namespace {

void Announce(Session* session, const StressPlan& plan) {
  if (session->json) return;
  Output& out = session->out;
  if (!plan.note.empty()) out.Write("note: " + plan.note + "\n\n");
  const auto plural = [](std::uint64_t count, const std::string& noun) {
    return WithCommas(count) + " " + noun + (count == 1 ? "" : noun.back() == 's' ? "es" : "s");
  };
  std::string line = "The repeat hunt: " + plural(plan.processes, "process") + " draw";
  line += plan.processes == 1 ? "s " : " ";
  line += plan.until_memory ? "IDs" : WithCommas(plan.ids) + " IDs";
  if (plan.batch > 1) line += ", " + std::to_string(plan.batch) + " a call";
  if (plan.seconds > 0) line += ", for at most " + plural(plan.seconds, "second");
  if (plan.kills > 0) line += "; " + plural(plan.kills, "kill") + " meanwhile";
  out.Write(line + ".\n\n");
  out.Flush();  // it is read while the hunt runs
}

// What the region says of itself, as long as it is there.
int Describe(const RegionOptions& region, StressReport* report) {
  Flake flake;
  shmflake_status_info info{};
  info.struct_size = sizeof info;
  int code = region.Open(true, &flake);
  if (code == SHMFLAKE_OK) code = shmflake_status(flake.get(), &info);
  if (code != SHMFLAKE_OK) return code;
  report->layout = LayoutOf(info);
  report->region = info.path;
  report->strict = info.ordering != SHMFLAKE_ORDERING_RELAXED;
  return SHMFLAKE_OK;
}

int Stress(Session* session, StressPlan plan) {
  StressSandbox sandbox;
  if (!plan.use_region) {
    const std::string error = sandbox.Enter(&session->region);
    if (!error.empty()) return session->Fail({SHMFLAKE_E_DIRECTORY, error});
  }
  // A hunt on impossible settings is refused here, not by all of its processes.
  std::vector<shmflake_setting> settings;
  if (const int code = ReadSettings(session->region, &settings); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  FitToMachine(&plan);
  StressLog log;
  if (const std::string error = log.Create(plan); !error.empty()) {
    return session->Fail({SHMFLAKE_E_NO_MEMORY, error});
  }
  Announce(session, plan);

  StressReport report;
  report.plan = plan;
  StressProgress progress(plan, session->json);
  report.outcome = StressHunt(plan, session->region, &log, &progress).Run();
  if (const int code = Describe(session->region, &report); code != SHMFLAKE_OK) {
    progress.End();
    // The processes could not attach either, and said why.
    if (report.outcome.error.empty()) return session->FailLibrary(code);
    return session->Fail({code, report.outcome.error});
  }

  progress.Say("comparing all IDs ...");
  std::vector<ProcessIds> all = CollectIds(log, report.outcome.processes.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const StressProcess& process = report.outcome.processes[i];
    report.processes.push_back({process.pid, process.end, all[i].count, 0});
  }
  if (plan.plant_repeat && !PlantRepeat(&all)) {
    progress.End();
    return session->Fail({SHMFLAKE_E_COUNT, "too few IDs were drawn to plant a repeat"});
  }
  report.count = CountRepeats(&all);
  ReadRecords(log, &report);
  progress.End();

  const std::string verdict = report.Verdict();
  if (session->json) {
    session->out.WriteJson(StressToJson(report));
    return verdict.empty() ? kOk : kFailed;
  }
  PrintStress(&session->out, report);
  if (verdict.empty()) {
    session->out.Write("\nNo repeat among " + WithCommas(report.count.ids) + " IDs.\n");
    return kOk;
  }
  session->out.Flush();
  PrintError(verdict);
  return kFailed;
}

constexpr char kStressTeaching[] =
    "Processes draw IDs from one region as fast as they can and write down each one.\n"
    "Some are killed with SIGKILL at random moments, and others started instead. At\n"
    "the end all IDs, those of the killed included, are compared: a repeat, or an ID\n"
    "out of order, is exit code 1.\n"
    "\n"
    "The region is a private one, made for the hunt and removed after it, and set by\n"
    "options alone: 22 sequence bits and 2 worker ID bits, unless given. --use-region\n"
    "hunts on the configured one. The draws end with --ids or --seconds, whichever\n"
    "comes first; every ID is kept until then, in at most half of the free memory.\n"
    "\n"
    "Examples:\n"
    "  shmflake stress\n"
    "  shmflake stress --processes 64 --kill 200 --seconds 20\n"
    "  shmflake stress --sequence-bits 12      as by default: 4,096,000 IDs/s\n"
    "  shmflake stress --plant-repeat          see that the hunt finds one";

}  // namespace

void AddStress(CLI::App* app, Session* session) {
  const auto plan = std::make_shared<StressPlan>();
  CLI::App* command = AddSubcommand(app, session, "stress",
                                    "hunt for repeats: many processes draw, some are killed",
                                    kStressTeaching, [=] { return Stress(session, *plan); });
  AddNumber(command, "--processes", &plan->processes, 1, kMaxProcesses, "that draw at a time [8]");
  AddNumber(command, "--ids", &plan->ids, 1, kMaxIds, "to draw in all [30000000]");
  AddNumber(command, "--seconds", &plan->seconds, 1, kMaxSeconds, "to draw for [no limit]");
  AddNumber(command, "--kill", &plan->kills, 0, kMaxKills, "processes to kill meanwhile [5]");
  AddNumber(command, "--batch", &plan->batch, 1, kMaxBatch, "IDs a call [1]");
  AddFlag(command, "--use-region", &plan->use_region, "hunt on the configured region");
  AddFlag(command, "--plant-repeat", &plan->plant_repeat,
          "self-test: copy an ID to another log; exits 1");
}

}  // namespace tool
