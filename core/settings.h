// SPDX-License-Identifier: Apache-2.0
// ResolveSettings of options.h, on a host of the caller's.
#ifndef SHMFLAKE_CORE_SETTINGS_H_
#define SHMFLAKE_CORE_SETTINGS_H_

#include "core/host.h"
#include "core/options.h"
#include "core/status.h"

namespace shmflake {

Status ResolveSettingsOn(const Host& host, const char* name, const Options& options, Settings* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SETTINGS_H_
