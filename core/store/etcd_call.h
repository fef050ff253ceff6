// SPDX-License-Identifier: Apache-2.0
// What every call of the plug-in for etcd has around its work: the hosts in turn, races that are lost,
// and no exception that crosses into C.
#ifndef SHMFLAKE_CORE_STORE_ETCD_CALL_H_
#define SHMFLAKE_CORE_STORE_ETCD_CALL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/store/etcd_gateway.h"
#include "core/store/etcd_http.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

// What all keys begin with, without a '/' at its end.
[[nodiscard]] std::string EtcdPrefix(const shmflake_store_target& target);

// Whether the next host may have a better answer. After a write: whether its outcome is unknown.
[[nodiscard]] bool IsEtcdOutage(int code);

// Asks the hosts in order, each from the beginning, until one gives an answer that the others would
// give, too. After a write of unknown outcome that is right as well: the next host's read sees it, or
// its write excludes it. `what` is what cannot be done, for a message.
using EtcdWork = std::function<EtcdResult(EtcdGateway*, const EtcdDeadline&)>;
EtcdResult TryEtcdHosts(const shmflake_store_target& target, const std::string& what,
                        std::int64_t timeout_ms, const EtcdWork& work);

// Repeats an attempt that somebody else was quicker than (it is OK, but *written is false): LOCKED
// when the time is up. `contested` is what others changed, for a message.
using EtcdAttempt = std::function<EtcdResult(bool* written)>;
EtcdResult RepeatWhileLost(const std::string& contested, const EtcdDeadline& deadline,
                           const EtcdAttempt& attempt);

// Runs a call. No exception crosses into C; what one says is not told: it might quote a password.
template <typename Call>
int GuardEtcdCall(const shmflake_store_target* target, shmflake_store_error* error,
                  const Call& call) {
  try {
    EtcdResult result = {SHMFLAKE_STORE_UNAVAILABLE,
                         "the plug-in for etcd is newer than the library"};
    if (target->struct_size >= sizeof(*target)) result = call();
    if (result.ok() || result.code == SHMFLAKE_STORE_DECLINED) return result.code;
    const std::string message = OneLine(result.message, sizeof(error->message) - 1);
    error->message[message.copy(error->message, sizeof(error->message) - 1)] = '\0';
    return result.code;
  } catch (...) {
    constexpr std::string_view kMessage = "the plug-in for etcd ran out of memory";
    error->message[kMessage.copy(error->message, kMessage.size())] = '\0';
    return SHMFLAKE_STORE_UNAVAILABLE;
  }
}

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_CALL_H_
