// SPDX-License-Identifier: Apache-2.0
// The C ABI's life of a region: open, close, retire, and what would be used for it.
#include <cstdio>

#include "capi/src/convert_options.h"
#include "capi/src/errors.h"
#include "capi/src/handle.h"

using shmflake::Status;
using shmflake::capi::Guarded;
using shmflake::capi::NoCancellation;
using shmflake::capi::ResolveOptions;
using shmflake::capi::SetNullArgument;

extern "C" {

int shmflake_open(const char* name, const shmflake_options* options, shmflake_handle** out) {
  if (out == nullptr) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    shmflake_options read;
    shmflake::Settings settings;
    SHMFLAKE_RETURN_IF_ERROR(ResolveOptions(name, options, &read, &settings));
    auto logger = shmflake::capi::MakeLogger(read, settings);
    auto handle = std::make_unique<shmflake_handle>(std::move(settings), std::move(logger));
    SHMFLAKE_RETURN_IF_ERROR(handle->generator.Open(read.attach_only != 0));
    *out = handle.release();
    return Status::Ok();
  });
}

void shmflake_close(shmflake_handle* flake) {
  const NoCancellation no_cancellation;  // close() and a join are cancellation points
  delete flake;
}

int shmflake_retire(const char* name, const shmflake_options* options) {
  return Guarded([&]() -> Status {
    shmflake_options read;
    shmflake::Settings settings;
    SHMFLAKE_RETURN_IF_ERROR(ResolveOptions(name, options, &read, &settings));
    const auto logger = shmflake::capi::MakeLogger(read, settings);
    return shmflake::RetireByName(settings, shmflake::SystemClock(), logger.get());
  });
}

int shmflake_settings(const char* name, const shmflake_options* options, shmflake_setting* out,
                      size_t capacity, size_t* count) {
  if (count == nullptr) return SetNullArgument("count");
  if (out == nullptr && capacity != 0) return SetNullArgument("out");
  return Guarded([&]() -> Status {
    shmflake_options read;
    shmflake::Settings settings;
    SHMFLAKE_RETURN_IF_ERROR(ResolveOptions(name, options, &read, &settings));
    const auto lines = shmflake::ListSettings(settings);
    for (size_t i = 0; i < lines.size() && i < capacity; ++i) {
      std::snprintf(out[i].key, sizeof(out[i].key), "%s", lines[i].key.c_str());
      std::snprintf(out[i].value, sizeof(out[i].value), "%s", lines[i].value.c_str());
      std::snprintf(out[i].source, sizeof(out[i].source), "%s", lines[i].source.c_str());
    }
    *count = lines.size();
    return Status::Ok();
  });
}

}  // extern "C"
