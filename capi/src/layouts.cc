// SPDX-License-Identifier: Apache-2.0
// The C ABI's layouts by name.
#include <cstddef>
#include <string>

#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "capi/src/parts.h"
#include "capi/src/structs.h"
#include "core/named_layout.h"
#include "core/text.h"

using shmflake::Code;
using shmflake::Fail;
using shmflake::NamedLayout;
using shmflake::NamedLayouts;
using shmflake::Status;
using shmflake::capi::CheckStructSize;
using shmflake::capi::FillStruct;
using shmflake::capi::Guarded;
using shmflake::capi::SetNullArgument;

namespace {

constexpr std::size_t kFirstLayoutInfoSize = 264;  // frozen
static_assert(sizeof(shmflake_layout_info) >= kFirstLayoutInfoSize);

shmflake_layout_info Describe(const NamedLayout& layout) {
  const shmflake::IdFormat& format = layout.format;
  shmflake_layout_info info{};
  shmflake::CopyText(layout.name, info.name);
  shmflake::CopyText(layout.about, info.about);
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
    SHMFLAKE_RETURN_IF_ERROR(
        CheckStructSize("layout_info", kFirstLayoutInfoSize, out->struct_size));
    const auto layouts = NamedLayouts();
    if (index >= layouts.size()) {
      return Fail(Code::NOT_FOUND, "a layout's index must be 0..%zu: %zu", layouts.size() - 1,
                  index);
    }
    FillStruct(Describe(layouts[index]), out);
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
