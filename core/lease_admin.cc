// SPDX-License-Identifier: Apache-2.0
#include "core/lease_admin.h"

#include <utility>

#include "core/text.h"

namespace shmflake {

LeaseAdmin::LeaseAdmin(const Settings& settings, Clock& clock, Logger* logger)
    : settings_(settings), clock_(clock), logger_(logger) {
  context_.settings = &settings_;
  context_.clock = &clock_;
  context_.logger = logger_;
  context_.deadline_ns = clock_.MonotonicNs() + settings_.wait_timeout_ms.value * kNsPerMs;
  context_.retiring = true;
}

Status LeaseAdmin::Prepare() {
  if (prepared_) return Status::Ok();
  RegionFile file;
  const Status found = OpenRegionFile(settings_, &file);
  if (found.ok()) {
    SHMFLAKE_RETURN_IF_ERROR(CompareSettings(settings_, file.header, RegionPath(settings_)));
    InheritSettings(file.header, &settings_);
  }
  SHMFLAKE_RETURN_IF_ERROR(OpenNamedStore(settings_, MsUntilDeadline(context_), &store_));
  prepared_ = true;
  return Status::Ok();
}

Status LeaseAdmin::ReadOwner() {
  LockFile lock_file;
  const Status status =
      lock_file.Open(settings_.state_directory.value, settings_.id_namespace.value,
                     settings_.mode.value, kNoGroup, false, context_.deadline_ns);
  if (status.code() == Code::STATE_CHANGED) return Status::Ok();  // there is none
  SHMFLAKE_RETURN_IF_ERROR(status);
  owner_ = OwnerOf(lock_file.lock_id(), settings_.name);
  return Status::Ok();
}

Status LeaseAdmin::List(std::vector<LeaseInfo>* out) {
  SHMFLAKE_RETURN_IF_ERROR(Prepare());
  SHMFLAKE_RETURN_IF_ERROR(ReadOwner());
  return store_->List(settings_.id_namespace.value, out);
}

bool LeaseAdmin::IsOfThisHost(const LeaseInfo& info) const {
  const std::size_t size = owner_.find('/');
  // SQLite's file is this host's alone.
  if (info.owner.empty()) return !IsShared(settings_.store_kind);
  return !owner_.empty() && info.owner.compare(0, size + 1, owner_, 0, size + 1) == 0;
}

bool LeaseAdmin::IsOfThisRegion(const LeaseInfo& info) const {
  if (!IsShared(settings_.store_kind)) return info.record.holder_region == settings_.name;
  return !owner_.empty() && info.owner == owner_;
}

Status LeaseAdmin::Free(std::uint32_t worker_id) {
  SHMFLAKE_RETURN_IF_ERROR(Prepare());
  bool freed = false;
  return store_->Free(settings_.id_namespace.value, worker_id, &freed);
}

Status LeaseAdmin::Release() {
  std::unique_ptr<Region> region;
  Status attached = AttachRegion(context_, &region);
  if (attached.ok()) {
    const bool was_retired = (region->image().state.LoadRelaxed() & kRetiredBit) != 0;
    SHMFLAKE_RETURN_IF_ERROR(RetireRegion(context_, region.get()));
    // Who retired it may have missed the store.
    if (!was_retired) return Status::Ok();
  } else if (attached.code() != Code::NOT_FOUND && attached.code() != Code::DIRECTORY) {
    return attached;
  }
  std::vector<LeaseInfo> records;
  SHMFLAKE_RETURN_IF_ERROR(List(&records));
  bool any = false;
  for (const LeaseInfo& info : records) {
    if (info.record.holder == 0 || !IsOfThisRegion(info)) continue;
    LockFile lock_file;
    SHMFLAKE_RETURN_IF_ERROR(lock_file.Open(settings_.state_directory.value,
                                            settings_.id_namespace.value, settings_.mode.value,
                                            kNoGroup, false, context_.deadline_ns));
    SHMFLAKE_RETURN_IF_ERROR(lock_file.CheckWorkerFree(info.record.worker_id));
    SHMFLAKE_RETURN_IF_ERROR(Free(info.record.worker_id));
    any = true;
  }
  if (any || attached.ok()) return Status::Ok();
  return Fail(Code::NOT_FOUND,
              "there is no region %s, and none of that name left a lease in namespace %s",
              RegionPath(settings_).c_str(), Quote(settings_.id_namespace.value).c_str());
}

}  // namespace shmflake
