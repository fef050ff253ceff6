// SPDX-License-Identifier: Apache-2.0
// The C ABI's leases, for operators.
#include <algorithm>
#include <vector>

#include "capi/src/convert_options.h"
#include "capi/src/errors.h"
#include "capi/src/handle.h"
#include "core/lease_admin.h"
#include "core/text.h"

using shmflake::CopyText;
using shmflake::LeaseAdmin;
using shmflake::LeaseInfo;
using shmflake::Status;
using shmflake::capi::Guarded;
using shmflake::capi::SetNullArgument;

namespace {

template <typename Call>
int WithLeases(const char* name, const shmflake_options* options, Call call) {
  return Guarded([&]() -> Status {
    shmflake_options read;
    shmflake::Settings settings;
    SHMFLAKE_RETURN_IF_ERROR(shmflake::capi::ResolveOptions(name, options, &read, &settings));
    const auto logger = shmflake::capi::MakeLogger(read, settings);
    LeaseAdmin admin(settings, shmflake::SystemClock(), logger.get());
    return call(admin);
  });
}

void DescribeLease(const LeaseAdmin& admin, const LeaseInfo& info, shmflake_lease* out) {
  *out = {};
  out->worker_id = info.record.worker_id;
  out->held = info.record.holder != 0 ? 1 : 0;
  out->instance_id = info.record.holder;
  const std::uint64_t last = info.format.max_timestamp();
  out->horizon_unix_ms =
      shmflake::UnixMsOfTick(info.format, std::min(info.record.horizon, last + 1));
  out->ttl_ms = info.record.holder != 0 ? info.ttl_ms : 0;
  out->updated_unix_ms = info.updated_unix_ms;
  out->this_host = admin.IsOfThisHost(info) ? 1 : 0;
  out->is_free = info.record.holder == 0 || info.ttl_ms <= 0 ? 1 : 0;
  CopyText(info.record.holder_region, out->region);
  CopyText(info.record.holder_host, out->host);
}

}  // namespace

extern "C" {

int shmflake_leases(const char* name, const shmflake_options* options, shmflake_lease* out,
                    size_t capacity, size_t* count) {
  if (count == nullptr) return SetNullArgument("count");
  if (out == nullptr && capacity != 0) return SetNullArgument("out");
  return WithLeases(name, options, [&](LeaseAdmin& admin) -> Status {
    std::vector<LeaseInfo> records;
    SHMFLAKE_RETURN_IF_ERROR(admin.List(&records));
    for (size_t i = 0; i < std::min(records.size(), capacity); ++i) {
      DescribeLease(admin, records[i], &out[i]);
    }
    *count = records.size();
    return Status::Ok();
  });
}

int shmflake_lease_free(const char* name, const shmflake_options* options, uint32_t worker_id) {
  return WithLeases(name, options, [&](LeaseAdmin& admin) { return admin.Free(worker_id); });
}

int shmflake_lease_release(const char* name, const shmflake_options* options) {
  return WithLeases(name, options, [](LeaseAdmin& admin) { return admin.Release(); });
}

}  // extern "C"
