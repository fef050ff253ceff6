// SPDX-License-Identifier: Apache-2.0
// The C ABI's segment mode but for the draw of one ID, which is segment_draw.cc's.
#include <cstdio>
#include <limits>

#include "capi/src/convert_options.h"
#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "capi/src/segment_handle.h"
#include "capi/src/structs.h"
#include "core/segment_tags.h"
#include "core/segment_view.h"
#include "core/text.h"

using shmflake::Code;
using shmflake::Fail;
using shmflake::SegmentGenerator;
using shmflake::Status;
using shmflake::capi::DrawerOf;
using shmflake::capi::Guarded;
using shmflake::capi::NoCancellation;
using shmflake::capi::SetLastError;
using shmflake::capi::SetNullArgument;

namespace {

Status ReadSegmentOptions(const shmflake_segment_options* from, shmflake::SegmentOptions* to) {
  shmflake_segment_options read;
  SHMFLAKE_RETURN_IF_ERROR(shmflake::capi::ReadStruct("segment options", from, &read));
  if (read.store != nullptr) to->store = read.store;
  if (read.create > SHMFLAKE_OFF) {
    return Fail(Code::OPTION, "create must be 0, SHMFLAKE_ON or SHMFLAKE_OFF: %u", read.create);
  }
  if (read.create != 0) to->create = read.create == SHMFLAKE_ON;
  to->prefetch_percent = read.prefetch_percent;
  to->step = read.step;
  to->min_step = read.min_step;
  to->max_step = read.max_step;
  if (read.reserve == nullptr) return Status::Ok();
  to->reserve = [reserve = read.reserve, context = read.reserve_context](
                    const std::string& tag, std::uint64_t step, shmflake::SegmentGrant* grant) {
    char words[256] = {};
    const int result =
        reserve(context, tag.c_str(), step, &grant->first, &grant->count, words, sizeof(words));
    if (result == 0) return Status::Ok();
    words[sizeof(words) - 1] = '\0';
    return Fail(Code::RESERVE, "the reserve callback failed with %d%s%s", result,
                words[0] == '\0' ? "" : ": ", shmflake::Printable(words).c_str());
  };
  return Status::Ok();
}

void DescribeSegment(const shmflake::SegmentView& view, shmflake_segment_info* out) {
  shmflake_segment_info info{};
  std::snprintf(info.tag, sizeof(info.tag), "%s", view.tag.c_str());
  std::snprintf(info.store, sizeof(info.store), "%s", shmflake::SourceKindName(view.store_mark));
  info.generation = view.generation;
  info.first_id = view.first_id;
  info.last_id = view.last_id;
  info.next_id = view.next_id;
  info.remaining = view.remaining;
  info.remaining_next = view.remaining_next;
  info.step = view.step;
  info.last_fetch_unix_ms = view.fetched_unix_ms;
  info.last_fetch_us = view.fetched_us;
  info.fetches = view.fetches;
  info.fetch_failures = view.failures;
  info.fetches_unfinished = view.unfinished;
  info.ids_granted = view.granted;
  info.ids_lost = view.lost;
  info.next_attempt_in_ms = (view.next_attempt_ns + shmflake::kNsPerMs - 1) / shmflake::kNsPerMs;
  info.last_error = static_cast<int32_t>(view.last_error.code());
  info.failures_in_row = static_cast<uint32_t>(view.failures_in_row);
  std::snprintf(info.last_error_text, sizeof(info.last_error_text), "%s",
                view.last_error.message().c_str());
  shmflake::capi::FillStruct(info, out);
}

Status CheckInfoSize(const shmflake_segment_info& out) {
  return shmflake::capi::CheckStructSize("info", sizeof(shmflake_segment_info), out.struct_size);
}

}  // namespace

extern "C" {

int shmflake_segment_open(shmflake_handle* flake, const char* tag,
                          const shmflake_segment_options* options, shmflake_segment** out) {
  if (flake == nullptr) return SetNullArgument("flake");
  if (tag == nullptr) return SetNullArgument("tag");
  if (out == nullptr) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    shmflake::SegmentOptions read;
    SHMFLAKE_RETURN_IF_ERROR(ReadSegmentOptions(options, &read));
    SHMFLAKE_RETURN_IF_ERROR(shmflake::CheckTag(tag));
    std::unique_ptr<shmflake::SegmentSource> source;
    SHMFLAKE_RETURN_IF_ERROR(
        shmflake::SegmentSource::Make(flake->generator.settings(), &read, &source));
    auto drawer = std::make_unique<SegmentGenerator>(flake->generator, tag, std::move(read),
                                                     std::move(source));
    SHMFLAKE_RETURN_IF_ERROR(drawer->Open());
    *out = reinterpret_cast<shmflake_segment*>(&drawer.release()->cache());
    return Status::Ok();
  });
}

void shmflake_segment_close(shmflake_segment* segment) {
  const NoCancellation no_cancellation;
  if (segment != nullptr) delete &DrawerOf(segment);
}

int shmflake_segment_next_n(shmflake_segment* segment, uint64_t* ids, size_t n, size_t* filled) {
  size_t drawn = 0;
  if (filled != nullptr) *filled = 0;
  if (segment == nullptr) return SetNullArgument("segment");
  if (ids == nullptr) return SetNullArgument("ids");
  if (n == 0 || n > std::numeric_limits<size_t>::max() / sizeof(uint64_t)) {
    return SetLastError(Fail(Code::COUNT, "n must be 1 or more: %zu", n));
  }
  const int code = Guarded([&] { return DrawerOf(segment).NextN(ids, n, &drawn); });
  if (filled != nullptr) *filled = drawn;
  return code;
}

int shmflake_segment_status(shmflake_segment* segment, shmflake_segment_info* out) {
  if (segment == nullptr) return SetNullArgument("segment");
  if (out == nullptr) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    SHMFLAKE_RETURN_IF_ERROR(CheckInfoSize(*out));
    DescribeSegment(ViewSegment(DrawerOf(segment).entry(), DrawerOf(segment).clock().BoottimeNs()),
                    out);
    return Status::Ok();
  });
}

int shmflake_segment_at(shmflake_handle* flake, size_t index, shmflake_segment_info* out) {
  if (flake == nullptr) return SetNullArgument("flake");
  if (out == nullptr) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    SHMFLAKE_RETURN_IF_ERROR(CheckInfoSize(*out));
    const auto* entry = shmflake::TagAt(flake->generator.current().image().tags, index);
    if (entry == nullptr) {
      return Fail(Code::NOT_FOUND, "the region has no tag of index %zu", index);
    }
    DescribeSegment(ViewSegment(*entry, flake->generator.clock().BoottimeNs()), out);
    return Status::Ok();
  });
}

int shmflake_store_init(const char* url, const shmflake_options* options) {
  return Guarded([&]() -> Status {
    shmflake_options read;
    shmflake::Settings settings;
    SHMFLAKE_RETURN_IF_ERROR(shmflake::capi::ResolveOptions(nullptr, options, &read, &settings));
    const shmflake::FileSizeSignalBlock no_signal;
    const auto init = [&](const std::string& text) -> Status {
      shmflake::StoreUrl parsed;
      std::unique_ptr<shmflake::SegmentStore> store;
      SHMFLAKE_RETURN_IF_ERROR(shmflake::OpenStoreByUrl(settings, text, &parsed, &store));
      return store->Init(settings.wait_timeout_ms.value);
    };
    if (url != nullptr) return init(url);
    const bool has_leases = IsShared(settings.store_kind);
    if (has_leases) SHMFLAKE_RETURN_IF_ERROR(init(settings.store.value));
    return has_leases && !settings.segment_store.given ? Status::Ok()
                                                       : init(settings.segment_store.value);
  });
}

}  // extern "C"
