// SPDX-License-Identifier: Apache-2.0
// An ID layout for people to read, and IDs taken apart, with or without a region at hand.
#ifndef SHMFLAKE_TOOLS_LAYOUT_H_
#define SHMFLAKE_TOOLS_LAYOUT_H_

#include <shmflake/shmflake.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output.h"
#include "region_options.h"

namespace tool {

struct Layout {
  std::string name;  // of shmflake_layout(), epoch and all; "" if none
  std::uint32_t id_bits = 63;
  std::uint32_t timestamp_bits = 0;
  std::uint32_t datacenter_bits = 0;
  std::uint32_t machine_bits = 0;
  std::uint32_t sequence_bits = 0;
  std::uint32_t tick_us = 1000;
  std::int64_t epoch_ms = 0;
  bool worker_last = false;  // the sequence is in front of the worker ID

  // The same arithmetic as shmflake_decode(), for when there is neither a region nor a name. False
  // for an ID of more bits.
  [[nodiscard]] bool Decode(std::uint64_t id, shmflake_parts* parts) const;

  // +---+--------------+ ...  the 64 bits as boxes, three lines.
  [[nodiscard]] std::string Diagram(std::string_view indent) const;
  // What each part holds, a line each.
  [[nodiscard]] std::string Explanation(std::string_view indent) const;
  // The ID's bits, part by part, with the names underneath.
  [[nodiscard]] std::string Bits(std::uint64_t id, std::string_view indent) const;
  // The instant of a decoded ID, as precise as the tick.
  [[nodiscard]] std::string Time(const shmflake_parts& parts) const;

  [[nodiscard]] std::string Tick() const;  // "1 ms"
  [[nodiscard]] double IdsPerSecond() const;
  // The year in which the timestamp's range ends.
  [[nodiscard]] std::uint64_t LastYear() const;
  [[nodiscard]] Json ToJson() const;
};

[[nodiscard]] Layout LayoutOf(const shmflake_status_info& info);
[[nodiscard]] Layout LayoutOf(const shmflake_layout_info& info);

// Those that the library knows by name.
[[nodiscard]] std::vector<shmflake_layout_info> NamedLayouts();

// {"id": "...", "time": ..., "timestamp": ...}
[[nodiscard]] Json DecodedToJson(const Layout& layout, std::uint64_t id,
                                 const shmflake_parts& parts);

// What the configuration says, with or without a region. Returns the library's code.
[[nodiscard]] int ReadSettings(const RegionOptions& region, std::vector<shmflake_setting>* out);
// False when a key is missing or no number, which a library of this version never gives.
[[nodiscard]] bool LayoutOf(const std::vector<shmflake_setting>& settings, Layout* out);
// False when all of it is the default.
[[nodiscard]] bool LayoutIsSaid(const std::vector<shmflake_setting>& settings);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_LAYOUT_H_
