// SPDX-License-Identifier: Apache-2.0
// From a name to an attachment: attach to the region that bears it, or create it; and retire it.
#ifndef SHMFLAKE_CORE_REGION_OPEN_H_
#define SHMFLAKE_CORE_REGION_OPEN_H_

#include <memory>

#include "core/clock.h"
#include "core/logger.h"
#include "core/options.h"
#include "core/region.h"

namespace shmflake {

struct OpenContext {
  const Settings* settings = nullptr;
  Clock* clock = nullptr;
  Logger* logger = nullptr;      // may be null
  std::int64_t deadline_ns = 0;  // on clock->MonotonicNs()
  // A new region starts at this tick or above: what is known of its predecessor. 0: nothing.
  std::uint64_t floor_tick = 0;
  // Attaching to retire: a state directory that is gone does not hinder it.
  bool retiring = false;
};

// To attach, so as to retire: within wait_timeout_ms.
[[nodiscard]] OpenContext RetiringContext(const Settings& settings, Clock& clock, Logger* logger);

// What a store may keep us waiting; at least 1.
[[nodiscard]] std::uint32_t MsUntilDeadline(const OpenContext& context);

// Attaches or creates. A retired region is replaced by a new one.
Status OpenRegion(const OpenContext& context, std::unique_ptr<Region>* out);

// Attaches to what is there, retired or not: NOT_FOUND otherwise.
Status AttachRegion(const OpenContext& context, std::unique_ptr<Region>* out);

// The key of a region's lease.
[[nodiscard]] LeaseKey LeaseKeyOf(const Header& header);
// This host's name for people: at most 64 bytes of printable ASCII.
[[nodiscard]] std::string ShownHostName();
// LeaseKey::owner.
[[nodiscard]] std::string OwnerOf(const unsigned char* lock_id, const std::string& region_name);
// The store that the settings name.
Status OpenNamedStore(const Settings& settings, std::uint32_t busy_timeout_ms,
                      std::unique_ptr<Store>* out);
// The store that the region was made with.
Status OpenStoreOf(const Header& header, const Settings& settings, std::uint32_t busy_timeout_ms,
                   std::unique_ptr<Store>* out);

// The same, but STORE_REPLACED when it is not the one that the namespace was started with (what it
// does not know of a lease then says nothing), STATE_CHANGED and the like when the state directory
// is another one, or none: a store that is missing would be made anew in it.
Status OpenKnownStoreOf(const Header& header, const Settings& settings,
                        std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out);

// SETTINGS_DIFFER, naming the setting and both values, when a given setting is not the region's.
Status CompareSettings(const Settings& settings, const Header& header, const std::string& path);

// For following a region: what was not given is taken over from it.
void InheritSettings(const Header& header, Settings* settings);

// Sets the retired bit, records it, and gives the unused part of the lease back. The status is the
// store's; the region is retired in any case. Unlinks the file when nobody else is attached.
Status RetireRegion(const OpenContext& context, Region* region);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_REGION_OPEN_H_
