// SPDX-License-Identifier: Apache-2.0
#include "stress_report.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "text.h"

namespace tool {
namespace {

constexpr std::size_t kMostRows = 24;  // of processes; more are summed up

double Rate(std::uint64_t ids, double seconds) {
  return seconds > 0 ? static_cast<double>(ids) / seconds : 0;
}

std::string Who(const StressReport& report, std::size_t process) {
  return "process " + std::to_string(process + 1) + " (PID " +
         std::to_string(report.processes[process].pid) + ")";
}

const char* EndName(StressEnd end) {
  switch (end) {
    case StressEnd::kFinished:
      return "finished";
    case StressEnd::kKilled:
      return "killed";
    case StressEnd::kRunning:
    case StressEnd::kFailed:
      break;
  }
  return "failed";
}

std::vector<std::string> RateRow(const StressReport& report, std::size_t i) {
  const StressProcessReport& process = report.processes[i];
  std::string remark;
  if (process.end == StressEnd::kKilled) remark = "killed";
  if (process.end == StressEnd::kFailed) remark = "FAILED";
  if (i >= report.plan.processes) remark += remark.empty() ? "a replacement" : ", a replacement";
  return {std::to_string(i + 1),
          std::to_string(process.pid),
          WithCommas(process.ids),
          Fixed(process.seconds, 2),
          ShortRate(Rate(process.ids, process.seconds)),
          remark};
}

void PrintRates(Output* out, const StressReport& report) {
  using enum Table::Align;
  Table table({kRight, kRight, kRight, kRight, kRight, kLeft});
  table.Row({"process", "PID", "IDs", "seconds", "IDs/s", ""});
  const std::size_t rows = report.processes.size();
  for (std::size_t i = 0; i < std::min(rows, kMostRows); ++i) table.Row(RateRow(report, i));
  if (rows > kMostRows) {
    table.Row({"...", "", "", "", "", std::to_string(rows - kMostRows) + " more (all in --json)"});
  }
  table.Row({"all", "", WithCommas(report.count.ids), Fixed(report.seconds, 2),
             ShortRate(Rate(report.count.ids, report.seconds)), ""});
  out->Write(table.Text("  "));
}

void PrintSamples(Output* out, const StressReport& report) {
  using enum Table::Align;
  Table table({kRight, kLeft, kRight, kRight, kLeft});
  table.Row({"ID", "time", "worker", "sequence", "drawn by"});
  std::uint64_t next = 0;
  for (const Sample& sample : report.count.samples) {
    shmflake_parts parts{};
    if (!report.layout.Decode(sample.drawn.id, &parts)) continue;
    if (sample.position != next) table.Row({"...", "", "", "", ""});
    next = sample.position + 1;
    table.Row({std::to_string(sample.drawn.id), report.layout.Time(parts),
               std::to_string(parts.worker_id), std::to_string(parts.sequence),
               "process " + std::to_string(sample.drawn.process + 1)});
  }
  out->Write(table.Text("  "));
}

void PrintFindings(Output* out, const StressReport& report) {
  using enum Table::Align;
  Table table({kLeft, kRight, kLeft});
  table.Row({"IDs drawn", WithCommas(report.count.ids),
             "by " + std::to_string(report.processes.size()) + " processes"});
  table.Row({"killed", std::to_string(report.outcome.kills),
             report.outcome.kills > 0 ? "with SIGKILL at random moments; their IDs count" : ""});
  if (report.strict) {
    table.Row(
        {"out of order", WithCommas(report.count.descents + report.order_breaks),
         "by process, and in " + WithCommas(report.order_checks) + " draws across processes"});
  }
  if (report.refusals > 0) {
    table.Row(
        {"refusals", WithCommas(report.refusals), "draws that waited in vain, and tried again"});
  }
  table.Row({"REPEATS", WithCommas(report.count.repeats), "every ID compared with all others"});
  out->Write(table.Text("  "));
  for (const Repeat& repeat : report.count.examples) {
    out->Write("    " + std::to_string(repeat.id) + " was drawn by " + Who(report, repeat.first) +
               " and by " + Who(report, repeat.second) + "\n");
  }
}

}  // namespace

bool StressReport::passed() const { return Verdict().empty(); }

std::string StressReport::Verdict() const {
  if (count.repeats > 0) {
    const Repeat& first = count.examples.front();
    return WithCommas(count.repeats) + " of " + WithCommas(count.ids) +
           " IDs are repeats: " + std::to_string(first.id) + " was drawn by " +
           Who(*this, first.first) + " and by " + Who(*this, first.second);
  }
  if (strict && count.descents > 0) {
    return WithCommas(count.descents) +
           " IDs do not ascend within their process: " + Who(*this, count.descents_in);
  }
  if (strict && order_breaks > 0) return order_example;
  if (!outcome.error.empty()) return outcome.error;
  if (outcome.interrupted) return "interrupted after " + WithCommas(count.ids) + " IDs, no repeat";
  if (count.ids == 0) return "no ID was drawn";
  return "";
}

void ReadRecords(const StressLog& log, StressReport* report) {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < report->processes.size(); ++i) {
    const StressRecord& record = log.record(i);
    // Relaxed: the processes have ended, and waitpid() came in between.
    const std::uint64_t started = record.started_ns.load(std::memory_order_relaxed);
    const std::uint64_t ended = record.ended_ns.load(std::memory_order_relaxed);
    if (started != 0 && ended > started) {
      report->processes[i].seconds = static_cast<double>(ended - started) / 1e9;
      first = std::min(first, started);
      last = std::max(last, ended);
    }
    if (record.order_breaks > 0 && report->order_breaks == 0) {
      report->order_example = Who(*report, i) + " drew " + std::to_string(record.broken_id) +
                              " after " + std::to_string(record.broken_floor) +
                              " had been drawn: strict ordering is broken";
    }
    report->order_checks += record.order_checks;
    report->order_breaks += record.order_breaks;
    report->refusals += record.refusals;
  }
  if (last > first) report->seconds = static_cast<double>(last - first) / 1e9;
}

void PrintStress(Output* out, const StressReport& report) {
  PrintRates(out, report);
  if (!report.count.samples.empty()) {
    out->Write("\nThe first ID, neighbours that different processes drew, and the last:\n");
    PrintSamples(out, report);
  }
  out->Write("\n");
  PrintFindings(out, report);
}

Json StressToJson(const StressReport& report) {
  Json processes = Json::array();
  for (const StressProcessReport& process : report.processes) {
    processes.push_back({{"pid", process.pid},
                         {"end", EndName(process.end)},
                         {"ids", process.ids},
                         {"seconds", process.seconds},
                         {"ids_per_second", Rate(process.ids, process.seconds)}});
  }
  Json samples = Json::array();
  for (const Sample& sample : report.count.samples) {
    shmflake_parts parts{};
    if (!report.layout.Decode(sample.drawn.id, &parts)) continue;
    Json decoded = DecodedToJson(report.layout, sample.drawn.id, parts);
    decoded["process"] = sample.drawn.process + 1;
    decoded["position"] = sample.position;
    samples.push_back(std::move(decoded));
  }
  Json repeated = Json::array();
  for (const Repeat& repeat : report.count.examples) {
    repeated.push_back(
        {{"id", std::to_string(repeat.id)},
         {"processes", {repeat.first + 1, repeat.second + 1}},
         {"pids", {report.processes[repeat.first].pid, report.processes[repeat.second].pid}}});
  }
  return {{"passed", report.passed()},
          {"verdict", report.Verdict()},
          {"note", report.plan.note},
          {"region", report.region},
          {"layout", report.layout.ToJson()},
          {"ordering", report.strict ? "strict" : "relaxed"},
          {"processes", report.plan.processes},
          {"batch", report.plan.batch},
          {"ids", report.count.ids},
          {"seconds", report.seconds},
          {"ids_per_second", Rate(report.count.ids, report.seconds)},
          {"kills", report.outcome.kills},
          {"repeats", report.count.repeats},
          {"out_of_order", report.count.descents + report.order_breaks},
          {"order_checks", report.order_checks},
          {"refusals", report.refusals},
          {"interrupted", report.outcome.interrupted},
          {"repeated", repeated},
          {"samples", samples},
          {"started", processes}};
}

}  // namespace tool
