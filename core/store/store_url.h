// SPDX-License-Identifier: Apache-2.0
// Where a store is, as people write it. Pure but for ReadPassword.
//
//   sqlite:                        the default file in the state directory
//   sqlite:/path/to/file.db
//   mysql://[user@]host[:port]/database[?key=value&...]
//   postgres://...                 the same; hosts may be a list: a:5432,b:5432
//   etcd://...                     the same; the path is the key prefix
//   mysql:///database?socket=/run/mysqld/mysqld.sock
//
// Keys: table, socket, password_file, tls (off, require, verify), tls_ca, tls_cert, tls_key,
// convention (shmflake, leaf). Percent-encoded where need be (RFC 3986). A password in the URL is
// refused: URLs end up in logs and process lists.
#ifndef SHMFLAKE_CORE_STORE_STORE_URL_H_
#define SHMFLAKE_CORE_STORE_STORE_URL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/segment_plan.h"
#include "core/status.h"

namespace shmflake {

enum class StoreTls : std::uint32_t { kOff = 0, kRequire = 1, kVerify = 2 };

struct StoreHost {
  std::string host;
  std::uint32_t port = 0;  // 0: the store's default
};

struct StoreUrl {
  // In one place: of so many texts each of these is a lot of code.
  StoreUrl();
  StoreUrl(const StoreUrl& other);
  StoreUrl& operator=(StoreUrl&& other) noexcept;
  ~StoreUrl();

  std::string scheme;
  std::string path;  // sqlite only; "" for the default
  std::vector<StoreHost> hosts;
  std::string socket;
  std::string user;
  std::string database;
  std::string table = "id_segments";
  std::string password_file;
  StoreTls tls = StoreTls::kOff;
  std::string tls_ca, tls_cert, tls_key;
  SegmentConvention convention = SegmentConvention::kShmflake;

  // For messages and logs: nothing secret.
  [[nodiscard]] std::string Shown() const;
  // Equal for URLs that mean the same rows; users, TLS and passwords do not count.
  [[nodiscard]] std::uint64_t Fingerprint() const;
};

// STORE_URL with the rule and the value. TLS is off by default on a socket and on this host's
// addresses, verify everywhere else.
Status ParseStoreUrl(std::string_view text, StoreUrl* out);

// The password file's first line, else SHMFLAKE_STORE_PASSWORD, else "". STORE_DENIED when the file
// cannot be read.
Status ReadStorePassword(const StoreUrl& url, std::string* password);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_STORE_URL_H_
