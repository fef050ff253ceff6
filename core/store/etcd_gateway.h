// SPDX-License-Identifier: Apache-2.0
// What one server of etcd is asked, over its v3 JSON gateway (etcd 3.4 and newer).
//
// The gateway's ways: it leaves out what is false, zero or empty; 64-bit integers are texts; keys and
// values are base64; an error is {"error":..,"message":..,"code":..} with a status of HTTP, of which
// newer ones leave out "error".
#ifndef SHMFLAKE_CORE_STORE_ETCD_GATEWAY_H_
#define SHMFLAKE_CORE_STORE_ETCD_GATEWAY_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/store/etcd_http.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// A key as it was read. A revision of 0: there is none.
struct EtcdValue {
  std::int64_t mod_revision = 0;
  std::string text;
};

class EtcdGateway {
 public:
  // Each request gets patience_ms, and all of them end with `deadline`, which outlives this.
  EtcdGateway(const shmflake_store_target& target, const shmflake_store_host& host,
              const EtcdDeadline& deadline, std::int64_t patience_ms);

  // The token for what follows; nothing where no user is given. To be called first.
  EtcdResult Authenticate();
  // Linearizable: sees every write that was answered before.
  EtcdResult Read(const std::string& key, EtcdValue* found);
  // Writes if the key is still as it was seen; else *written is false. When it fails with UNAVAILABLE
  // or TIMED_OUT, it may have written, or may do so yet: only a new Read can tell.
  EtcdResult Write(const std::string& key, const EtcdValue& seen, const std::string& text,
                   bool* written);
  // Whether Read and Write of the key are allowed. Writes nothing.
  EtcdResult CheckAccess(const std::string& key);

 private:
  // What is wrong with an answer, without the password, which the server may have repeated.
  [[nodiscard]] EtcdResult Explain(EtcdAnswer answer) const;
  EtcdResult Ask(const std::string& path, const nlohmann::json& request, nlohmann::json* answer);
  // SCHEMA unless it has the header that all answers of etcd's have.
  EtcdResult AskStore(const std::string& path, const nlohmann::json& request,
                      nlohmann::json* answer);

  const shmflake_store_target& target_;
  const EtcdDeadline& deadline_;
  const std::int64_t patience_ms_;
  EtcdConnection connection_;
  std::string token_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_GATEWAY_H_
