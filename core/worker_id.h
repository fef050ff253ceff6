// SPDX-License-Identifier: Apache-2.0
// Where a worker ID comes from, highest first: the option, the environment, the file, the ordinal
// of a StatefulSet's pod, the host's address.
#ifndef SHMFLAKE_CORE_WORKER_ID_H_
#define SHMFLAKE_CORE_WORKER_ID_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/host.h"
#include "core/id_format.h"
#include "core/options.h"
#include "core/setting_table.h"
#include "core/status.h"

namespace shmflake {

// The number at the end of a StatefulSet pod's name ("web-3"), up to four digits.
[[nodiscard]] std::optional<std::uint32_t> StatefulSetOrdinal(std::string_view pod_name);

// What one source says: worker_id, or datacenter_id << machine_bits | machine_id; null value:
// nothing. WORKER_ID when a part does not fit its bits; the source's code when both ways differ.
Status WorkerIdOfLayer(const IdFormat& format, const SettingLayer& layer,
                       std::optional<Setting<std::uint32_t>>* out);

// datacenter_id and machine_id come together or not at all, within one source.
Status CheckWorkerIdPair(const SettingLayer& layer);

// What the host itself says.
Status WorkerIdOfHost(const IdFormat& format, const Host& host, Setting<std::uint32_t>* out,
                      WorkerIdSource* source);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_WORKER_ID_H_
