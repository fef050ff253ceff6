// SPDX-License-Identifier: Apache-2.0
// The birth of a region: under the creation lock, with its rectangle leased, whole or not at all.
#ifndef SHMFLAKE_CORE_REGION_BIRTH_H_
#define SHMFLAKE_CORE_REGION_BIRTH_H_

#include <memory>

#include "core/region_open.h"

namespace shmflake {

[[nodiscard]] Status MakeLockScope(const Settings& settings, std::uint32_t worker_id,
                                   std::uint64_t instance_id, LockScope* out);

// Holds the creation lock from Prepare until it goes.
class Birthplace {
 public:
  Birthplace() = default;
  Birthplace(const Birthplace&) = delete;
  Birthplace& operator=(const Birthplace&) = delete;
  ~Birthplace();

  // Makes the directories and takes the lock.
  Status Prepare(const OpenContext& context);

  // Whether the lock file knows the region as retired, whatever its state word says.
  [[nodiscard]] bool IsRecordedRetired(const Header& header) const {
    return lock_file_.IsRecordedRetired(header.instance_id);
  }

  // `retired`: the file of the retired region that bears the name, or null when none does.
  Status Create(const OpenContext& context, const RegionFile* retired,
                std::unique_ptr<Region>* out);

 private:
  Status Lease(const OpenContext& context, const RegionFile* retired, RegionContent* content);
  // STORE_REPLACED when it is not the one that the lock file knows.
  Status CheckStoreIdentity(const Settings& settings, const LeaseKey& key, Store* store);
  // Makes the file, locks it in use, gives it its name.
  Status Publish(const OpenContext& context, const RegionFile* retired, const LockScope& scope,
                 RegionContent* content, RegionFile* file);

  LockFile lock_file_;
  bool locked_ = false;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_REGION_BIRTH_H_
