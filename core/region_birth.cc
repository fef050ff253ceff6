// SPDX-License-Identifier: Apache-2.0
#include "core/region_birth.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/failpoint.h"
#include "core/lease.h"
#include "core/text.h"
#include "core/uuid_format.h"

namespace shmflake {
namespace {

Header DescribeRegion(const Settings& settings, const LockFile& lock_file, std::int64_t now_ns) {
  Header header{};
  SetFormat(settings.format, &header);
  header.worker_id = settings.worker_id.value;
  do {
    header.instance_id = RandomU64();
  } while (header.instance_id == 0);
  header.created_unix_ns = now_ns;
  header.worker_id_source = static_cast<std::uint32_t>(settings.worker_id_source);
  header.store_kind = static_cast<std::uint32_t>(settings.store_kind);
  header.ordering = static_cast<std::uint32_t>(settings.ordering_kind);
  header.max_backward_ms = settings.max_backward_ms.value;
  header.horizon_ms = settings.horizon_ms.value;
  header.file_mode = settings.mode.value;
  header.group_id = settings.group.given ? settings.gid : kNoGroup;
  header.creator_pid = static_cast<std::uint32_t>(::getpid());
  header.creator_uid = ::geteuid();
  std::memcpy(header.lock_id, lock_file.lock_id(), sizeof(header.lock_id));
  if (IsShared(settings.store_kind)) {
    header.lease_ttl_ms = static_cast<std::uint32_t>(settings.lease_ttl_ms.value);
    CopyText(settings.store.value, header.store_url);
  }
  CopyText(settings.name, header.name);
  CopyText(settings.id_namespace.value, header.id_namespace);
  CopyText(BootId(), header.boot_id);
  CopyText(ProcessCommand(), header.creator_command);
  return header;
}

// The first tick above all that the retired predecessor issued, if it issued IDs of this kind: of
// another worker too, for order.
std::uint64_t FloorFrom(const RegionFile* retired, const Header& header) {
  if (retired == nullptr || FormatOf(retired->header) != FormatOf(header)) return 0;
  return FirstTickAbove(FormatOf(header), retired->state, retired->uuid_state);
}

// WORKER_HELD with the name of the region that holds the worker ID, which the store remembers.
Status NameHolder(const OpenContext& context, const Header& header, const Status& clash) {
  std::unique_ptr<Store> store;
  std::string holder;
  const auto look = [&](const LeaseRecord& record, std::uint64_t* /*horizon*/) {
    if (record.exists && record.holder != 0) holder = record.holder_region;
    return clash;  // nothing is changed
  };
  if (OpenStoreOf(header, *context.settings, MsUntilDeadline(context), &store).ok()) {
    (void)store->Acquire(LeaseKeyOf(header), look);
  }
  if (holder.empty()) return clash;
  return {clash.code(), clash.message() + "; it is the region \"" + holder + "\""};
}

}  // namespace

Birthplace::~Birthplace() {
  if (locked_) lock_file_.UnlockCreation();
}

Status Birthplace::Prepare(const OpenContext& context) {
  const Settings& settings = *context.settings;
  const std::uint32_t group_bits =
      settings.group.given ? (settings.mode.value & 0060U) | 0010U : 0U;
  const std::uint32_t gid = settings.group.given ? settings.gid : kNoGroup;
  SHMFLAKE_RETURN_IF_ERROR(
      EnsureDirectory(settings.directory.value, 0700U | group_bits, Code::DIRECTORY, gid));
  SHMFLAKE_RETURN_IF_ERROR(lock_file_.Open(settings.state_directory.value,
                                           settings.id_namespace.value, settings.mode.value, gid,
                                           true, context.deadline_ns));
  SHMFLAKE_RETURN_IF_ERROR(lock_file_.LockCreation(context.deadline_ns));
  locked_ = true;
  return Status::Ok();
}

Status Birthplace::CheckStoreIdentity(const Settings& settings, const LeaseKey& key, Store* store) {
  std::string identity;
  SHMFLAKE_RETURN_IF_ERROR(store->Identify(key, &identity));
  if (lock_file_.store_id().empty()) SHMFLAKE_RETURN_IF_ERROR(lock_file_.RecordStoreId(identity));
  if (lock_file_.store_id() == identity) return store->Expect(identity);
  const std::string where =
      IsShared(settings.store_kind) ? settings.store.value : settings.state_directory.value;
  return Fail(Code::STORE_REPLACED,
              "the store in %s is not the one that this namespace was started with (%s, now %s): "
              "its horizons are lost; restore it, or remove %s, while nothing runs, to start "
              "without them",
              where.c_str(), lock_file_.store_id().c_str(), identity.c_str(),
              lock_file_.path().c_str());
}

Status Birthplace::Lease(const OpenContext& context, const RegionFile* retired,
                         RegionContent* content) {
  const Settings& settings = *context.settings;
  Header& header = content->header;
  const IdFormat& format = settings.format;
  const std::int64_t now_ns = header.created_unix_ns;
  std::uint64_t now = 0;
  if (!TickOfUnixNs(format, now_ns, &now)) {
    if (now == 0) {
      return Fail(Code::BEFORE_EPOCH, "the clock must be past the epoch, %lld ms: it is at %lld ms",
                  static_cast<long long>(format.epoch_ms),
                  static_cast<long long>(now_ns / kNsPerMs));
    }
    return Fail(Code::TIME_RANGE,
                "the timestamp must be 0..%llu: %llu (%s); take a later epoch_ms, or a layout with "
                "more bits for it, in a namespace of its own",
                static_cast<unsigned long long>(format.max_timestamp()),
                static_cast<unsigned long long>(now), DescribeFormat(format).c_str());
  }
  std::unique_ptr<Store> store;
  SHMFLAKE_RETURN_IF_ERROR(OpenStoreOf(header, settings, MsUntilDeadline(context), &store));
  LeaseKey key = LeaseKeyOf(header);
  key.now = now;
  if (settings.store_kind != StoreKind::kNone) {
    SHMFLAKE_RETURN_IF_ERROR(CheckStoreIdentity(settings, key, store.get()));
  }
  LeaseTerms terms =
      MakeLeaseTerms(format, settings.horizon_ms.value, settings.max_recovery_ms.value);
  std::uint64_t floor = std::max(context.floor_tick, FloorFrom(retired, header));
  const bool remembered = settings.store_kind != StoreKind::kNone;
  // Without a store nobody remembers a predecessor whose file is gone: it may have run this far
  // ahead.
  if (!remembered) {
    const std::uint64_t ahead_us = settings.max_backward_ms.value * std::uint64_t{1000};
    const std::uint64_t margin = (ahead_us + format.tick_us - 1) / format.tick_us + 1;
    floor = std::max(floor, now + margin);
    terms.max_recovery = std::max(terms.max_recovery, margin);  // it is no recovery
  }
  Birth birth;
  const auto plan = [&](const LeaseRecord& record, std::uint64_t* new_horizon) {
    Status status = PlanBirth(terms, format, now, floor, record, &birth);
    *new_horizon = birth.horizon;
    return status;
  };
  if (settings.worker_id_source == WorkerIdSource::kLease) {
    // A region with our name, in a directory of its own, may share our lock file.
    const auto plan_if_free = [&](const LeaseRecord& record, std::uint64_t* new_horizon) {
      Status status = lock_file_.CheckWorkerFree(record.worker_id);
      return status.ok() ? plan(record, new_horizon) : status;
    };
    SHMFLAKE_RETURN_IF_ERROR(store->AcquireAny(&key, plan_if_free));
    header.worker_id = key.worker_id;
  } else {
    SHMFLAKE_RETURN_IF_ERROR(store->Acquire(key, plan));
  }
  header.birth_tick = birth.birth_tick;
  header.allowance_tick = remembered ? birth.allowance_tick : 0;
  // The last value "issued" is the one before the first of the birth tick.
  content->state = BirthState(header);
  content->ceiling = format.StateOf(birth.horizon, 0);
  content->uuid_state = UuidBirthState(header);
  // Read anew: now_ns was read before the store's transaction.
  content->clock_offset_ns = context.clock->RealtimeNs() - context.clock->BoottimeNs();
  return Status::Ok();
}

Status Birthplace::Publish(const OpenContext& context, const RegionFile* retired,
                           const LockScope& scope, RegionContent* content, RegionFile* file) {
  const Settings& settings = *context.settings;
  SHMFLAKE_RETURN_IF_ERROR(MakeRegionFile(settings, content, &file->fd));
  file->header = content->header;
  file->state = content->state;
  if (const int error = LockAttached(lock_file_.fd(), scope); error != 0) {
    return FailErrno(error, "lock", lock_file_.path(), Code::STATE_DIRECTORY);
  }
  SHMFLAKE_REACH(kCreateLocked);
  return PublishRegionFile(settings, file->fd, retired != nullptr);
}

Status Birthplace::Create(const OpenContext& context, const RegionFile* retired,
                          std::unique_ptr<Region>* out) {
  const Settings& settings = *context.settings;
  const std::string path = RegionPath(settings);
  RegionContent content;
  content.header = DescribeRegion(settings, lock_file_, context.clock->RealtimeNs());
  const Header& header = content.header;
  LockScope scope;
  SHMFLAKE_RETURN_IF_ERROR(MakeLockScope(settings, header.worker_id, header.instance_id, &scope));
  if (retired != nullptr) {
    SHMFLAKE_RETURN_IF_ERROR(lock_file_.RecordRetired(retired->header.instance_id));
  }
  const Status clash = settings.worker_id_source == WorkerIdSource::kLease
                           ? lock_file_.CheckPlaceFree(scope.place, path)
                           : lock_file_.CheckNobodyAttached(scope, path);  // lock_file.h, (1)
  if (clash.code() == Code::WORKER_HELD) return NameHolder(context, header, clash);
  SHMFLAKE_RETURN_IF_ERROR(clash);
  SHMFLAKE_REACH(kCreateNobodyAttached);
  // Only now: until then a predecessor may have drawn on, as far ahead as it may be of the clock.
  content.header.created_unix_ns = context.clock->RealtimeNs();
  SHMFLAKE_RETURN_IF_ERROR(Lease(context, retired, &content));
  scope.worker_id = header.worker_id;
  SHMFLAKE_REACH(kCreateLeased);
  RegionFile file;
  if (Status status = Publish(context, retired, scope, &content, &file); !status.ok()) {
    // Nothing was issued from it: attempts that fail must not climb away from the clock.
    std::unique_ptr<Store> store;
    bool released = false;
    if (OpenStoreOf(header, settings, MsUntilDeadline(context), &store).ok()) {
      (void)store->Release(LeaseKeyOf(header), header.birth_tick, &released);
    }
    return status;
  }
  lock_file_.UnlockCreation();
  locked_ = false;
  auto region = std::make_unique<Region>();
  SHMFLAKE_RETURN_IF_ERROR(
      region->Map(std::move(file), UniqueFd(lock_file_.TakeFd()), scope, settings));
  if (context.logger != nullptr) {
    context.logger->Log(LogLevel::kInfo, "region_created",
                        {{"name", settings.name},
                         {"path", path},
                         {"worker_id", std::to_string(header.worker_id)},
                         {"worker_id_source", WorkerIdSourceName(settings.worker_id_source)},
                         {"birth_tick", std::to_string(header.birth_tick)},
                         {"ahead_of_clock", header.allowance_tick != 0 ? "yes" : "no"}});
  }
  *out = std::move(region);
  return Status::Ok();
}

}  // namespace shmflake
