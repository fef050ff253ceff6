// SPDX-License-Identifier: Apache-2.0
// The plug-in for etcd://: one key a tag, PREFIX/segments/TAG, changed in a transaction that compares
// the key's revision; leases in etcd_lease.h. The steps here; what is around a call, etcd's gateway,
// HTTP and the values in files of their own.
//
// Thread safety: any threads at once. Fork safety: nothing is kept between calls.
#include <curl/curl.h>

#include <cstdint>
#include <string>

#include "core/store/etcd_call.h"
#include "core/store/etcd_document.h"
#include "core/store/etcd_gateway.h"
#include "core/store/etcd_lease.h"
#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

std::string SegmentsOf(const shmflake_store_target& target) {
  return EtcdPrefix(target) + "/segments/";
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
  EtcdTransaction transaction;
  transaction.unchanged.push_back({call.key, seen.mod_revision});
  transaction.puts.push_back({call.key, text});
  result = server->Commit(transaction, written);
  if (IsEtcdOutage(result.code)) {
    result.message += "; if it wrote all the same, that range is a gap";
  }
  return result;
}

int Take(const shmflake_store_target* target, const char* tag, std::int64_t timeout_ms,
         shmflake_store_decide decide, void* context, shmflake_store_error* error) {
  return GuardEtcdCall(target, error, [&] {
    const TakeCall call = {SegmentsOf(*target) + tag, decide, context};
    return TryEtcdHosts(*target, "cannot take a segment of \"" + OneLine(tag, 64) + "\"",
                        timeout_ms, [&](EtcdGateway* server, const EtcdDeadline& deadline) {
                          return RepeatWhileLost(
                              "the key " + call.key, deadline,
                              [&](bool* written) { return TryToTake(server, call, written); });
                        });
  });
}

int Init(const shmflake_store_target* target, std::int64_t timeout_ms,
         shmflake_store_error* error) {
  return GuardEtcdCall(target, error, [&] {
    return TryEtcdHosts(*target, "cannot use the keys under " + EtcdPrefix(*target) + "/",
                        timeout_ms, [&](EtcdGateway* server, const EtcdDeadline& /*deadline*/) {
                          EtcdResult result = server->CheckAccess(SegmentsOf(*target));
                          return result.ok() ? CheckEtcdLeaseAccess(server, *target) : result;
                        });
  });
}

constexpr shmflake_store_plugin kPlugin = {SHMFLAKE_STORE_PLUGIN_VERSION,
                                           0,
                                           "etcd",
                                           "etcd's v3 JSON gateway over libcurl " LIBCURL_VERSION,
                                           &Take,
                                           &Init,
                                           &LeaseInEtcd};

}  // namespace
}  // namespace shmflake

extern "C" __attribute__((visibility("default"))) const shmflake_store_plugin*
shmflake_store_plugin_v2() {
  return &shmflake::kPlugin;
}
