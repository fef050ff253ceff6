// SPDX-License-Identifier: Apache-2.0
// The plug-in for etcd://: one key a tag, PREFIX/segments/TAG, changed in a transaction that compares
// the key's revision. The steps here; etcd's gateway, HTTP and the value in files of their own.
//
// Thread safety: any threads at once. Fork safety: nothing is kept between calls.
#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/store/etcd_document.h"
#include "core/store/etcd_gateway.h"
#include "core/store/etcd_http.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

constexpr char kDefaultPrefix[] = "shmflake";
constexpr shmflake_store_host kDefaultHost = {"127.0.0.1", 0};
constexpr std::uint32_t kDefaultPort = 2379;
constexpr std::int64_t kLongestPauseMs = 64;
constexpr std::int64_t kAlmostNothingMs = 2;
constexpr std::size_t kShortestWords = 40;

std::string KeyOf(const shmflake_store_target& target, std::string_view tag) {
  const std::string prefix = target.database[0] == '\0' ? kDefaultPrefix : target.database;
  return prefix + "/segments/" + std::string(tag);
}

std::string ShownHost(const shmflake_store_target& target, const shmflake_store_host& host) {
  if (target.socket[0] != '\0') return target.socket;
  const std::string_view name = host.host;
  const bool v6 = name.find(':') != std::string_view::npos;
  return (v6 ? "[" : "") + std::string(name) + (v6 ? "]:" : ":") +
         std::to_string(host.port == 0 ? kDefaultPort : host.port);
}

// Sleeps longer the more often the race was lost, so that some of many get through. False when the
// time is up.
bool PauseAfterRace(int races, const EtcdDeadline& deadline) {
  const std::int64_t most = std::min(kLongestPauseMs, std::int64_t{1} << std::min(races, 6));
  // What differs between processes and needs no state: the clock's last digits.
  const std::int64_t pause =
      std::chrono::steady_clock::now().time_since_epoch().count() % (most + 1);
  if (pause >= deadline.left_ms()) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(pause));
  return true;
}

struct TakeCall {
  std::string key;
  shmflake_store_decide decide;
  void* context;
};

// One try; *written is false when somebody else was quicker.
EtcdResult TryToTake(EtcdGateway* server, const TakeCall& call, bool* written) {
  *written = false;
  EtcdValue seen;
  EtcdResult result = server->Read(call.key, &seen);
  if (!result.ok()) return result;
  const bool exists = seen.mod_revision != 0;
  EtcdDocument document;
  if (exists) {
    result = EtcdDocument::Parse(seen.text, &document);
    if (!result.ok()) return {result.code, "the key " + call.key + ": " + result.message};
  }
  shmflake_store_row write{};
  if (call.decide(call.context, exists ? &document.row() : nullptr, &write) != 0) {
    return {SHMFLAKE_STORE_DECLINED, ""};
  }
  const std::string text =
      exists ? document.WithMaxId(write.max_id) : EtcdDocument::OfNewRow(write);
  return server->Write(call.key, seen, text, written);
}

EtcdResult TakeFrom(EtcdGateway* server, const TakeCall& call, const EtcdDeadline& deadline) {
  for (int races = 0;; ++races) {
    bool written = false;
    EtcdResult result = TryToTake(server, call, &written);
    if (written) return result;
    // A time that ran out in a later try went to the others, not to the server.
    const bool out_of_time = result.code == SHMFLAKE_STORE_TIMED_OUT && races > 0 &&
                             deadline.left_ms() <= kAlmostNothingMs;
    if (!result.ok() && !out_of_time) return result;
    if (out_of_time || !PauseAfterRace(races, deadline)) {
      return {SHMFLAKE_STORE_LOCKED, "others kept changing the key " + call.key +
                                         " until the time was up (races lost: " +
                                         std::to_string(races + (out_of_time ? 0 : 1)) + ")"};
    }
  }
}

using Work = std::function<EtcdResult(EtcdGateway*, const EtcdDeadline&)>;

bool MayAnotherHostDo(int code) {
  return code == SHMFLAKE_STORE_UNAVAILABLE || code == SHMFLAKE_STORE_TIMED_OUT;
}

// Every failure is named, each in its part of the room that an error has.
std::string Join(const std::string& start, const std::vector<std::string>& failures) {
  const std::size_t room = sizeof(shmflake_store_error::message) - 1;
  const std::size_t each = start.size() >= room ? 0 : (room - start.size()) / failures.size();
  std::string joined = start;
  for (const std::string& failure : failures) {
    const char* separator = &failure == failures.data() ? "" : "; ";
    joined += separator + OneLine(failure, std::max(each, kShortestWords + 2) - 2);
  }
  return joined;
}

// Asks the hosts in order, each from the beginning, until one gives an answer that the others would
// give, too. After a write of unknown outcome that is right as well: the next host's read sees it, or
// its write excludes it.
EtcdResult TryHosts(const shmflake_store_target& target, const std::string& what,
                    std::int64_t timeout_ms, const Work& work) {
  const EtcdDeadline deadline(timeout_ms);
  std::vector<shmflake_store_host> hosts(target.hosts, target.hosts + target.host_count);
  if (hosts.empty() || target.socket[0] != '\0') hosts = {kDefaultHost};
  EtcdResult result;
  std::vector<std::string> failures;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    // One that accepts and never answers must leave time for the others.
    const auto patience = deadline.left_ms() / static_cast<std::int64_t>(hosts.size() - i);
    EtcdGateway server(target, hosts[i], deadline, patience);
    result = server.Authenticate();
    if (result.ok()) result = work(&server, deadline);
    if (result.ok() || result.code == SHMFLAKE_STORE_DECLINED) return result;
    failures.push_back(ShownHost(target, hosts[i]) + ": " + result.message);
    if (!MayAnotherHostDo(result.code)) break;
  }
  std::string start = std::string(target.shown) + ": ";
  if (result.code == SHMFLAKE_STORE_TIMED_OUT) {
    start += "did not answer within " + std::to_string(timeout_ms) + " ms: ";
  }
  return {result.code, Join(start + what + ": ", failures)};
}

// Runs a call. No exception crosses into C; what one says is not told: it might quote a password.
template <typename Call>
int Guarded(const shmflake_store_target* target, shmflake_store_error* error, const Call& call) {
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

int Take(const shmflake_store_target* target, const char* tag, std::int64_t timeout_ms,
         shmflake_store_decide decide, void* context, shmflake_store_error* error) {
  return Guarded(target, error, [&] {
    const TakeCall call = {KeyOf(*target, tag), decide, context};
    return TryHosts(*target, "cannot take a segment of \"" + OneLine(tag, 64) + "\"", timeout_ms,
                    [&](EtcdGateway* server, const EtcdDeadline& deadline) {
                      return TakeFrom(server, call, deadline);
                    });
  });
}

int Init(const shmflake_store_target* target, std::int64_t timeout_ms,
         shmflake_store_error* error) {
  return Guarded(target, error, [&] {
    const std::string key = KeyOf(*target, "");
    return TryHosts(*target, "cannot use the keys under " + key, timeout_ms,
                    [&](EtcdGateway* server, const EtcdDeadline& /*deadline*/) {
                      return server->CheckAccess(key);
                    });
  });
}

constexpr shmflake_store_plugin kPlugin = {SHMFLAKE_STORE_PLUGIN_VERSION,
                                           0,
                                           "etcd",
                                           "etcd's v3 JSON gateway over libcurl " LIBCURL_VERSION,
                                           &Take,
                                           &Init,
                                           nullptr};

}  // namespace
}  // namespace shmflake

extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_store_plugin_v2() {
  return &shmflake::kPlugin;
}
