// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_ranges.h"

#include <nlohmann/json.hpp>

#include "core/store/etcd_json.h"

namespace shmflake {
namespace {

using nlohmann::json;

// The longest keys and documents that a lease has make some 1300 bytes in an answer: a page of them,
// and one of their holders, stay below the largest answer that is taken.
constexpr std::int64_t kPage = 256;

// What is left to be read of a range.
struct Rest {
  EtcdRange* range = nullptr;
  std::string from;
};

json RangeRequest(const Rest& rest, std::int64_t revision) {
  json request = {{"key", EncodeBase64(rest.from)}, {"limit", std::to_string(kPage)}};
  if (!rest.range->end.empty()) request["range_end"] = EncodeBase64(rest.range->end);
  if (revision != 0) request["revision"] = std::to_string(revision);
  return {{"request_range", std::move(request)}};
}

bool IsAsked(const Rest& rest, const std::string& key) {
  return rest.range->end.empty() ? key == rest.from : key >= rest.from && key < rest.range->end;
}

// Appends a page to what was found, and moves on; false when the answer cannot be that of etcd.
bool AddPage(const json& page, Rest* rest, bool* more) {
  if (!page.is_object()) return false;
  const json& keys = JsonAt(page, "kvs");
  if (!keys.is_null() && !keys.is_array()) return false;
  // Nothing, and not because there is nothing.
  if (keys.empty() && JsonInteger(JsonAt(page, "count")) != 0) return false;
  for (const json& one : keys) {
    EtcdKey found;
    found.mod_revision = JsonInteger(JsonAt(one, "mod_revision"));
    found.ttl_id = JsonInteger(JsonAt(one, "lease"));
    if (found.mod_revision <= 0 || !DecodeBase64(JsonText(JsonAt(one, "key")), &found.key) ||
        !DecodeBase64(JsonText(JsonAt(one, "value")), &found.text) || !IsAsked(*rest, found.key)) {
      return false;
    }
    rest->from = found.key + '\0';
    rest->range->found.push_back(std::move(found));
  }
  *more = JsonAt(page, "more") == true;
  return !*more || !keys.empty();
}

}  // namespace

EtcdResult ReadEtcdRanges(EtcdGateway* server, std::vector<EtcdRange>* ranges) {
  std::vector<Rest> rests;
  for (EtcdRange& range : *ranges) {
    range.found.clear();
    rests.push_back({&range, range.begin});
  }
  std::int64_t revision = 0;  // the newest
  while (!rests.empty()) {
    json requests = json::array();
    for (const Rest& rest : rests) requests.push_back(RangeRequest(rest, revision));
    json answer;
    EtcdResult result = server->AskStore(kEtcdTxnPath, {{"success", std::move(requests)}}, &answer);
    if (!result.ok()) return result;
    const json& responses = JsonAt(answer, "responses");
    // Else what is no answer would be an empty store.
    if (JsonAt(answer, "succeeded") != true || !responses.is_array() ||
        responses.size() != rests.size()) {
      return server->NotUnderstood(answer);
    }
    std::vector<Rest> unfinished;
    for (std::size_t i = 0; i < rests.size(); ++i) {
      bool more = false;
      if (!AddPage(JsonAt(responses[i], "response_range"), &rests[i], &more)) {
        return server->NotUnderstood(answer);
      }
      if (more) unfinished.push_back(rests[i]);
    }
    rests = std::move(unfinished);
    if (revision == 0) revision = JsonInteger(JsonAt(JsonAt(answer, "header"), "revision"));
  }
  return {};
}

}  // namespace shmflake
