// SPDX-License-Identifier: Apache-2.0
#include "core/region_open.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/failpoint.h"
#include "core/lease.h"
#include "core/region_birth.h"
#include "core/store/shared_store.h"
#include "core/uuid_format.h"

namespace shmflake {
namespace {

constexpr std::int64_t kRetryPauseNs = 200'000;

// The outcome of one look at the name.
struct Look {
  RegionFile file;
  bool found = false;     // a region that is understood bears the name
  bool revoked = false;   // it looks alive, but was recorded as retired: older bytes written back
  bool vanished = false;  // it did, and was replaced while we looked: look again
};

Status LookAtName(const OpenContext& context, Look* out) {
  *out = Look();
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  Status status = CheckRegionDirectory(*context.settings, &device, &inode);
  if (status.ok()) status = OpenRegionFile(*context.settings, &out->file);
  if (status.code() == Code::NOT_FOUND) return Status::Ok();
  SHMFLAKE_RETURN_IF_ERROR(status);
  out->found = true;
  return Status::Ok();
}

// The lock file that the region was made with.
Status OpenLockFileOf(const Settings& settings, const Header& header, LockFile* out,
                      std::int64_t deadline_ns = LockFile::kSoon) {
  SHMFLAKE_RETURN_IF_ERROR(out->Open(settings.state_directory.value, header.id_namespace,
                                     header.file_mode, header.group_id, false, deadline_ns));
  if (std::memcmp(out->lock_id(), header.lock_id, sizeof(header.lock_id)) != 0) {
    return Fail(Code::STATE_CHANGED,
                "the region %s was made with another state directory than %s; set "
                "SHMFLAKE_STATE_DIR to that one, or retire the region",
                RegionPath(settings).c_str(), settings.state_directory.value.c_str());
  }
  return Status::Ok();
}

// Locks the region in use, checks that it still bears its name, and maps it.
Status AttachTo(const OpenContext& context, Look* look, std::unique_ptr<Region>* out) {
  const Settings& settings = *context.settings;
  const Header& header = look->file.header;
  const std::string path = RegionPath(settings);
  SHMFLAKE_RETURN_IF_ERROR(CompareSettings(settings, header, path));
  LockFile lock_file;
  Status locked = OpenLockFileOf(settings, header, &lock_file, context.deadline_ns);
  LockScope scope;
  SHMFLAKE_RETURN_IF_ERROR(MakeLockScope(settings, header.worker_id, header.instance_id, &scope));
  if (locked.ok()) {
    if (const int error = LockAttached(lock_file.fd(), scope); error != 0) {
      locked = FailErrno(error, "lock", lock_file.path(), Code::STATE_DIRECTORY);
    }
  }
  if (!locked.ok() && !context.retiring) return locked;
  look->revoked = locked.ok() && !context.retiring && !look->file.retired() &&
                  lock_file.IsRecordedRetired(header.instance_id);
  if (look->revoked) return Status::Ok();
  SHMFLAKE_REACH(kAttachLocked);
  if (!IsStillNamed(path, look->file)) {  // lock_file.h, invariant (2)
    look->vanished = true;
    return Status::Ok();
  }
  SHMFLAKE_REACH(kAttachVerified);
  auto region = std::make_unique<Region>();
  SHMFLAKE_RETURN_IF_ERROR(
      region->Map(std::move(look->file), UniqueFd(lock_file.TakeFd()), scope, settings));
  SHMFLAKE_REACH(kAttachMapped);
  *out = std::move(region);
  return Status::Ok();
}

Status OpenOnce(const OpenContext& context, bool create, bool* again,
                std::unique_ptr<Region>* out) {
  *again = false;
  Look look;
  SHMFLAKE_RETURN_IF_ERROR(LookAtName(context, &look));
  if (look.found && (!create || !look.file.retired())) {
    SHMFLAKE_RETURN_IF_ERROR(AttachTo(context, &look, out));
    *again = look.vanished;
    if (!look.revoked) return Status::Ok();
    if (!create) {
      return Fail(Code::RETIRED, "%s was retired, and older bytes were written over it since",
                  RegionPath(*context.settings).c_str());
    }
  }
  if (!create) {
    return Fail(Code::NOT_FOUND, "there is no region %s", RegionPath(*context.settings).c_str());
  }
  // Nothing there, or a retired region: one process at a time looks again and creates.
  Birthplace birthplace;
  SHMFLAKE_RETURN_IF_ERROR(birthplace.Prepare(context));
  SHMFLAKE_REACH(kCreateMutexHeld);
  SHMFLAKE_RETURN_IF_ERROR(LookAtName(context, &look));
  if (look.found && !look.file.retired() && !birthplace.IsRecordedRetired(look.file.header)) {
    *again = true;  // somebody was faster
    return Status::Ok();
  }
  if (look.found) {
    bool named = false;
    SHMFLAKE_RETURN_IF_ERROR(
        LockName(RegionPath(*context.settings), look.file, context.deadline_ns, &named));
    if (!named) {  // a process with another state directory was faster
      *again = true;
      return Status::Ok();
    }
  }
  return birthplace.Create(context, look.found ? &look.file : nullptr, out);
}

Status OpenInTime(const OpenContext& context, bool create, std::unique_ptr<Region>* out) {
  const FileSizeSignalBlock no_signal;
  for (;;) {
    bool again = false;
    SHMFLAKE_RETURN_IF_ERROR(OpenOnce(context, create, &again, out));
    if (!again) return Status::Ok();
    if (context.clock->MonotonicNs() >= context.deadline_ns) {
      return Fail(Code::TIMEOUT, "the region %s was replaced again and again while attaching",
                  RegionPath(*context.settings).c_str());
    }
    context.clock->Sleep(kRetryPauseNs);
  }
}

// The region's store, if it is the one that the lock file knows. "none" is any.
Status OpenStoreKnownTo(const LockFile& lock_file, const Header& header, const Settings& settings,
                        std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out) {
  std::unique_ptr<Store> store;
  SHMFLAKE_RETURN_IF_ERROR(OpenStoreOf(header, settings, busy_timeout_ms, &store));
  SHMFLAKE_RETURN_IF_ERROR(store->Expect(lock_file.store_id()));
  *out = std::move(store);
  return Status::Ok();
}

// The lease's unused part: all ticks above that of the last value.
Status GiveBack(const OpenContext& context, const Region& region, const LockFile& lock_file,
                std::uint64_t last) {
  const Header& header = region.header();
  const IdFormat& format = region.format();
  // Additions near the ceiling may have gone past it, without issuing: the store, which knows the
  // horizon, cuts that off.
  const std::uint64_t end = std::min(last + 1, format.state_end());
  const std::uint64_t used = std::max(
      header.birth_tick, FirstTickAbove(format, last, region.image().uuid_state.LoadRelaxed()));
  std::unique_ptr<Store> store;
  bool released = false;
  Status status =
      OpenStoreKnownTo(lock_file, header, *context.settings, MsUntilDeadline(context), &store);
  LeaseKey key = LeaseKeyOf(header);
  // No order makes sure that the ceiling's latest value is seen here: a store that was set back may
  // be told less.
  key.known_horizon = format.TickOf(region.image().ceiling.LoadRelaxed());
  if (status.ok()) status = store->Release(key, used, &released);
  if (context.logger != nullptr) {
    context.logger->Log(LogLevel::kInfo, "region_retired",
                        {{"name", header.name},
                         {"last_id", std::to_string(format.IdOf(end - 1, header.worker_id))},
                         {"lease_released", released ? "yes" : "no"},
                         {"store", status.ok() ? "ok" : status.message()}});
  }
  return status;
}

}  // namespace

OpenContext RetiringContext(const Settings& settings, Clock& clock, Logger* logger) {
  OpenContext context;
  context.settings = &settings;
  context.clock = &clock;
  context.logger = logger;
  context.deadline_ns = clock.MonotonicNs() + settings.wait_timeout_ms.value * kNsPerMs;
  context.retiring = true;
  return context;
}

std::uint32_t MsUntilDeadline(const OpenContext& context) {
  const std::int64_t left_ms = (context.deadline_ns - context.clock->MonotonicNs()) / kNsPerMs;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left_ms, 1, 3'600'000));
}

Status MakeLockScope(const Settings& settings, std::uint32_t worker_id, std::uint64_t instance_id,
                     LockScope* out) {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  SHMFLAKE_RETURN_IF_ERROR(CheckRegionDirectory(settings, &device, &inode));
  out->worker_id = worker_id;
  out->instance_id = instance_id;
  out->place = PlaceOf(device, inode, settings.name);
  return Status::Ok();
}

LeaseKey LeaseKeyOf(const Header& header) {
  LeaseKey key;
  key.id_namespace = header.id_namespace;
  key.worker_id = header.worker_id;
  key.format = FormatOf(header);
  key.instance_id = header.instance_id;
  key.region_name = header.name;
  key.host = ShownHostName();
  key.owner = OwnerOf(header.lock_id, header.name);
  key.ttl_ms = header.lease_ttl_ms;
  return key;
}

std::string ShownHostName() {
  std::string shown;
  for (const char c : HostName().substr(0, 64)) shown += c > ' ' && c < 0x7f ? c : '?';
  return shown;
}

std::string OwnerOf(const unsigned char* lock_id, const std::string& region_name) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string owner;
  for (std::size_t i = 0; i < sizeof(Header::lock_id); ++i) {
    owner += {kDigits[lock_id[i] >> 4], kDigits[lock_id[i] & 15]};
  }
  return owner + "/" + region_name;
}

Status OpenNamedStore(const Settings& settings, std::uint32_t busy_timeout_ms,
                      std::unique_ptr<Store>* out) {
  if (IsShared(settings.store_kind)) {
    return OpenSharedStore(settings.store.value, busy_timeout_ms, out);
  }
  return OpenStore(settings.store_kind, settings.state_directory.value, settings.mode.value,
                   busy_timeout_ms, out);
}

Status OpenStoreOf(const Header& header, const Settings& settings, std::uint32_t busy_timeout_ms,
                   std::unique_ptr<Store>* out) {
  const auto kind = static_cast<StoreKind>(header.store_kind);
  if (IsShared(kind)) {
    // As the caller wrote it: its user and certificates may be others.
    const bool given = settings.store.given && IsShared(settings.store_kind);
    return OpenSharedStore(given ? settings.store.value : header.store_url, busy_timeout_ms, out);
  }
  return OpenStore(kind, settings.state_directory.value, header.file_mode, busy_timeout_ms, out);
}

Status OpenKnownStoreOf(const Header& header, const Settings& settings,
                        std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out) {
  if (static_cast<StoreKind>(header.store_kind) == StoreKind::kNone) {
    return OpenStoreOf(header, settings, busy_timeout_ms, out);
  }
  LockFile lock_file;
  SHMFLAKE_RETURN_IF_ERROR(OpenLockFileOf(settings, header, &lock_file));
  return OpenStoreKnownTo(lock_file, header, settings, busy_timeout_ms, out);
}

Status OpenRegion(const OpenContext& context, std::unique_ptr<Region>* out) {
  return OpenInTime(context, true, out);
}

Status AttachRegion(const OpenContext& context, std::unique_ptr<Region>* out) {
  return OpenInTime(context, false, out);
}

Status RetireRegion(const OpenContext& context, Region* region) {
  const FileSizeSignalBlock no_signal;
  const Header& header = region->header();
  const std::uint64_t last = RetireWords(region->image());
  SHMFLAKE_REACH(kRetirePoisoned);
  LockFile lock_file;
  Status status = OpenLockFileOf(*context.settings, header, &lock_file, context.deadline_ns);
  if (status.ok()) status = lock_file.LockCreation(context.deadline_ns);
  if (!status.ok()) {
    // Without its state directory there is no lease to give back; the retired bit is what counts.
    return context.retiring && status.code() == Code::STATE_CHANGED ? Status::Ok() : status;
  }
  status = lock_file.RecordRetired(header.instance_id);
  SHMFLAKE_REACH(kRetireRecorded);
  // Who set the bit knows the exact last value.
  if (status.ok() && (last & kRetiredBit) == 0) {
    status = GiveBack(context, *region, lock_file, last);
  }
  SHMFLAKE_REACH(kRetireReleased);
  region->Unlock();
  // Nobody has it mapped, and nobody can come: who attaches checks the name after locking. Without
  // a store, or where it did not hear of this, the file is what remembers how far it came.
  if (status.ok() && header.store_kind != static_cast<std::uint32_t>(StoreKind::kNone) &&
      !lock_file.IsInstanceInUse(region->scope())) {
    RegionFile file;
    bool named = false;
    if (OpenRegionFile(*context.settings, &file).ok() &&
        file.header.instance_id == header.instance_id &&
        LockName(region->path(), file, context.deadline_ns, &named).ok() && named) {
      ::unlink(region->path().c_str());
    }
  }
  SHMFLAKE_REACH(kRetireUnlinked);
  lock_file.UnlockCreation();
  return status;
}

}  // namespace shmflake
