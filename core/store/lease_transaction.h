// SPDX-License-Identifier: Apache-2.0
// One transaction on the lease records of a namespace, through a plug-in (store_plugin.h): the
// namespace's own record checked, and made if it is missing; then a step that decides what is
// written.
#ifndef SHMFLAKE_CORE_STORE_LEASE_TRANSACTION_H_
#define SHMFLAKE_CORE_STORE_LEASE_TRANSACTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/function_ref.h"
#include "core/store/store.h"
#include "core/store/store_plugin_loader.h"

namespace shmflake {

[[nodiscard]] LeaseInfo InfoOf(const shmflake_store_lease& lease, const IdFormat& format);

// A record to be written in place of another, with texts of its own.
struct NewLease {
  shmflake_store_lease lease{};
  std::string owner;
  std::string region;
  std::string host;

  void Set(const shmflake_store_lease& from);
};

// The records that a step decides on.
struct LeaseRecords {
  bool exist = false;  // whether the namespace has a record
  IdFormat format;
  const shmflake_store_lease* leases = nullptr;
  std::size_t count = 0;

  [[nodiscard]] const shmflake_store_lease* Find(std::uint32_t worker_id) const;
  [[nodiscard]] std::vector<LeaseInfo> List() const;
};

// Sets *write to what is to be written; null: nothing but a namespace's record that is missing. May
// be called again. Its error is returned as it is, and nothing is written.
using LeaseStep =
    FunctionRef<Status(const LeaseRecords& records, const shmflake_store_lease** write)>;

// Thread safety: one thread at a time.
class LeaseTransactions {
 public:
  static constexpr std::int64_t kAllWorkers = -1;

  // All of them together wait at most timeout_ms.
  LeaseTransactions(const StoreUrl& url, const shmflake_store_plugin* plugin,
                    std::uint32_t timeout_ms);

  // STORE_REPLACED from now on, unless the namespace has this identity.
  void Expect(const std::string& identity) { expected_ = identity; }

  // On the record of the worker ID, or on all. `format` is what the namespace must have, or gets:
  // STORE_LAYOUT. Null: NOT_FOUND when there is no namespace.
  Status Run(const std::string& id_namespace, const IdFormat* format, std::int64_t worker_id,
             const LeaseStep& step);

  // The identity of the namespace that the last one was on.
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const std::string& shown() const { return caller_.shown(); }

 private:
  Status CheckNamespace(const std::string& id_namespace, const shmflake_store_namespace& record,
                        const IdFormat* format, LeaseRecords* records) const;

  const PluginCaller caller_;
  const std::int64_t deadline_ns_;
  std::string expected_;  // "": any
  std::string identity_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_LEASE_TRANSACTION_H_
