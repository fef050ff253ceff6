// SPDX-License-Identifier: Apache-2.0
// A namespace's leases, for operators: who holds what, and ending it. Nothing here can make an ID
// repeat: a horizon is never lowered, but by the region that knows what it issued.
#ifndef SHMFLAKE_CORE_LEASE_ADMIN_H_
#define SHMFLAKE_CORE_LEASE_ADMIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/region_open.h"

namespace shmflake {

// Takes what is not given from the region that bears the name, if one does.
class LeaseAdmin {
 public:
  LeaseAdmin(const Settings& settings, Clock& clock, Logger* logger);
  LeaseAdmin(const LeaseAdmin&) = delete;
  LeaseAdmin& operator=(const LeaseAdmin&) = delete;

  // All records of the namespace, ascending by worker ID. NOT_FOUND when the store knows none.
  Status List(std::vector<LeaseInfo>* out);
  // Whether the last holder was a region of this state directory.
  [[nodiscard]] bool IsOfThisHost(const LeaseInfo& info) const;

  // store.h's Free. OK also when nobody held it.
  Status Free(std::uint32_t worker_id);

  // Retires the region that bears the name, which gives the unused part back. Where none does, what
  // one of that name in this state directory held is freed, unless somebody is still attached to it:
  // WORKER_HELD. NOT_FOUND when there is neither.
  Status Release();

 private:
  Status Prepare();
  [[nodiscard]] bool IsOfThisRegion(const LeaseInfo& info) const;
  Status ReadOwner();

  Settings settings_;
  const OpenContext context_;
  LockFile lock_file_;            // the namespace's, once owner_ is read
  std::string owner_;             // LeaseKey::owner here; "" where there is no lock file
  Status no_owner_;               // why there is none
  std::unique_ptr<Store> store_;  // null until Prepare
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_LEASE_ADMIN_H_
