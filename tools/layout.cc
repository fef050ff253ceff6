// SPDX-License-Identifier: Apache-2.0
#include "layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "text.h"

namespace tool {
namespace {

using Wide = __int128;  // a timestamp in microseconds needs up to 81 bits

constexpr double kYearSeconds = 365.25 * 86400;

std::uint64_t LowMask(std::uint32_t bits) { return (std::uint64_t{1} << bits) - 1; }

Wide FloorDivide(Wide a, Wide b) { return a / b - (a % b < 0 ? 1 : 0); }

struct Part {
  const char* name;
  std::uint32_t bits;
};

// From the top; a part of no bits is left out.
std::vector<Part> PartsOf(const Layout& layout) {
  std::vector<Part> parts = {{"timestamp", layout.timestamp_bits}};
  if (layout.worker_last) parts.push_back({"sequence", layout.sequence_bits});
  if (layout.datacenter_bits > 0) parts.push_back({"datacenter", layout.datacenter_bits});
  if (layout.machine_bits > 0) parts.push_back({"machine", layout.machine_bits});
  if (!layout.worker_last) parts.push_back({"sequence", layout.sequence_bits});
  return parts;
}

// The bits above the ID: the sign bit, or more of them.
Part AboveOf(const Layout& layout) {
  return {layout.id_bits == 63 ? "0" : "zeros", 64 - layout.id_bits};
}

}  // namespace

bool Layout::Decode(std::uint64_t id, shmflake_parts* parts) const {
  if (id >> id_bits != 0) return false;
  const std::uint32_t worker_bits = datacenter_bits + machine_bits;
  *parts = {};
  parts->sequence = id >> (worker_last ? worker_bits : 0) & LowMask(sequence_bits);
  parts->worker_id =
      static_cast<std::uint32_t>(id >> (worker_last ? 0 : sequence_bits) & LowMask(worker_bits));
  parts->machine_id = static_cast<std::uint32_t>(parts->worker_id & LowMask(machine_bits));
  parts->datacenter_id = parts->worker_id >> machine_bits;
  parts->timestamp = id >> (worker_bits + sequence_bits);
  const Wide unix_us = static_cast<Wide>(epoch_ms) * 1000 +
                       static_cast<Wide>(parts->timestamp) * static_cast<Wide>(tick_us);
  parts->unix_ms = static_cast<std::int64_t>(FloorDivide(unix_us, 1000));
  constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
  parts->unix_ns = static_cast<std::int64_t>(std::min(unix_us * 1000, kMax));
  return true;
}

std::string Layout::Diagram(std::string_view indent) const {
  const Part above = AboveOf(*this);
  std::string names = std::string("| ") + above.name;
  if (above.bits > 1) names.append(" ").append(std::to_string(above.bits));
  names += " |";
  std::string line("+");
  line.append(names.size() - 2, '-').append("+");
  for (const Part& part : PartsOf(*this)) {
    const std::string cell = std::string(" ") + part.name + " " + std::to_string(part.bits) + " ";
    names += cell + "|";
    line += std::string(cell.size(), '-') + "+";
  }
  const std::string start(indent);
  return start + line + "\n" + start + names + "\n" + start + line + "\n";
}

std::string Layout::Explanation(std::string_view indent) const {
  Table table({Table::Align::kLeft, Table::Align::kLeft});
  if (!name.empty()) table.Row({"layout", name + " (shmflake layouts tells more)"});
  table.Row({"timestamp", "ticks of " + Tick() + " since " + IsoTime(epoch_ms) +
                              ", until the year " + std::to_string(LastYear())});
  if (datacenter_bits > 0) {
    table.Row({"datacenter", "0.." + std::to_string(LowMask(datacenter_bits))});
  }
  if (machine_bits > 0) table.Row({"machine", "0.." + std::to_string(LowMask(machine_bits))});
  table.Row({"sequence", WithCommas(LowMask(sequence_bits) + 1) + " IDs a tick, " +
                             WithCommas(static_cast<std::uint64_t>(IdsPerSecond())) + " a second"});
  return table.Text(indent);
}

std::string Layout::Bits(std::uint64_t id, std::string_view indent) const {
  std::vector<Part> parts = PartsOf(*this);
  parts.insert(parts.begin(), AboveOf(*this));
  Table table(std::vector<Table::Align>(parts.size(), Table::Align::kLeft), 1);
  std::vector<std::string> digits;
  std::vector<std::string> names;
  std::uint32_t shift = 64;
  for (const Part& part : parts) {
    shift -= part.bits;
    std::string bits;
    for (std::uint32_t bit = part.bits; bit-- > 0;) bits += (id >> (shift + bit) & 1) ? '1' : '0';
    digits.push_back(std::move(bits));
    names.emplace_back(part.name);
  }
  names.front() = id_bits == 63 ? "" : names.front();
  table.Row(std::move(digits));
  table.Row(std::move(names));
  return table.Text(indent);
}

std::string Layout::Time(const shmflake_parts& parts) const {
  if (tick_us % 1000 == 0) return IsoTime(parts.unix_ms);
  const Wide unix_us =
      static_cast<Wide>(epoch_ms) * 1000 + static_cast<Wide>(parts.timestamp) * tick_us;
  return IsoTimeMicro(parts.unix_ms,
                      static_cast<std::uint32_t>(unix_us - FloorDivide(unix_us, 1000) * 1000));
}

std::string Layout::Tick() const {
  if (tick_us % 1'000'000 == 0) return std::to_string(tick_us / 1'000'000) + " s";
  return tick_us % 1000 == 0 ? std::to_string(tick_us / 1000) + " ms"
                             : std::to_string(tick_us) + " us";
}

double Layout::IdsPerSecond() const {
  return static_cast<double>(LowMask(sequence_bits) + 1) * 1e6 / tick_us;
}

std::uint64_t Layout::LastYear() const {
  const double seconds = std::ldexp(1.0, static_cast<int>(timestamp_bits)) * tick_us / 1e6 +
                         static_cast<double>(epoch_ms) / 1e3;
  return static_cast<std::uint64_t>(std::max(0.0, 1970 + seconds / kYearSeconds));
}

Json Layout::ToJson() const {
  return {{"name", name.empty() ? Json() : Json(name)},
          {"id_bits", id_bits},
          {"timestamp_bits", timestamp_bits},
          {"datacenter_bits", datacenter_bits},
          {"machine_bits", machine_bits},
          {"sequence_bits", sequence_bits},
          {"tick_us", tick_us},
          {"epoch_ms", epoch_ms},
          {"worker_last", worker_last}};
}

namespace {

// Both structs have these fields.
template <typename Info>
Layout MakeLayout(const char* name, const Info& info) {
  return {.name = name,
          .id_bits = info.id_bits,
          .timestamp_bits = info.timestamp_bits,
          .datacenter_bits = info.datacenter_bits,
          .machine_bits = info.machine_bits,
          .sequence_bits = info.sequence_bits,
          .tick_us = info.tick_us,
          .epoch_ms = info.epoch_ms,
          .worker_last = info.worker_last != 0};
}

}  // namespace

Layout LayoutOf(const shmflake_status_info& info) { return MakeLayout(info.layout, info); }
Layout LayoutOf(const shmflake_layout_info& info) { return MakeLayout(info.name, info); }

std::vector<shmflake_layout_info> NamedLayouts() {
  std::vector<shmflake_layout_info> layouts;
  for (;;) {
    shmflake_layout_info info{};
    info.struct_size = sizeof info;
    if (shmflake_layout(layouts.size(), &info) != SHMFLAKE_OK) return layouts;
    layouts.push_back(info);
  }
}

Json DecodedToJson(const Layout& layout, std::uint64_t id, const shmflake_parts& parts) {
  return {{"id", std::to_string(id)},
          {"time", layout.Time(parts)},
          {"unix_ms", parts.unix_ms},
          {"timestamp", parts.timestamp},
          {"datacenter_id", parts.datacenter_id},
          {"machine_id", parts.machine_id},
          {"worker_id", parts.worker_id},
          {"sequence", parts.sequence}};
}

}  // namespace tool
