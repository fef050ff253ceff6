// SPDX-License-Identifier: Apache-2.0
// shmflake decode: what an ID says.
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "layout.h"
#include "text.h"

namespace tool {
namespace {

struct Decoded {
  std::uint64_t id;
  shmflake_parts parts;
};

// The region's layout; or, with no region or a layout on the command line, the configured one.
struct Decoder {
  Flake flake;
  Layout layout;

  bool Open(const RegionOptions& region, Failure* failure) {
    if (!region.layout_given()) {
      int code = region.Open(true, &flake);
      if (code == SHMFLAKE_OK) {
        shmflake_status_info info{};
        info.struct_size = sizeof info;
        code = shmflake_status(flake.get(), &info);
        layout = LayoutOf(info);
        if (code == SHMFLAKE_OK) return true;
      }
      if (code != SHMFLAKE_E_NOT_FOUND && code != SHMFLAKE_E_RETIRED) {
        *failure = LibraryFailure(code);
        return false;
      }
    }
    std::vector<shmflake_setting> settings;
    if (const int code = ReadSettings(region, &settings); code != SHMFLAKE_OK) {
      *failure = LibraryFailure(code);
      return false;
    }
    if (LayoutOf(settings, &layout)) return true;
    *failure = {SHMFLAKE_E_LAYOUT, shmflake_strerror(SHMFLAKE_E_LAYOUT)};
    return false;
  }

  // False, with the failure, when the ID cannot be one.
  bool Decode(std::uint64_t id, shmflake_parts* parts, Failure* failure) const {
    if (flake != nullptr) {
      const int code = shmflake_decode(flake.get(), id, parts);
      if (code == SHMFLAKE_OK) return true;
      *failure = LibraryFailure(code);
    } else {
      if (layout.Decode(id, parts)) return true;
      *failure = {SHMFLAKE_E_ID, "an ID has 63 bits: the sign bit is set"};
    }
    failure->message = std::to_string(id) + ": " + failure->message;  // one of several
    return false;
  }
};

void PrintOne(Output* out, const Layout& layout, const Decoded& decoded) {
  const shmflake_parts& parts = decoded.parts;
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  table.Row({"ID", std::to_string(decoded.id) + "  " + Hex(decoded.id)});
  table.Row({"time", layout.Time(parts)});
  table.Row({"timestamp", std::to_string(parts.timestamp)});
  table.Row({"worker ID", std::to_string(parts.worker_id) + " (datacenter " +
                              std::to_string(parts.datacenter_id) + ", machine " +
                              std::to_string(parts.machine_id) + ")"});
  table.Row({"sequence", std::to_string(parts.sequence)});
  out->Write(table.Text(""));
  out->Write("\n");
  out->Write(layout.Bits(decoded.id, ""));
}

void PrintTable(Output* out, const Layout& layout, const std::vector<Decoded>& all) {
  using enum Table::Align;
  Table table({kRight, kLeft, kRight, kRight, kRight});
  table.Row({"ID", "time", "datacenter", "machine", "sequence"});
  for (const Decoded& decoded : all) {
    const shmflake_parts& parts = decoded.parts;
    table.Row({std::to_string(decoded.id), layout.Time(parts), std::to_string(parts.datacenter_id),
               std::to_string(parts.machine_id), std::to_string(parts.sequence)});
  }
  out->Write(table.Text(""));
}

int Decode(Session* session, const std::vector<std::uint64_t>& ids) {
  Decoder decoder;
  Failure failure;
  if (!decoder.Open(session->region, &failure)) return session->Fail(failure);
  std::vector<Decoded> all;
  for (const std::uint64_t id : ids) {
    Decoded decoded{id, {}};
    if (!decoder.Decode(id, &decoded.parts, &failure)) return session->Fail(failure);
    all.push_back(decoded);
  }
  const bool from_region = decoder.flake != nullptr;
  if (session->json) {
    Json list = Json::array();
    for (const Decoded& decoded : all) {
      list.push_back(DecodedToJson(decoder.layout, decoded.id, decoded.parts));
    }
    session->out.WriteJson(Json{{"ids", list},
                                {"layout", decoder.layout.ToJson()},
                                {"layout_from", from_region ? "region" : "settings"}});
    return kOk;
  }
  if (all.size() == 1) {
    PrintOne(&session->out, decoder.layout, all.front());
  } else {
    PrintTable(&session->out, decoder.layout, all);
  }
  if (!from_region && !session->region.layout_given()) {
    session->out.Write("\nThere is no region \"" + session->region.display_name() +
                       "\": read with the configured layout.\n");
  }
  return kOk;
}

constexpr char kTeaching[] =
    "The layout is the region's; without a region, or with an option of the ID\n"
    "layout, it is the configured one (shmflake check-config). Any worker's ID of\n"
    "that layout can be read.\n"
    "\n"
    "Examples:\n"
    "  shmflake decode 815613041287823361\n"
    "  shmflake gen -n 5 | xargs shmflake decode\n"
    "  shmflake decode --worker-id-bits 10 --epoch-ms 1288834974657 1541815603606036480";

}  // namespace

void AddDecode(CLI::App* app, Session* session) {
  const auto ids = std::make_shared<std::vector<std::uint64_t>>();
  CLI::App* command = AddSubcommand(app, session, "decode",
                                    "take IDs apart: when, where and as which they were drawn",
                                    kTeaching, [=] { return Decode(session, *ids); });
  AddWords(command, "ID", "decimal", [ids](const std::string& text) {
    std::uint64_t id = 0;
    if (!ParseUnsigned(text, std::numeric_limits<std::uint64_t>::max(), &id)) {
      return "must be a decimal number below 2^63";
    }
    ids->push_back(id);
    return "";
  });
}

}  // namespace tool
