// SPDX-License-Identifier: Apache-2.0
// What stands behind the C ABI's opaque handle.
#ifndef SHMFLAKE_CAPI_SRC_HANDLE_H_
#define SHMFLAKE_CAPI_SRC_HANDLE_H_

// In C++ the struct's tag and the core's namespace cannot both be `shmflake`. A tag is no part of
// the ABI, so in these sources it has another name.
#define shmflake shmflake_handle
#include "shmflake/shmflake.h"
#undef shmflake

#include "core/generator.h"

struct shmflake_handle {
  shmflake_handle(shmflake::Settings settings, std::unique_ptr<shmflake::Logger> logger)
      : generator(std::move(settings), std::move(logger)) {}

  shmflake::Generator generator;
};

#endif  // SHMFLAKE_CAPI_SRC_HANDLE_H_
