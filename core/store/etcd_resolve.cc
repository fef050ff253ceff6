// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_resolve.h"

#include <netdb.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace shmflake {
namespace {

// The calling thread's resolver asks each name server once and waits no longer than given.
class ResolverLimit {
 public:
  explicit ResolverLimit(std::int64_t timeout_ms) : state_(&_res) {
    set_ = (state_->options & RES_INIT) != 0 || res_ninit(state_) == 0;
    if (!set_) return;
    seconds_ = state_->retrans;
    tries_ = state_->retry;
    const auto limit = static_cast<int>(std::clamp<std::int64_t>(timeout_ms / 1000, 1, 30));
    state_->retrans = std::min(seconds_, limit);
    state_->retry = 1;
  }
  ~ResolverLimit() {
    if (!set_) return;
    state_->retrans = seconds_;
    state_->retry = tries_;
  }
  ResolverLimit(const ResolverLimit&) = delete;
  ResolverLimit& operator=(const ResolverLimit&) = delete;

 private:
  res_state state_;
  bool set_ = false;
  int seconds_ = 0;
  int tries_ = 0;
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

}  // namespace

EtcdResult ResolveEtcdHost(const std::string& host, std::int64_t timeout_ms,
                           std::string* addresses) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = 0;
  int system_error = 0;
  {
    const ResolverLimit limit(timeout_ms);
    error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    system_error = errno;
  }
  if (error != 0) {
    return {SHMFLAKE_STORE_UNAVAILABLE,
            "its address is not known: " + (error == EAI_SYSTEM
                                                ? std::generic_category().message(system_error)
                                                : std::string(gai_strerror(error)))};
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  addresses->clear();
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    if (!addresses->empty()) *addresses += ",";
    *addresses += one->ai_family == AF_INET6 ? "[" + std::string(text) + "]" : text;
  }
  return addresses->empty()
             ? EtcdResult{SHMFLAKE_STORE_UNAVAILABLE, "its address is not known: it has none"}
             : EtcdResult{};
}

}  // namespace shmflake
