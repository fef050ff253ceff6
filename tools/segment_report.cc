// SPDX-License-Identifier: Apache-2.0
#include "segment_report.h"

#include <nlohmann/json.hpp>

#include "text.h"

namespace tool {
namespace {

std::string Millis(std::uint64_t us) { return Fixed(static_cast<double>(us) / 1000, 1) + " ms"; }

std::string LastFetch(const shmflake_segment_info& info) {
  if (info.last_fetch_unix_ms == 0) return "none yet";
  return IsoTime(info.last_fetch_unix_ms) + ", took " + Millis(info.last_fetch_us);
}

std::string LastError(const shmflake_segment_info& info) {
  if (info.last_error == 0) return "";
  return std::string(shmflake_error_name(info.last_error)) + ": " + Printable(info.last_error_text);
}

}  // namespace

Json SegmentToJson(const shmflake_segment_info& info) {
  Json json{{"tag", info.tag},
            {"store", info.store},
            {"generation", info.generation},
            {"first_id", std::to_string(info.first_id)},
            {"last_id", std::to_string(info.last_id)},
            {"next_id", info.next_id == 0 ? Json() : Json(std::to_string(info.next_id))},
            {"remaining", info.remaining},
            {"remaining_next", info.remaining_next},
            {"step", info.step},
            {"last_fetch_unix_ms", info.last_fetch_unix_ms},
            {"last_fetch_us", info.last_fetch_us},
            {"counters",
             {{"fetches", info.fetches},
              {"fetch_failures", info.fetch_failures},
              {"fetches_unfinished", info.fetches_unfinished},
              {"ids_granted", info.ids_granted},
              {"ids_lost", info.ids_lost}}},
            {"failures_in_row", info.failures_in_row},
            {"next_attempt_in_ms", info.next_attempt_in_ms}};
  json["last_error"] = nullptr;
  if (info.last_error != 0) {
    json["last_error"] = Failure{info.last_error, info.last_error_text}.ToJson();
  }
  return json;
}

std::string ListSegments(const std::vector<shmflake_segment_info>& segments) {
  using enum Table::Align;
  Table table({kLeft, kLeft, kRight, kRight, kRight, kRight, kLeft});
  table.Row({"tag", "store", "next ID", "remaining", "ahead", "step", "last error"});
  for (const shmflake_segment_info& info : segments) {
    table.Row({Printable(info.tag), info.store,
               info.next_id == 0 ? "-" : std::to_string(info.next_id), WithCommas(info.remaining),
               WithCommas(info.remaining_next), WithCommas(info.step), LastError(info)});
  }
  return table.Text("");
}

std::string DescribeSegment(const shmflake_segment_info& info) {
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  table.Row({"store", info.store});
  if (info.generation == 0) {
    table.Row({"segment", "none yet"});
  } else {
    table.Row({"segment", std::to_string(info.first_id) + " .. " + std::to_string(info.last_id) +
                              ", generation " + std::to_string(info.generation)});
    table.Row({"next ID", info.next_id == 0 ? "none left of it" : std::to_string(info.next_id)});
  }
  table.Row({"remaining", WithCommas(info.remaining) + " of it, " +
                              WithCommas(info.remaining_next) + " fetched ahead"});
  table.Row({"step", info.step == 0 ? "the row's" : WithCommas(info.step) + " asked for last"});
  table.Row({"last fetch", LastFetch(info)});
  table.Row({"fetches", WithCommas(info.fetches) + " came, " + WithCommas(info.fetch_failures) +
                            " failed, " + WithCommas(info.fetches_unfinished) +
                            " under way or killed"});
  table.Row({"IDs", WithCommas(info.ids_granted) + " granted, " + WithCommas(info.ids_lost) +
                        " of them lost"});
  if (info.last_error != 0) {
    table.Row({"LAST ERROR", LastError(info)});
    table.Row({"", std::to_string(info.failures_in_row) + " in a row; the next attempt in " +
                       ShortSpan(info.next_attempt_in_ms)});
  }
  return table.Text("  ");
}

}  // namespace tool
