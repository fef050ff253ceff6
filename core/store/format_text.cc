// SPDX-License-Identifier: Apache-2.0
#include "core/store/format_text.h"

#include <cinttypes>
#include <cstdio>

namespace shmflake {

std::string FormatText(const IdFormat& format) {
  const bool worker_last = format.order == FieldOrder::kWorkerLast;
  char text[120];
  if (worker_last) {
    std::snprintf(text, sizeof(text), "%u/%u/%u+%u x %u us since %" PRId64, format.timestamp_bits,
                  format.sequence_bits, format.datacenter_bits, format.machine_bits, format.tick_us,
                  format.epoch_ms);
  } else {
    std::snprintf(text, sizeof(text), "%u/%u+%u/%u x %u us since %" PRId64, format.timestamp_bits,
                  format.datacenter_bits, format.machine_bits, format.sequence_bits, format.tick_us,
                  format.epoch_ms);
  }
  return text;
}

bool ParseFormatText(const std::string& text, IdFormat* format) {
  IdFormat read;
  const auto scan = [&](const char* form, std::uint32_t* second, std::uint32_t* third,
                        std::uint32_t* fourth) {
    return std::sscanf(text.c_str(), form, &read.timestamp_bits, second, third, fourth,
                       &read.tick_us, &read.epoch_ms) == 6;
  };
  if (!scan("%u/%u+%u/%u x %u us since %" SCNd64, &read.datacenter_bits, &read.machine_bits,
            &read.sequence_bits)) {
    read.order = FieldOrder::kWorkerLast;
    if (!scan("%u/%u/%u+%u x %u us since %" SCNd64, &read.sequence_bits, &read.datacenter_bits,
              &read.machine_bits)) {
      return false;
    }
  }
  // What is read must be what would be written: no signs, blanks or rests.
  if (!ValidateFormat(read).ok() || FormatText(read) != text) return false;
  *format = read;
  return true;
}

}  // namespace shmflake
