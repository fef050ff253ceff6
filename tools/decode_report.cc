// SPDX-License-Identifier: Apache-2.0
#include "decode_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "text.h"
#include "uuid_parts.h"

namespace tool {
namespace {

// "base58, crockford32": the other forms in which the text is a number; "" if there are none.
std::string OtherForms(const Decoded& decoded) {
  std::string names;
  for (const Considered& one : decoded.considered) {
    if (!one.id || one.form == decoded.reading.form) continue;
    names.append(names.empty() ? "" : ", ").append(FormName(one.form));
  }
  return names;
}

std::string Worker(const shmflake_parts& parts, const Layout& layout) {
  std::string text = std::to_string(parts.worker_id);
  if (layout.datacenter_bits == 0) return text;
  return text + " (datacenter " + std::to_string(parts.datacenter_id) + ", machine " +
         std::to_string(parts.machine_id) + ")";
}

bool HasWorker(const Layout& layout) { return layout.datacenter_bits + layout.machine_bits > 0; }

void PrintAlso(Output* out, const Decoded& decoded) {
  if (decoded.also.empty()) return;
  using enum Table::Align;
  Table table({kLeft, kLeft, kRight, kRight});
  table.Row({"layout", "time", "worker ID", "sequence"});
  for (const InLayout& other : decoded.also) {
    table.Row({other.layout.name, other.layout.Time(other.parts),
               HasWorker(other.layout) ? std::to_string(other.parts.worker_id) : "-",
               std::to_string(other.parts.sequence)});
  }
  out->Write("\nIt would also make sense as (--layout NAME reads it so):\n" + table.Text("  "));
}

void PrintOne(Output* out, const Decoder& decoder, const Decoded& decoded) {
  const shmflake_parts& parts = decoded.parts;
  const Layout& layout = decoder.layout();
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  const std::string others = OtherForms(decoded);
  if (decoded.reading.form != Form::kDecimal || !others.empty()) {
    table.Row({"form", FormName(decoded.reading.form) +
                           (others.empty() ? "" : "; --format reads it as " + others)});
  }
  if (decoded.masked) table.Row({"masked", std::to_string(decoded.reading.id)});
  table.Row({"ID", std::to_string(decoded.id) + "  " + Hex(decoded.id)});
  table.Row({"time", layout.Time(parts)});
  table.Row({"timestamp", std::to_string(parts.timestamp)});
  if (HasWorker(layout)) table.Row({"worker ID", Worker(parts, layout)});
  table.Row({"sequence", std::to_string(parts.sequence)});
  out->Write(table.Text(""));
  out->Write("\n");
  out->Write(layout.Bits(decoded.id, ""));
  PrintAlso(out, decoded);
}

void PrintOneUuid(Output* out, const Decoded& decoded) {
  const UuidParts parts = TakeApart(decoded.reading);
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  table.Row({parts.kind, parts.text});
  if (!parts.about.empty()) table.Row({"", parts.about});
  if (parts.timed) {
    table.Row({"time", IsoTime(parts.unix_ms)});
    table.Row({"counter", std::to_string(parts.counter) + ", if shmflake drew it; else random"});
  }
  out->Write(table.Text(""));
}

// What is true of some of them: the forms that were preferred to others, and the layouts that would
// make sense of all.
void PrintNotes(Output* out, const std::vector<Decoded>& all) {
  std::string notes;
  std::vector<std::pair<std::string, std::size_t>> preferred;  // the text and how often
  for (const Decoded& decoded : all) {
    const std::string others = OtherForms(decoded);
    if (others.empty()) continue;
    const std::string note =
        std::string("taken as ") + FormName(decoded.reading.form) + "; --format reads as " + others;
    const auto found = std::find_if(preferred.begin(), preferred.end(),
                                    [&](const auto& one) { return one.first == note; });
    if (found != preferred.end()) {
      ++found->second;
    } else {
      preferred.emplace_back(note, 1);
    }
  }
  for (const auto& [note, count] : preferred) notes += std::to_string(count) + " " + note + "\n";
  std::string layouts;
  for (const InLayout& other : all.front().also) {
    const bool of_all = std::all_of(all.begin(), all.end(), [&](const Decoded& decoded) {
      return std::any_of(decoded.also.begin(), decoded.also.end(),
                         [&](const InLayout& one) { return one.layout.name == other.layout.name; });
    });
    if (of_all) layouts += (layouts.empty() ? "" : ", ") + other.layout.name;
  }
  if (!layouts.empty()) {
    notes += Wrapped("All would also make sense with --layout " + layouts + ".", 0, 80) + "\n";
  }
  if (!notes.empty()) out->Write("\n" + notes);
}

void PrintTable(Output* out, const Layout& layout, const std::vector<Decoded>& all) {
  using enum Table::Align;
  const bool decimal = std::all_of(all.begin(), all.end(), [](const Decoded& decoded) {
    return decoded.reading.form == Form::kDecimal && !decoded.masked;
  });
  // Short enough for 80 columns with the text.
  Table table(decimal ? std::vector{kRight, kLeft, kRight, kRight, kRight}
                      : std::vector{kRight, kRight, kLeft, kRight, kRight});
  table.Row(decimal ? std::vector<std::string>{"ID", "time", "datacenter", "machine", "sequence"}
                    : std::vector<std::string>{"text", "ID", "time", "worker", "seq"});
  for (const Decoded& decoded : all) {
    const shmflake_parts& parts = decoded.parts;
    const std::string id = std::to_string(decoded.id);
    const std::string time = layout.Time(parts);
    const std::string sequence = std::to_string(parts.sequence);
    if (decimal) {
      table.Row({id, time, std::to_string(parts.datacenter_id), std::to_string(parts.machine_id),
                 sequence});
    } else {
      table.Row({decoded.text, id, time, std::to_string(parts.worker_id), sequence});
    }
  }
  out->Write(table.Text(""));
  PrintNotes(out, all);
}

void PrintUuidTable(Output* out, const std::vector<Decoded>& all) {
  using enum Table::Align;
  Table table({kLeft, kLeft, kLeft, kRight});
  table.Row({"UUID or ULID", "kind", "time", "counter"});
  for (const Decoded& decoded : all) {
    const UuidParts parts = TakeApart(decoded.reading);
    table.Row({parts.text, parts.kind, parts.timed ? IsoTime(parts.unix_ms) : "-",
               parts.timed ? std::to_string(parts.counter) : "-"});
  }
  out->Write(table.Text(""));
}

}  // namespace

void PrintDecoded(Output* out, const Decoder& decoder, const std::vector<Decoded>& all) {
  std::vector<Decoded> numbers;
  std::vector<Decoded> uuids;
  for (const Decoded& decoded : all) {
    (Is64Bit(decoded.reading.form) ? numbers : uuids).push_back(decoded);
  }
  if (numbers.size() == 1) PrintOne(out, decoder, numbers.front());
  if (numbers.size() > 1) PrintTable(out, decoder.layout(), numbers);
  if (!numbers.empty() && !uuids.empty()) out->Write("\n");
  if (uuids.size() == 1) PrintOneUuid(out, uuids.front());
  if (uuids.size() > 1) PrintUuidTable(out, uuids);
}

Json ToJson(const Decoder& decoder, const Decoded& decoded) {
  const bool number = Is64Bit(decoded.reading.form);
  Json json = number ? DecodedToJson(decoder.layout(), decoded.id, decoded.parts)
                     : ToJson(TakeApart(decoded.reading));
  json["text"] = decoded.text;
  json["form"] = FormName(decoded.reading.form);
  Json considered = Json::array();
  for (const Considered& one : decoded.considered) {
    Json entry{{"form", FormName(one.form)}, {"makes_sense", one.makes_sense}};
    if (one.id) entry["id"] = std::to_string(*one.id);
    considered.push_back(std::move(entry));
  }
  json["considered"] = std::move(considered);
  if (!number) return json;
  if (decoded.masked) json["masked"] = std::to_string(decoded.reading.id);
  Json also = Json::array();
  for (const InLayout& other : decoded.also) {
    Json entry{{"layout", other.layout.name}};
    entry.update(DecodedToJson(other.layout, decoded.id, other.parts));
    also.push_back(std::move(entry));
  }
  json["also"] = std::move(also);
  return json;
}

}  // namespace tool
