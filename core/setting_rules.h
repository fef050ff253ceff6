// SPDX-License-Identifier: Apache-2.0
// What a setting depends on beside its own value: defaults that come from the host or another
// setting, and the rules between settings. Each step takes what the ones before it filled in, in
// this order.
#ifndef SHMFLAKE_CORE_SETTING_RULES_H_
#define SHMFLAKE_CORE_SETTING_RULES_H_

#include "core/host.h"
#include "core/options.h"
#include "core/setting_sources.h"
#include "core/status.h"

namespace shmflake {

void FillDirectories(const Host& host, Settings* out);

// gid, and the mode, which without a group has no bits for one.
Status FillGroupAndMode(const Host& host, const SettingSources& sources, Settings* out);

// The bits that were not given, and the format, validated.
Status FillFormat(const Host& host, const SettingSources& sources, Settings* out);

Status CheckHorizon(const SettingSources& sources, const Settings& settings);

// lease_ttl_ms, which is no shorter than a horizon.
Status FillLeaseTtl(const SettingSources& sources, Settings* out);

Status FillWorkerId(const Host& host, const SettingSources& sources, Settings* out);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_SETTING_RULES_H_
