// SPDX-License-Identifier: Apache-2.0
// The C ABI's snapshots for people and metrics.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "capi/src/structs.h"
#include "core/header.h"
#include "core/named_layout.h"
#include "core/platform.h"
#include "core/store/store_url.h"
#include "core/text.h"

using shmflake::Attachment;
using shmflake::Code;
using shmflake::CopyText;
using shmflake::Fail;
using shmflake::Status;
using shmflake::capi::CheckStructSize;
using shmflake::capi::FillStruct;
using shmflake::capi::Guarded;
using shmflake::capi::SetNullArgument;

namespace {

constexpr std::size_t kFirstStatusSize = offsetof(shmflake_status_info, layout);  // frozen

// What never changes after the region's birth.
void FillFixed(const Attachment& attachment, shmflake_status_info* info) {
  const shmflake::Header& header = attachment.region().header();
  const shmflake::IdFormat& format = attachment.format();
  const auto source = static_cast<shmflake::WorkerIdSource>(header.worker_id_source);
  CopyText(header.name, info->name);
  CopyText(header.id_namespace, info->id_namespace);
  CopyText(attachment.region().path().c_str(), info->path);
  info->instance_id = header.instance_id;
  info->created_unix_ms = header.created_unix_ns / 1'000'000;
  info->epoch_ms = header.epoch_ms;
  info->layout_version = header.layout_version;
  info->tick_us = header.tick_us;
  info->timestamp_bits = header.timestamp_bits;
  info->datacenter_bits = header.datacenter_bits;
  info->machine_bits = header.machine_bits;
  info->sequence_bits = header.sequence_bits;
  info->worker_id = header.worker_id;
  info->worker_id_source = header.worker_id_source;
  CopyText(shmflake::WorkerIdSourceName(source), info->worker_id_source_name);
  info->worker_id_guaranteed_unique = shmflake::IsGuaranteedUnique(source) ? 1 : 0;
  info->survives_region_loss = header.store_kind == SHMFLAKE_STORE_NONE ? 0 : 1;
  info->store = header.store_kind;
  info->ordering = header.ordering;
  info->max_backward_ms = header.max_backward_ms;
  info->horizon_ms = header.horizon_ms;
  info->region_size = header.region_size;
  info->birth_unix_ms = shmflake::UnixMsOfTick(format, header.birth_tick);
  const shmflake::NamedLayout* layout = shmflake::FindLayout(format);
  CopyText(layout == nullptr ? "" : layout->name, info->layout);
  info->worker_last = format.order == shmflake::FieldOrder::kWorkerLast ? 1 : 0;
  info->id_bits = format.id_bits();
  info->lease_ttl_ms = header.lease_ttl_ms;
  CopyText(shmflake::ShownHostName(), info->host);
  shmflake::StoreUrl url;
  if (header.store_url[0] != '\0' && ParseStoreUrl(header.store_url, &url).ok()) {
    CopyText(url.Shown(), info->store_url);
  }
}

void FillState(shmflake::Generator& generator, Attachment& attachment, shmflake_status_info* info) {
  const shmflake::Header& header = attachment.region().header();
  const shmflake::IdFormat& format = attachment.format();
  const std::int64_t now_ms = generator.clock().RealtimeNs() / 1'000'000;
  const std::uint64_t word = attachment.image().state.LoadRelaxed();
  const std::uint64_t state = word & ~shmflake::kRetiredBit;
  const bool drawn = state >= format.StateOf(header.birth_tick, 0);
  (void)attachment.Inspect();
  info->retired = word != state ? 1 : 0;
  info->lost = attachment.loss() != shmflake::RegionLoss::kNone ? 1 : 0;
  info->last_id = drawn ? attachment.IdOf(state) : 0;
  info->last_unix_ms = shmflake::UnixMsOfTick(format, format.TickOf(state));
  info->ahead_ms = info->last_unix_ms - now_ms;
  const std::uint64_t ceiling = attachment.image().ceiling.LoadRelaxed();
  info->ceiling_unix_ms = shmflake::UnixMsOfTick(format, format.TickOf(ceiling));
  info->ceiling_in_ms = info->ceiling_unix_ms - now_ms;
  const std::int64_t end_ms = shmflake::UnixMsOfTick(format, format.max_timestamp());
  info->years_left = static_cast<double>(end_ms - now_ms) / (365.25 * 86'400'000.0);
  info->clock_synchronised = shmflake::ClockSynchronised();
  info->tsc_window = attachment.has_tsc_window() ? 1 : 0;
}

void FillCounters(shmflake::Generator& generator, Attachment& attachment,
                  shmflake_status_info* info) {
  shmflake::RegionImage& image = attachment.image();
  const shmflake::SlotTotals totals = shmflake::SumSlots(image.slots);
  info->ids_issued = totals.ids;
  info->waits = totals.waits;
  info->refusals = totals.refusals;
  // Relaxed: each counter stands for itself.
  info->lease_extensions = image.events.lease_extensions.load(std::memory_order_relaxed);
  info->lease_failures = image.events.lease_failures.load(std::memory_order_relaxed);
  info->clock_rollbacks = image.events.clock_rollbacks.load(std::memory_order_relaxed);
  info->clock_forward_jumps = image.events.clock_forward_jumps.load(std::memory_order_relaxed);
  info->slots = shmflake::kSlotCount;
  for (const shmflake::SlotView& view : attachment.ListSlots()) {
    if (view.alive) ++info->slots_used;
  }
  CopyText(generator.last_store_error().c_str(), info->last_store_error);
}

}  // namespace

extern "C" {

int shmflake_status(shmflake_handle* flake, shmflake_status_info* out) {
  if (flake == nullptr) return SetNullArgument("flake");
  if (out == nullptr) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    shmflake_status_info info{};
    SHMFLAKE_RETURN_IF_ERROR(CheckStructSize("status_info", kFirstStatusSize, out->struct_size));
    Attachment& attachment = flake->generator.current();
    FillFixed(attachment, &info);
    FillState(flake->generator, attachment, &info);
    FillCounters(flake->generator, attachment, &info);
    FillStruct(info, out);
    return Status::Ok();
  });
}

int shmflake_processes(shmflake_handle* flake, shmflake_process* out, size_t capacity,
                       size_t* count) {
  if (flake == nullptr) return SetNullArgument("flake");
  if (count == nullptr) return SetNullArgument("count");
  if (out == nullptr && capacity != 0) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    Attachment& attachment = flake->generator.current();
    (void)attachment.Inspect();
    const auto views = attachment.ListSlots();
    for (size_t i = 0; i < std::min(views.size(), capacity); ++i) {
      shmflake_process& process = out[i];
      process = {};
      process.pid = static_cast<uint32_t>(views[i].identity.pid);
      process.alive = views[i].alive ? 1 : 0;
      process.attached_unix_ms = views[i].identity.attached_unix_ms;
      process.ids_issued = views[i].ids;
      process.waits = views[i].waits;
      process.refusals = views[i].refusals;
      CopyText(views[i].identity.command, process.command);
    }
    *count = views.size();
    return Status::Ok();
  });
}

}  // extern "C"
