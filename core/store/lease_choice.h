// SPDX-License-Identifier: Apache-2.0
// Which worker IDs a host may lease, those first that suit best. Pure.
//
// Nothing here decides what may be granted: whatever is chosen, a birth starts at the record's
// horizon. It decides only who is asked to wait.
#ifndef SHMFLAKE_CORE_STORE_LEASE_CHOICE_H_
#define SHMFLAKE_CORE_STORE_LEASE_CHOICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/store.h"

namespace shmflake {

// Whether two owners are of one state directory.
[[nodiscard]] bool IsOfStateDirectory(const std::string& one, const std::string& other);

// Whether the record is another's, who may still be alive. `exactly`: also that of another region
// in the same state directory counts as another's.
[[nodiscard]] bool IsHeldByOther(const LeaseInfo& info, const std::string& owner, bool exactly);

// The worker IDs that the key's owner may try, best first: the one it had before; released ones
// whose horizon is past, that were not used for longest; some that were never leased; those whose
// holder's time to live has ended; free ones whose horizon is ahead, least first. `records` ascend by worker ID. `turn` differs between hosts that
// race for the same ones: it turns the order of those that are equally good; 0 leaves it.
[[nodiscard]] std::vector<std::uint32_t> ChooseWorkers(const std::vector<LeaseInfo>& records,
                                                       const LeaseKey& key, std::uint64_t turn);

// 'all 4 worker IDs of namespace "orders" are held: 0 by region "default" on host "a" (ends in 41 s
// unless it is extended), ...'.
[[nodiscard]] std::string DescribeHolders(const std::vector<LeaseInfo>& records,
                                          const LeaseKey& key);
// 'region "default" on host "a" (ends in 41 s unless it is extended)'.
[[nodiscard]] std::string DescribeHolder(const LeaseInfo& info);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_LEASE_CHOICE_H_
