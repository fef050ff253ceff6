// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_gateway.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

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
constexpr char kTxnPath[] = "/v3/kv/txn";
constexpr char kAuthenticatePath[] = "/v3/auth/authenticate";
constexpr char kAuthIsOff[] = "authentication is not enabled";

bool Contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// The object's member; null where there is none.
const json& At(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string Text(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

// An integer in either of the forms that gateways give it; 0 for anything else.
std::int64_t Integer(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  std::int64_t integer = 0;
  return ReadInteger(Text(value), &integer) == IntegerRead::kOk ? integer : 0;
}

// A password that is not UTF-8 becomes another one, which the server refuses: dump() would throw.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

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
  std::string words = Text(At(body, "message"));
  if (words.empty()) words = Text(At(body, "error"));
  const std::int64_t grpc_code = Integer(At(body, "code"));
  if (!words.empty() && grpc_code != 0) return {CodeOfRefusal(grpc_code, words), words};

  // A proxy before etcd, or another server.
  EtcdResult result = NotEtcd(answer);
  if (answer.status == 401 || answer.status == 403) result.code = SHMFLAKE_STORE_DENIED;
  if (answer.status == 429 || answer.status >= 500) result.code = SHMFLAKE_STORE_UNAVAILABLE;
  return result;
}

json Compare(const std::string& key64, const char* target, const char* field, const char* relation,
             std::int64_t value) {
  return {{"key", key64}, {"target", target}, {"result", relation}, {field, std::to_string(value)}};
}

json PutIf(json compare, const std::string& key64, const std::string& text) {
  return {{"compare", json::array({std::move(compare)})},
          {"success",
           json::array({{{"request_put", {{"key", key64}, {"value", EncodeBase64(text)}}}}})}};
}

}  // namespace

EtcdGateway::EtcdGateway(const shmflake_store_target& target, const shmflake_store_host& host,
                         const EtcdDeadline& deadline, std::int64_t patience_ms)
    : target_(target), deadline_(deadline), patience_ms_(patience_ms), connection_(target, host) {}

EtcdResult EtcdGateway::Ask(const std::string& path, const json& request, json* answer) {
  EtcdAnswer http;
  const std::int64_t time = std::min(patience_ms_, deadline_.left_ms());
  EtcdResult result = connection_.Post(path, Dump(request), token_, time, &http);
  if (!result.ok()) return result;
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

EtcdResult EtcdGateway::AskStore(const std::string& path, const json& request, json* answer) {
  EtcdResult result = Ask(path, request, answer);
  // Else an empty object would be a missing key.
  if (result.ok() && Integer(At(At(*answer, "header"), "revision")) <= 0) {
    return Explain({200, Dump(*answer)});
  }
  return result;
}

EtcdResult EtcdGateway::Authenticate() {
  if (target_.user[0] == '\0') return {};
  json answer;
  EtcdResult result =
      Ask(kAuthenticatePath, {{"name", target_.user}, {"password", target_.password}}, &answer);
  // As etcd's own client does: a user is no reason not to use a store that is open to all.
  if (Contains(result.message, kAuthIsOff)) return {};
  if (!result.ok()) return result;
  token_ = Text(At(answer, "token"));
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
  const json& values = At(answer, "kvs");
  const bool empty = values.is_null() || (values.is_array() && values.empty());
  if (empty && Integer(At(answer, "count")) == 0) return {};
  const json& value = values.is_array() && values.size() == 1 ? values[0] : json();
  found->mod_revision = Integer(At(value, "mod_revision"));
  if (found->mod_revision <= 0 || Text(At(value, "key")) != key64 ||
      !DecodeBase64(Text(At(value, "value")), &found->text)) {
    return Explain({200, Dump(answer)});
  }
  return {};
}

EtcdResult EtcdGateway::Write(const std::string& key, const EtcdValue& seen,
                              const std::string& text, bool* written) {
  const std::string key64 = EncodeBase64(key);
  // Whatever becomes of this request, and however often it arrives, it is done at most once: it
  // changes the revision that it asks for.
  json unchanged = seen.mod_revision == 0
                       ? Compare(key64, "VERSION", "version", "EQUAL", 0)
                       : Compare(key64, "MOD", "mod_revision", "EQUAL", seen.mod_revision);
  json answer;
  EtcdResult result = AskStore(kTxnPath, PutIf(std::move(unchanged), key64, text), &answer);
  *written = result.ok() && At(answer, "succeeded") == true;
  // Read found etcd here: its answer was lost on the way.
  if (result.code == SHMFLAKE_STORE_SCHEMA) result.code = SHMFLAKE_STORE_UNAVAILABLE;
  if (result.code == SHMFLAKE_STORE_UNAVAILABLE || result.code == SHMFLAKE_STORE_TIMED_OUT) {
    result.message += "; if it wrote all the same, that range is a gap";
  }
  return result;
}

EtcdResult EtcdGateway::CheckAccess(const std::string& key) {
  const std::string key64 = EncodeBase64(key);
  json answer;
  // No version is below 0; the rights are checked before.
  return AskStore(kTxnPath, PutIf(Compare(key64, "VERSION", "version", "LESS", 0), key64, ""),
                  &answer);
}

}  // namespace shmflake
