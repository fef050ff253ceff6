// SPDX-License-Identifier: Apache-2.0
#include "core/store/store.h"

#include <algorithm>

#include "core/store/sqlite_store.h"
#include "core/store/store_url.h"
#include "core/text.h"

namespace shmflake {

LeaseKey::LeaseKey() = default;
LeaseKey::LeaseKey(const LeaseKey& other) = default;
LeaseKey::LeaseKey(LeaseKey&& other) noexcept = default;
LeaseKey& LeaseKey::operator=(const LeaseKey& other) = default;
LeaseKey::~LeaseKey() = default;

namespace {

// Remembers nothing and grants all: uniqueness over the loss of a region then rests on the clock.
class NoneStore : public Store {
 public:
  Status Identify(const LeaseKey& /*key*/, std::string* id) override {
    id->assign(32, '0');  // the same for ever: there are no records to lose
    return Status::Ok();
  }
  Status Expect(const std::string& /*id*/) override { return Status::Ok(); }

  Status Acquire(const LeaseKey& /*key*/, const LeasePlan& plan) override {
    std::uint64_t horizon = 0;
    return plan(LeaseRecord(), &horizon);
  }

  Status Extend(const LeaseKey& /*key*/, std::uint64_t horizon, std::uint64_t* granted) override {
    *granted = horizon;
    return Status::Ok();
  }

  Status Release(const LeaseKey& /*key*/, std::uint64_t /*used*/, bool* released) override {
    *released = true;
    return Status::Ok();
  }

  Status List(const std::string& /*id_namespace*/, std::vector<LeaseInfo>* out) override {
    out->clear();
    return Status::Ok();
  }

  Status Free(const std::string& /*id_namespace*/, std::uint32_t worker_id,
              bool* /*freed*/) override {
    return Fail(Code::NOT_FOUND, "the store \"none\" keeps no record of worker ID %u", worker_id);
  }
};

}  // namespace

Status Store::AcquireAny(LeaseKey* /*key*/, const LeasePlan& /*plan*/) {
  return {Code::STORE_UNKNOWN,
          "worker IDs are leased from a store that hosts share, mysql, postgres or etcd"};
}

Status CheckLeaseKey(const LeaseKey& key) {
  if (key.instance_id == 0) return Fail(Code::STORE_UNAVAILABLE, "an instance ID must not be 0");
  if (key.worker_id > key.format.max_worker_id()) {
    return Fail(Code::WORKER_ID, "worker_id must be 0..%llu: %u",
                static_cast<unsigned long long>(key.format.max_worker_id()), key.worker_id);
  }
  return ValidateFormat(key.format);
}

std::string DescribeKey(const LeaseKey& key) {
  return Format("worker ID %u of namespace %s", key.worker_id, Quote(key.id_namespace).c_str());
}

std::uint64_t ReleasedHorizon(const LeaseKey& key, std::uint64_t base, std::uint64_t horizon,
                              std::uint64_t used) {
  if (horizon < key.known_horizon) return std::max(horizon, std::min(used, key.known_horizon));
  return std::clamp(used, base, horizon);
}

std::string DescribeBackwards(const LeaseKey& key, std::uint64_t horizon) {
  return Format(
      "the horizon of %s must be at least what this region was granted, %llu: %llu; an older state "
      "of the store was restored, or the region's ceiling was overwritten",
      DescribeKey(key).c_str(), static_cast<unsigned long long>(key.known_horizon),
      static_cast<unsigned long long>(horizon));
}

Status ParseStoreKind(const std::string& text, StoreKind* kind) {
  if (text == "none") {
    *kind = StoreKind::kNone;
  } else if (text == "sqlite" || text == "sqlite:") {
    *kind = StoreKind::kSqlite;
  } else {
    const bool is_url = text.find(':') != std::string::npos && text.rfind("sqlite:", 0) != 0;
    if (!is_url) {
      return Fail(Code::STORE_UNKNOWN, "store %s: %s", kStoreRule, Quote(text).c_str());
    }
    StoreUrl url;
    SHMFLAKE_RETURN_IF_ERROR(ParseStoreUrl(text, &url));
    *kind = url.scheme == "mysql"      ? StoreKind::kMysql
            : url.scheme == "postgres" ? StoreKind::kPostgres
                                       : StoreKind::kEtcd;
  }
  return Status::Ok();
}

const char* StoreKindName(StoreKind kind) {
  switch (kind) {
    case StoreKind::kNone:
      return "none";
    case StoreKind::kSqlite:
      return "sqlite";
    case StoreKind::kMysql:
      return "mysql";
    case StoreKind::kPostgres:
      return "postgres";
    case StoreKind::kEtcd:
      return "etcd";
  }
  return "unknown";
}

Status OpenStore(StoreKind kind, const std::string& state_directory, std::uint32_t mode,
                 std::uint32_t busy_timeout_ms, std::unique_ptr<Store>* out) {
  switch (kind) {
    case StoreKind::kNone:
      *out = std::make_unique<NoneStore>();
      return Status::Ok();
    case StoreKind::kSqlite:
      return OpenSqliteStore(state_directory, mode, busy_timeout_ms, out);
    case StoreKind::kMysql:
    case StoreKind::kPostgres:
    case StoreKind::kEtcd:
      break;
  }
  return Fail(Code::STORE_UNKNOWN, "no such kind of store: %u", static_cast<unsigned>(kind));
}

}  // namespace shmflake
