// SPDX-License-Identifier: Apache-2.0
// The C ABI's layouts by name.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "capi/src/parts.h"
#include "core/named_layout.h"
#include "core/text.h"

using shmflake::Code;
using shmflake::Fail;
using shmflake::NamedLayout;
using shmflake::NamedLayouts;
using shmflake::Status;
using shmflake::capi::Guarded;
using shmflake::capi::SetNullArgument;

namespace {

constexpr std::size_t kFirstLayoutInfoSize = 264;  // frozen
static_assert(sizeof(shmflake_layout_info) >= kFirstLayoutInfoSize);
constexpr std::size_t kLargestLayoutInfoSize = 65536;

shmflake_layout_info Describe(const NamedLayout& layout) {
  const shmflake::IdFormat& format = layout.format;
  shmflake_layout_info info{};
  std::snprintf(info.name, sizeof(info.name), "%s", layout.name);
  std::snprintf(info.about, sizeof(info.about), "%s", layout.about);
  info.epoch_ms = format.epoch_ms;
  info.until_unix_ms = shmflake::UnixMsOfTick(format, format.max_timestamp() + 1);
  info.id_bits = format.id_bits();
  info.timestamp_bits = format.timestamp_bits;
  info.datacenter_bits = format.datacenter_bits;
  info.machine_bits = format.machine_bits;
  info.sequence_bits = format.sequence_bits;
  info.tick_us = format.tick_us;
  info.worker_last = format.order == shmflake::FieldOrder::kWorkerLast ? 1 : 0;
  return info;
}

Status UnknownLayout(const char* name) {
  std::string names;
  for (const NamedLayout& layout : NamedLayouts()) {
    names += (names.empty() ? "" : ", ") + std::string(layout.name);
  }
  return {Code::LAYOUT, "a layout must be one of " + names + ": " + shmflake::Quote(name)};
}

}  // namespace

extern "C" {

int shmflake_layout(size_t index, shmflake_layout_info* out) {
  if (out == nullptr) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    const std::size_t size = out->struct_size;
    if (size < kFirstLayoutInfoSize || size > kLargestLayoutInfoSize) {
      return Fail(Code::STRUCT_SIZE, "layout_info.struct_size must be %zu..%zu: %zu",
                  kFirstLayoutInfoSize, kLargestLayoutInfoSize, size);
    }
    const auto layouts = NamedLayouts();
    if (index >= layouts.size()) {
      return Fail(Code::NOT_FOUND, "a layout's index must be 0..%zu: %zu", layouts.size() - 1,
                  index);
    }
    const shmflake_layout_info info = Describe(layouts[index]);
    std::memset(out, 0, size);
    std::memcpy(out, &info, std::min(size, sizeof(info)));
    out->struct_size = size;
    return Status::Ok();
  });
}

int shmflake_decode_layout(const char* layout, uint64_t id, shmflake_parts* out) {
  if (layout == nullptr) return SetNullArgument("layout");
  if (out == nullptr) return SetNullArgument("out");
  const NamedLayout* named = shmflake::FindLayout(std::string_view(layout));
  if (named == nullptr) return Guarded([&] { return UnknownLayout(layout); });
  return shmflake::capi::DecodeInto(named->format, id, out);
}

}  // extern "C"
