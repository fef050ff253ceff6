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
  if (layout.datacenter_bits > 0) parts.push_back({"datacenter", layout.datacenter_bits});
  parts.push_back({"machine", layout.machine_bits});
  parts.push_back({"sequence", layout.sequence_bits});
  return parts;
}

}  // namespace

bool Layout::Decode(std::uint64_t id, shmflake_parts* parts) const {
  if (id >> 63 != 0) return false;
  const std::uint32_t worker_bits = datacenter_bits + machine_bits;
  *parts = {};
  parts->sequence = id & LowMask(sequence_bits);
  parts->worker_id = static_cast<std::uint32_t>(id >> sequence_bits & LowMask(worker_bits));
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
  std::string line = "+---+";
  std::string names = "| 0 |";
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
  const std::string tick = tick_us % 1000 == 0 ? std::to_string(tick_us / 1000) + " ms"
                                               : std::to_string(tick_us) + " us";
  table.Row({"timestamp", "ticks of " + tick + " since " + IsoTime(epoch_ms) + ", until the year " +
                              std::to_string(LastYear())});
  if (datacenter_bits > 0) {
    table.Row({"datacenter", "0.." + std::to_string(LowMask(datacenter_bits))});
  }
  table.Row({"machine", "0.." + std::to_string(LowMask(machine_bits))});
  table.Row({"sequence", WithCommas(LowMask(sequence_bits) + 1) + " IDs a tick, " +
                             WithCommas(static_cast<std::uint64_t>(IdsPerSecond())) + " a second"});
  return table.Text(indent);
}

std::string Layout::Bits(std::uint64_t id, std::string_view indent) const {
  std::string digits = "0";
  std::string names = "0";
  std::uint32_t shift = 63;
  for (const Part& part : PartsOf(*this)) {
    shift -= part.bits;
    std::string bits;
    for (std::uint32_t bit = part.bits; bit-- > 0;) bits += (id >> (shift + bit) & 1) ? '1' : '0';
    const std::size_t width = std::max(bits.size(), std::strlen(part.name));
    digits += " | " + bits + std::string(width - bits.size(), ' ');
    names += " | " + std::string(part.name) + std::string(width - std::strlen(part.name), ' ');
  }
  digits.erase(digits.find_last_not_of(' ') + 1);
  names.erase(names.find_last_not_of(' ') + 1);
  const std::string start(indent);
  return start + digits + "\n" + start + names + "\n";
}

std::string Layout::Time(const shmflake_parts& parts) const {
  if (tick_us % 1000 == 0) return IsoTime(parts.unix_ms);
  const Wide unix_us =
      static_cast<Wide>(epoch_ms) * 1000 + static_cast<Wide>(parts.timestamp) * tick_us;
  return IsoTimeMicro(parts.unix_ms,
                      static_cast<std::uint32_t>(unix_us - FloorDivide(unix_us, 1000) * 1000));
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
  return {{"timestamp_bits", timestamp_bits},
          {"datacenter_bits", datacenter_bits},
          {"machine_bits", machine_bits},
          {"sequence_bits", sequence_bits},
          {"tick_us", tick_us},
          {"epoch_ms", epoch_ms}};
}

Layout LayoutOf(const shmflake_status_info& info) {
  return {.timestamp_bits = info.timestamp_bits,
          .datacenter_bits = info.datacenter_bits,
          .machine_bits = info.machine_bits,
          .sequence_bits = info.sequence_bits,
          .tick_us = info.tick_us,
          .epoch_ms = info.epoch_ms};
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

int ReadSettings(const RegionOptions& region, std::vector<shmflake_setting>* out) {
  const shmflake_options options = region.Build();
  std::size_t count = 64;
  std::vector<shmflake_setting> settings;
  do {
    settings.resize(count);
    const int code =
        shmflake_settings(region.name(), &options, settings.data(), settings.size(), &count);
    if (code != SHMFLAKE_OK) return code;
  } while (count > settings.size());
  settings.resize(count);
  *out = std::move(settings);
  return SHMFLAKE_OK;
}

bool LayoutOf(const std::vector<shmflake_setting>& settings, Layout* out) {
  const auto number = [&settings](std::string_view key, std::uint32_t* value) {
    std::uint64_t parsed = 0;
    for (const shmflake_setting& setting : settings) {
      if (key != setting.key) continue;
      if (!ParseUnsigned(setting.value, std::numeric_limits<std::uint32_t>::max(), &parsed)) break;
      *value = static_cast<std::uint32_t>(parsed);
      return true;
    }
    return false;
  };
  Layout layout;
  std::uint32_t worker_bits = 0;
  if (!number("timestamp_bits", &layout.timestamp_bits) ||
      !number("worker_id_bits", &worker_bits) || !number("machine_bits", &layout.machine_bits) ||
      !number("sequence_bits", &layout.sequence_bits) || !number("tick_us", &layout.tick_us)) {
    return false;
  }
  if (worker_bits < layout.machine_bits ||
      layout.timestamp_bits + worker_bits + layout.sequence_bits != 63) {
    return false;
  }
  layout.datacenter_bits = worker_bits - layout.machine_bits;
  for (const shmflake_setting& setting : settings) {
    if (std::string_view(setting.key) != "epoch_ms") continue;
    if (!ParseSigned(setting.value, &layout.epoch_ms)) return false;
    *out = layout;
    return true;
  }
  return false;
}

}  // namespace tool
