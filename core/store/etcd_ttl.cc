// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_ttl.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "core/store/etcd_json.h"

namespace shmflake {
namespace {

using nlohmann::json;

constexpr char kGrantPath[] = "/v3/lease/grant";
constexpr char kRevokePath[] = "/v3/lease/revoke";
constexpr char kTimeToLivePath[] = "/v3/lease/timetolive";
constexpr std::int64_t kMostSeconds = 9'000'000'000;  // etcd takes no more
constexpr std::int64_t kMostToEndMs = 1000;

}  // namespace

EtcdResult StartEtcdTtl(EtcdGateway* server, std::int64_t ttl_ms, EtcdTtl* started) {
  const std::int64_t seconds =
      std::clamp<std::int64_t>(ttl_ms / 1000 + (ttl_ms % 1000 > 0 ? 1 : 0), 1, kMostSeconds);
  json answer;
  EtcdResult result = server->AskStore(kGrantPath, {{"TTL", std::to_string(seconds)}}, &answer);
  if (!result.ok()) return result;
  started->id = JsonInteger(JsonAt(answer, "ID"));
  const std::int64_t granted = JsonInteger(JsonAt(answer, "TTL"));
  if (started->id <= 0 || granted < seconds) return server->NotUnderstood(answer);
  started->ttl_ms = std::min(granted, kMostSeconds) * 1000;
  return {};
}

void EndEtcdTtl(EtcdGateway* server, std::int64_t id) {
  json answer;
  // Whatever comes of it is right.
  (void)server->AskStore(kRevokePath, {{"ID", std::to_string(id)}}, &answer, kMostToEndMs);
}

EtcdResult ReadEtcdTtl(EtcdGateway* server, std::int64_t id, std::int64_t* left_ms) {
  json answer;
  EtcdResult result = server->AskStore(kTimeToLivePath, {{"ID", std::to_string(id)}}, &answer);
  if (!result.ok()) return result;
  if (JsonInteger(JsonAt(answer, "ID")) != id) return server->NotUnderstood(answer);
  // Whole seconds, rounded down; a gateway leaves out 0; -1 for one that is no more.
  const std::int64_t seconds = std::min(JsonInteger(JsonAt(answer, "TTL")), kMostSeconds);
  *left_ms = seconds <= 0 ? 1 : seconds * 1000;
  return {};
}

}  // namespace shmflake
