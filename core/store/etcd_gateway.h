// SPDX-License-Identifier: Apache-2.0
// What one server of etcd is asked, over its v3 JSON gateway (etcd 3.4 and newer).
//
// The gateway's ways: it leaves out what is false, zero or empty; 64-bit integers are texts; keys and
// values are base64; an error is {"error":..,"message":..,"code":..} with a status of HTTP, of which
// newer ones leave out "error".
#ifndef SHMFLAKE_CORE_STORE_ETCD_GATEWAY_H_
#define SHMFLAKE_CORE_STORE_ETCD_GATEWAY_H_

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/store/etcd_http.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

inline constexpr char kEtcdTxnPath[] = "/v3/kv/txn";

// A key as it was read. A revision of 0: there is none.
struct EtcdValue {
  std::int64_t mod_revision = 0;
  std::string text;
};

// A key that must be as it was read.
struct EtcdSeen {
  std::string key;
  std::int64_t mod_revision = 0;  // 0: it must be missing
};

struct EtcdPut {
  std::string key;
  std::string text;
  std::int64_t ttl_id = 0;  // etcd_ttl.h: the key goes with it; 0: it stays
};

struct EtcdTransaction {
  std::vector<EtcdSeen> unchanged;
  std::vector<EtcdPut> puts;
  std::vector<std::string> deletes;  // one key each
};

// The first key after all that begin with `directory`, which ends in '/'.
[[nodiscard]] std::string EndOfEtcdDirectory(const std::string& directory);

class EtcdGateway {
 public:
  // Each request gets patience_ms, and all of them end with `deadline`, which outlives this.
  EtcdGateway(const shmflake_store_target& target, const shmflake_store_host& host,
              const EtcdDeadline& deadline, std::int64_t patience_ms);

  // The token for what follows; nothing where no user is given. To be called first.
  EtcdResult Authenticate();
  // Linearizable: sees every write that was answered before.
  EtcdResult Read(const std::string& key, EtcdValue* found);
  // Does all of it if every key is still as it was seen; else none, and *written is false. When it
  // fails with UNAVAILABLE or TIMED_OUT, it may have written, or may do so yet: only a new read can
  // tell.
  EtcdResult Commit(const EtcdTransaction& transaction, bool* written);
  // Whether all keys that begin with `directory`, which ends in '/', may be read, and it may be
  // written. Writes nothing.
  EtcdResult CheckAccess(const std::string& directory);

  // Any request in etcd's JSON, and its answer: SCHEMA unless that has the header that all answers of
  // etcd's have. It takes at most most_ms.
  EtcdResult AskStore(const std::string& path, const nlohmann::json& request,
                      nlohmann::json* answer,
                      std::int64_t most_ms = std::numeric_limits<std::int64_t>::max());
  // The error for an answer that has that header, but not what was asked for.
  [[nodiscard]] EtcdResult NotUnderstood(const nlohmann::json& answer) const;
  // The server's clock at its last answer, to the second; 0 where the answer did not say.
  [[nodiscard]] std::int64_t server_unix_ms() const { return server_unix_ms_; }

 private:
  // What is wrong with an answer, without the password, which the server may have repeated.
  [[nodiscard]] EtcdResult Explain(EtcdAnswer answer) const;
  EtcdResult Ask(const std::string& path, const nlohmann::json& request, nlohmann::json* answer,
                 std::int64_t most_ms = std::numeric_limits<std::int64_t>::max());

  const shmflake_store_target& target_;
  const EtcdDeadline& deadline_;
  const std::int64_t patience_ms_;
  EtcdConnection connection_;
  std::string token_;
  std::int64_t server_unix_ms_ = 0;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_GATEWAY_H_
