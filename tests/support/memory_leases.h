// SPDX-License-Identifier: Apache-2.0
// A store's plug-in (core/store/store_plugin.h) whose records lie in this process, with a clock of
// its own, and with all the troubles of a server.
#ifndef SHMFLAKE_TESTS_SUPPORT_MEMORY_LEASES_H_
#define SHMFLAKE_TESTS_SUPPORT_MEMORY_LEASES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/store/store_plugin.h"

namespace shmflake::test {

class MemoryLeases {
 public:
  struct Record {
    std::int64_t horizon = 0;
    std::int64_t base = 0;
    std::int64_t holder = 0;
    std::int64_t ends_ms = 0;  // of the holder's time to live, on clock_ms
    std::int64_t version = 0;
    std::string owner;
    std::string region;
    std::string host;
  };
  struct Namespace {
    std::string identity;
    std::string format;
    std::map<std::uint32_t, Record> records;
  };

  MemoryLeases() { current_ = this; }
  ~MemoryLeases() { current_ = nullptr; }
  MemoryLeases(const MemoryLeases&) = delete;
  MemoryLeases& operator=(const MemoryLeases&) = delete;

  [[nodiscard]] static const shmflake_store_plugin& plugin() {
    static const shmflake_store_plugin plugin = {
        SHMFLAKE_STORE_PLUGIN_VERSION, 0, "etcd", "memory", nullptr, nullptr, &Lease};
    return plugin;
  }

  std::map<std::string, Namespace> namespaces;
  std::int64_t clock_ms = 1'000'000;
  int calls = 0;
  std::int64_t asked_worker_id = 0;  // of the last call
  int writes = 0;
  // Between reading and writing: what others do meanwhile. The write then loses the race.
  std::function<void(MemoryLeases&)> meanwhile;
  int fail_before = SHMFLAKE_STORE_OK;  // the next call fails so, and writes nothing
  int fail_after = SHMFLAKE_STORE_OK;   // writes, and fails all the same

 private:
  static int Lease(const shmflake_store_target* /*target*/, const char* id_namespace,
                   std::int64_t worker_id, std::int64_t /*timeout_ms*/,
                   shmflake_store_decide_lease decide, void* context, shmflake_store_error* error) {
    MemoryLeases& self = *current_;
    ++self.calls;
    self.asked_worker_id = worker_id;
    static constexpr char kWords[] = "the memory's own words";
    const std::string words = kWords;
    words.copy(error->message, sizeof(error->message) - 1);
    if (const int code = std::exchange(self.fail_before, 0); code != 0) return code;
    for (;;) {
      const Namespace seen = self.namespaces[id_namespace];
      std::vector<shmflake_store_lease> leases;
      for (const auto& [worker, record] : seen.records) {
        if (worker_id >= 0 && worker != worker_id) continue;
        leases.push_back({worker, 0, record.horizon, record.base, record.holder,
                          record.holder == 0 ? 0 : record.ends_ms - self.clock_ms, self.clock_ms,
                          record.owner.c_str(), record.region.c_str(), record.host.c_str()});
      }
      const shmflake_store_namespace record = {seen.identity.c_str(), seen.format.c_str()};
      shmflake_store_lease_write write{};
      if (decide(context, &record, leases.data(), leases.size(), &write) != 0) {
        return SHMFLAKE_STORE_DECLINED;
      }
      if (self.meanwhile) std::exchange(self.meanwhile, nullptr)(self);
      Namespace& stands = self.namespaces[id_namespace];
      if (stands.identity != seen.identity) continue;
      if (write.lease != nullptr) {
        const std::uint32_t worker = write.lease->worker_id;
        const auto before = seen.records.find(worker);
        const auto now = stands.records.find(worker);
        const bool same =
            (before == seen.records.end()) == (now == stands.records.end()) &&
            (now == stands.records.end() || before->second.version == now->second.version);
        if (!same) continue;
      }
      if (stands.identity.empty()) {
        stands.identity = write.record.identity;
        stands.format = write.record.format;
      }
      if (write.lease != nullptr) {
        const shmflake_store_lease& lease = *write.lease;
        Record& changed = stands.records[lease.worker_id];
        changed = {lease.horizon,       lease.base,  lease.holder, self.clock_ms + lease.ttl_ms,
                   changed.version + 1, lease.owner, lease.region, lease.host};
        ++self.writes;
      }
      return std::exchange(self.fail_after, 0);
    }
  }

  static inline MemoryLeases* current_ = nullptr;
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_MEMORY_LEASES_H_
