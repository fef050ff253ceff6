// SPDX-License-Identifier: Apache-2.0
#include "core/store/store.h"

#include "core/store/sqlite_store.h"
#include "core/text.h"

namespace shmflake {
namespace {

// Remembers nothing and grants all: uniqueness over the loss of a region then rests on the clock.
class NoneStore : public Store {
 public:
  Status Identity(std::string* id) override {
    id->assign(32, '0');  // the same for ever: there are no records to lose
    return Status::Ok();
  }

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
};

}  // namespace

Status ParseStoreKind(const std::string& text, StoreKind* kind) {
  for (const StoreKind candidate : {StoreKind::kNone, StoreKind::kSqlite}) {
    if (text == StoreKindName(candidate)) {
      *kind = candidate;
      return Status::Ok();
    }
  }
  return {Code::STORE_UNKNOWN, "store must be \"sqlite\" or \"none\": " + Quote(text)};
}

const char* StoreKindName(StoreKind kind) {
  switch (kind) {
    case StoreKind::kNone:
      return "none";
    case StoreKind::kSqlite:
      return "sqlite";
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
  }
  return Fail(Code::STORE_UNKNOWN, "no such kind of store: %u", static_cast<unsigned>(kind));
}

}  // namespace shmflake
