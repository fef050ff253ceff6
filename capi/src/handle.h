// SPDX-License-Identifier: Apache-2.0
// What stands behind the C ABI's opaque handle.
#ifndef SHMFLAKE_CAPI_SRC_HANDLE_H_
#define SHMFLAKE_CAPI_SRC_HANDLE_H_

#define shmflake shmflake_handle  // TEMPORARY
#include "shmflake/shmflake.h"
#undef shmflake

#include "core/generator.h"

struct shmflake_handle {
  shmflake_handle(shmflake::Settings settings, std::unique_ptr<shmflake::Logger> logger)
      : generator(std::move(settings), std::move(logger)) {}

  shmflake::Generator generator;
};

#endif  // SHMFLAKE_CAPI_SRC_HANDLE_H_
