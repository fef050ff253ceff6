// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_call.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace shmflake {
namespace {

constexpr char kDefaultPrefix[] = "shmflake";
constexpr shmflake_store_host kDefaultHost = {"127.0.0.1", 0};
constexpr std::int64_t kLongestPauseMs = 64;
constexpr std::int64_t kAlmostNothingMs = 2;
constexpr std::size_t kShortestWords = 40;

std::string ShownHost(const shmflake_store_target& target, const shmflake_store_host& host) {
  if (target.socket[0] != '\0') return target.socket;
  const std::string_view name = host.host;
  const bool v6 = name.find(':') != std::string_view::npos;
  return (v6 ? "[" : "") + std::string(name) + (v6 ? "]:" : ":") +
         std::to_string(host.port == 0 ? kEtcdPort : host.port);
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

}  // namespace

std::string EtcdPrefix(const shmflake_store_target& target) {
  return target.database[0] == '\0' ? kDefaultPrefix : target.database;
}

bool IsEtcdOutage(int code) {
  return code == SHMFLAKE_STORE_UNAVAILABLE || code == SHMFLAKE_STORE_TIMED_OUT;
}

EtcdResult TryEtcdHosts(const shmflake_store_target& target, const std::string& what,
                        std::int64_t timeout_ms, const EtcdWork& work) {
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
    if (!IsEtcdOutage(result.code)) break;
  }
  std::string start = std::string(target.shown) + ": ";
  if (result.code == SHMFLAKE_STORE_TIMED_OUT) {
    start += "did not answer within " + std::to_string(timeout_ms) + " ms: ";
  }
  return {result.code, Join(start + what + ": ", failures)};
}

EtcdResult RepeatWhileLost(const std::string& contested, const EtcdDeadline& deadline,
                           const EtcdAttempt& attempt) {
  for (int races = 0;; ++races) {
    bool written = false;
    EtcdResult result = attempt(&written);
    if (written) return result;
    // A time that ran out in a later try went to the others, not to the server.
    const bool out_of_time = result.code == SHMFLAKE_STORE_TIMED_OUT && races > 0 &&
                             deadline.left_ms() <= kAlmostNothingMs;
    if (!result.ok() && !out_of_time) return result;
    if (out_of_time || !PauseAfterRace(races, deadline)) {
      return {SHMFLAKE_STORE_LOCKED, "others kept changing " + contested +
                                         " until the time was up (races lost: " +
                                         std::to_string(races + (out_of_time ? 0 : 1)) + ")"};
    }
  }
}

}  // namespace shmflake
