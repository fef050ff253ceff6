// SPDX-License-Identifier: Apache-2.0
#include "core/store/plugin_support.h"

#include <netdb.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

namespace shmflake {
namespace {

// Lets this thread's lookups ask each name server once, for no longer than given.
class ResolverLimit {
 public:
  explicit ResolverLimit(std::int64_t timeout_ms) : state_(&_res) {
    is_set_ = (state_->options & RES_INIT) != 0 || res_ninit(state_) == 0;
    if (!is_set_) return;
    seconds_ = state_->retrans;
    tries_ = state_->retry;
    const auto limit = static_cast<int>(std::clamp<std::int64_t>(timeout_ms / 1000, 1, 30));
    state_->retrans = std::min(seconds_, limit);
    state_->retry = 1;
  }
  ResolverLimit(const ResolverLimit&) = delete;
  ResolverLimit& operator=(const ResolverLimit&) = delete;
  ~ResolverLimit() {
    if (!is_set_) return;
    state_->retrans = seconds_;
    state_->retry = tries_;
  }

 private:
  res_state state_;
  bool is_set_ = false;
  int seconds_ = 0;
  int tries_ = 0;
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

}  // namespace

IntegerText ReadInteger(std::string_view text, std::int64_t* value) {
  std::int64_t read = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, read);
  if (stop != end || error == std::errc::invalid_argument) return IntegerText::kOther;
  if (error != std::errc()) return IntegerText::kOutOfRange;
  *value = read;
  return IntegerText::kInteger;
}

std::vector<std::string> LookUpHost(const std::string& host, std::int64_t timeout_ms,
                                    std::string* words) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  addrinfo* found = nullptr;
  int error = 0;
  int system_error = 0;
  {
    const ResolverLimit limit(timeout_ms);
    error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    system_error = errno;
  }
  if (error != 0) {
    *words = error == EAI_SYSTEM ? std::generic_category().message(system_error)
                                 : std::string(gai_strerror(error));
    return {};
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  if (addresses.empty()) *words = "it has none";
  return addresses;
}

}  // namespace shmflake
