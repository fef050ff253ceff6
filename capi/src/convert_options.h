// SPDX-License-Identifier: Apache-2.0
// The C structs and the core's types, one into the other.
#ifndef SHMFLAKE_CAPI_SRC_CONVERT_OPTIONS_H_
#define SHMFLAKE_CAPI_SRC_CONVERT_OPTIONS_H_

#include <memory>

#include "capi/src/handle.h"
#include "core/logger.h"

namespace shmflake::capi {

// Checks struct_size and the unknown tail, and copies what is known. NULL gives all zeros.
Status ReadOptions(const shmflake_options* from, shmflake_options* to);
Status ConvertOptions(const shmflake_options& from, Options* to);
// Both, and then the settings that come of them.
Status ResolveOptions(const char* name, const shmflake_options* options, shmflake_options* read,
                      Settings* settings);

// The callback, or standard error where the settings say so, or null.
std::unique_ptr<Logger> MakeLogger(const shmflake_options& options, const Settings& settings);

}  // namespace shmflake::capi

#endif  // SHMFLAKE_CAPI_SRC_CONVERT_OPTIONS_H_
