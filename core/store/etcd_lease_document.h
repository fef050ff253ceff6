// SPDX-License-Identifier: Apache-2.0
// The values of the keys that leases have in etcd:
//
//   PREFIX/namespaces/NS         {"v":1,"identity":"0123456789abcdef0123456789abcdef",
//                                 "format":"..."}
//   PREFIX/leases/NS/0000000003  {"v":1,"horizon":"500","base":"400","holder":"-7","owner":"...",
//                                 "region":"...","host":"...","updated_unix_ms":"1700000000000"}
//   PREFIX/holders/NS/0000000003 {"v":1,"holder":"-7","ttl_ms":"10000"}
//
// Numbers of 64 bits are texts, so that no tool rounds them. Persisted: what is written here is never
// changed; another form gets another v. Exactly these fields: one that is not known would be lost with
// the next write, and may be what somebody newer relies on, so it is refused.
//
// Each Parse: SCHEMA for another v, CORRUPT for what is impossible, with the rule and the value.
#ifndef SHMFLAKE_CORE_STORE_ETCD_LEASE_DOCUMENT_H_
#define SHMFLAKE_CORE_STORE_ETCD_LEASE_DOCUMENT_H_

#include <cstdint>
#include <string>

#include "core/store/etcd_text.h"

namespace shmflake {

struct EtcdNamespaceDocument {
  std::string identity;
  std::string format;

  EtcdResult Check() const;
  EtcdResult Parse(const std::string& text);
  [[nodiscard]] std::string Text() const;
};

struct EtcdLeaseDocument {
  std::int64_t horizon = 0;
  std::int64_t base = 0;
  std::int64_t holder = 0;
  std::string owner;
  std::string region;
  std::string host;
  std::int64_t updated_unix_ms = 0;

  EtcdResult Check() const;
  EtcdResult Parse(const std::string& text);
  [[nodiscard]] std::string Text() const;
};

// Its key's presence means that the holder's time to live has not ended.
struct EtcdHolderDocument {
  std::int64_t holder = 0;
  std::int64_t ttl_ms = 0;  // as it was when it began

  EtcdResult Parse(const std::string& text);
  [[nodiscard]] std::string Text() const;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_LEASE_DOCUMENT_H_
