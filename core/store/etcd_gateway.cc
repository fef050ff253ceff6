// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_gateway.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/store/etcd_json.h"

namespace shmflake {
namespace {

using nlohmann::json;

// gRPC's codes, as far as they matter here.
enum GrpcCode : std::int64_t {
  kInvalidArgument = 3,
  kNotFound = 5,
  kPermissionDenied = 7,
  kFailedPrecondition = 9,
  kUnimplemented = 12,
  kUnauthenticated = 16
};

constexpr char kRangePath[] = "/v3/kv/range";
constexpr char kAuthenticatePath[] = "/v3/auth/authenticate";
constexpr char kAuthIsOff[] = "authentication is not enabled";

EtcdResult NotEtcd(const EtcdAnswer& answer) {
  return {SHMFLAKE_STORE_SCHEMA, "this is no answer of etcd's v3 gateway: HTTP status " +
                                     std::to_string(answer.status) + " with " +
                                     Excerpt(answer.body)};
}

int CodeOfRefusal(std::int64_t grpc_code, std::string_view words) {
  // Passes by itself: each call gets a new token.
  if (Contains(words, "auth store is old") || Contains(words, "invalid auth token")) {
    return SHMFLAKE_STORE_UNAVAILABLE;
  }
  switch (grpc_code) {
    case kPermissionDenied:
    case kUnauthenticated:
      return SHMFLAKE_STORE_DENIED;
    case kInvalidArgument:
    case kFailedPrecondition:
      return Contains(words, "auth") || Contains(words, "user") || Contains(words, "password")
                 ? SHMFLAKE_STORE_DENIED
                 : SHMFLAKE_STORE_SCHEMA;
    case kNotFound:
    case kUnimplemented:
      return SHMFLAKE_STORE_SCHEMA;
    default:
      return SHMFLAKE_STORE_UNAVAILABLE;
  }
}

// The reason of an answer whose status is not 200.
EtcdResult Refusal(const EtcdAnswer& answer) {
  const json body = json::parse(answer.body, nullptr, false);
  std::string words = JsonText(JsonAt(body, "message"));
  if (words.empty()) words = JsonText(JsonAt(body, "error"));
  const std::int64_t grpc_code = JsonInteger(JsonAt(body, "code"));
  if (!words.empty() && grpc_code != 0) return {CodeOfRefusal(grpc_code, words), words};

  // A proxy before etcd, or another server.
  EtcdResult result = NotEtcd(answer);
  if (answer.status == 401 || answer.status == 403) result.code = SHMFLAKE_STORE_DENIED;
  if (answer.status == 429 || answer.status >= 500) result.code = SHMFLAKE_STORE_UNAVAILABLE;
  return result;
}

// Holds where the key is still as it was read.
json Unchanged(const EtcdSeen& seen) {
  const std::string key64 = EncodeBase64(seen.key);
  if (seen.mod_revision == 0) {
    return {{"key", key64}, {"target", "VERSION"}, {"result", "EQUAL"}, {"version", "0"}};
  }
  return {{"key", key64},
          {"target", "MOD"},
          {"result", "EQUAL"},
          {"mod_revision", std::to_string(seen.mod_revision)}};
}

json PutRequest(const EtcdPut& put) {
  json request = {{"key", EncodeBase64(put.key)}, {"value", EncodeBase64(put.text)}};
  if (put.ttl_id != 0) request["lease"] = std::to_string(put.ttl_id);
  return {{"request_put", std::move(request)}};
}

}  // namespace

std::string EndOfEtcdDirectory(const std::string& directory) {
  return directory.substr(0, directory.size() - 1) + static_cast<char>('/' + 1);
}

EtcdGateway::EtcdGateway(const shmflake_store_target& target, const shmflake_store_host& host,
                         const EtcdDeadline& deadline, std::int64_t patience_ms)
    : target_(target), deadline_(deadline), patience_ms_(patience_ms), connection_(target, host) {}

EtcdResult EtcdGateway::Ask(const std::string& path, const json& request, json* answer,
                            std::int64_t most_ms) {
  EtcdAnswer http;
  const std::int64_t time = std::min({patience_ms_, deadline_.left_ms(), most_ms});
  EtcdResult result = connection_.Post(path, DumpJson(request), token_, time, &http);
  if (!result.ok()) return result;
  server_unix_ms_ = http.unix_ms;
  if (http.status == 200) *answer = json::parse(http.body, nullptr, false);
  return answer->is_object() ? EtcdResult{} : Explain(std::move(http));
}

EtcdResult EtcdGateway::Explain(EtcdAnswer answer) const {
  // Before anything is cut: half a password is too much as well.
  Redact(target_.password, &answer.body);
  Redact(token_, &answer.body);
  EtcdResult result = answer.status == 200 ? NotEtcd(answer) : Refusal(answer);
  Redact(target_.password, &result.message);
  Redact(token_, &result.message);
  return result;
}

EtcdResult EtcdGateway::AskStore(const std::string& path, const json& request, json* answer,
                                 std::int64_t most_ms) {
  EtcdResult result = Ask(path, request, answer, most_ms);
  // Else an empty object would be a missing key.
  if (result.ok() && JsonInteger(JsonAt(JsonAt(*answer, "header"), "revision")) <= 0) {
    return NotUnderstood(*answer);
  }
  return result;
}

EtcdResult EtcdGateway::NotUnderstood(const json& answer) const {
  return Explain({200, DumpJson(answer)});
}

EtcdResult EtcdGateway::Authenticate() {
  if (target_.user[0] == '\0') return {};
  json answer;
  EtcdResult result =
      Ask(kAuthenticatePath, {{"name", target_.user}, {"password", target_.password}}, &answer);
  // As etcd's own client does: a user is no reason not to use a store that is open to all.
  if (Contains(result.message, kAuthIsOff)) return {};
  if (!result.ok()) return result;
  token_ = JsonText(JsonAt(answer, "token"));
  if (token_.empty() || Contains(token_, "\r") || Contains(token_, "\n")) {
    return {SHMFLAKE_STORE_SCHEMA, "it answers a user's password without a token"};
  }
  return {};
}

EtcdResult EtcdGateway::Read(const std::string& key, EtcdValue* found) {
  const std::string key64 = EncodeBase64(key);
  json answer;
  EtcdResult result = AskStore(kRangePath, {{"key", key64}}, &answer);
  if (!result.ok()) return result;
  *found = EtcdValue();
  const json& values = JsonAt(answer, "kvs");
  const bool empty = values.is_null() || (values.is_array() && values.empty());
  if (empty && JsonInteger(JsonAt(answer, "count")) == 0) return {};
  const json& value = values.is_array() && values.size() == 1 ? values[0] : json();
  found->mod_revision = JsonInteger(JsonAt(value, "mod_revision"));
  if (found->mod_revision <= 0 || JsonText(JsonAt(value, "key")) != key64 ||
      !DecodeBase64(JsonText(JsonAt(value, "value")), &found->text)) {
    return NotUnderstood(answer);
  }
  return {};
}

EtcdResult EtcdGateway::Commit(const EtcdTransaction& transaction, bool* written) {
  // Whatever becomes of this request, and however often it arrives, it is done at most once: it
  // changes the revisions that it asks for.
  json compare = json::array();
  for (const EtcdSeen& seen : transaction.unchanged) compare.push_back(Unchanged(seen));
  json success = json::array();
  for (const EtcdPut& put : transaction.puts) success.push_back(PutRequest(put));
  for (const std::string& key : transaction.deletes) {
    success.push_back({{"request_delete_range", {{"key", EncodeBase64(key)}}}});
  }
  json answer;
  EtcdResult result = AskStore(
      kEtcdTxnPath, {{"compare", std::move(compare)}, {"success", std::move(success)}}, &answer);
  *written = result.ok() && JsonAt(answer, "succeeded") == true;
  // A read found etcd here: its answer was lost on the way.
  if (result.code == SHMFLAKE_STORE_SCHEMA) result.code = SHMFLAKE_STORE_UNAVAILABLE;
  return result;
}

EtcdResult EtcdGateway::CheckAccess(const std::string& directory) {
  const std::string key64 = EncodeBase64(directory);
  // No version is below 0; the rights are checked before.
  const json never = {{"key", key64}, {"target", "VERSION"}, {"result", "LESS"}, {"version", "0"}};
  const json read = {{"request_range",
                      {{"key", key64},
                       {"range_end", EncodeBase64(EndOfEtcdDirectory(directory))},
                       {"count_only", true}}}};
  const json request = {{"compare", json::array({never})},
                        {"success", json::array({PutRequest({directory, ""}), read})}};
  json answer;
  EtcdResult result = AskStore(kEtcdTxnPath, request, &answer);
  if (!result.ok()) result.message = directory + ": " + result.message;
  return result;
}

}  // namespace shmflake
