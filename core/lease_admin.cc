// SPDX-License-Identifier: Apache-2.0
#include "core/lease_admin.h"

#include <utility>

#include "core/store/lease_choice.h"
#include "core/text.h"

namespace shmflake {

LeaseAdmin::LeaseAdmin(const Settings& settings, Clock& clock, Logger* logger)
    : settings_(settings), context_(RetiringContext(settings_, clock, logger)) {}

Status LeaseAdmin::Prepare() {
  if (store_ != nullptr) return Status::Ok();
  RegionFile file;
  const Status found = OpenRegionFile(settings_, &file);
  if (found.ok()) {
    SHMFLAKE_RETURN_IF_ERROR(CompareSettings(settings_, file.header, RegionPath(settings_)));
    InheritSettings(file.header, &settings_);
  }
  return OpenNamedStore(settings_, MsUntilDeadline(context_), &store_);
}

Status LeaseAdmin::ReadOwner() {
  const Status status =
      lock_file_.Open(settings_.state_directory.value, settings_.id_namespace.value,
                      settings_.mode.value, kNoGroup, false, context_.deadline_ns);
  no_owner_ = status;
  if (status.code() == Code::STATE_CHANGED) return Status::Ok();  // there is none
  SHMFLAKE_RETURN_IF_ERROR(status);
  owner_ = OwnerOf(lock_file_.lock_id(), settings_.name);
  return Status::Ok();
}

Status LeaseAdmin::List(std::vector<LeaseInfo>* out) {
  SHMFLAKE_RETURN_IF_ERROR(Prepare());
  SHMFLAKE_RETURN_IF_ERROR(ReadOwner());
  return store_->List(settings_.id_namespace.value, out);
}

bool LeaseAdmin::IsOfThisHost(const LeaseInfo& info) const {
  // SQLite's file is this host's alone.
  if (info.owner.empty()) return !IsShared(settings_.store_kind);
  return IsOfStateDirectory(info.owner, owner_);
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
    SHMFLAKE_RETURN_IF_ERROR(no_owner_);  // it alone tells who is alive
    SHMFLAKE_RETURN_IF_ERROR(lock_file_.CheckWorkerFree(info.record.worker_id));
    SHMFLAKE_RETURN_IF_ERROR(Free(info.record.worker_id));
    any = true;
  }
  if (any || attached.ok()) return Status::Ok();
  return Fail(Code::NOT_FOUND,
              "there is no region %s, and none of that name left a lease in namespace %s",
              RegionPath(settings_).c_str(), Quote(settings_.id_namespace.value).c_str());
}

}  // namespace shmflake
