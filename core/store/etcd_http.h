// SPDX-License-Identifier: Apache-2.0
// One server's HTTP connection over libcurl: POST a body, get the answer, within a time.
//
// Thread safety: a connection is used by one thread; any number of connections at once.
#ifndef SHMFLAKE_CORE_STORE_ETCD_HTTP_H_
#define SHMFLAKE_CORE_STORE_ETCD_HTTP_H_

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

inline constexpr std::uint32_t kEtcdPort = 2379;  // where the URL has none

// The time that a call has. Its clock does not jump.
class EtcdDeadline {
 public:
  explicit EtcdDeadline(std::int64_t timeout_ms);
  [[nodiscard]] std::int64_t left_ms() const;  // never negative

 private:
  std::chrono::steady_clock::time_point end_;
};

// libcurl's list of strings.
class CurlList {
 public:
  CurlList() = default;
  ~CurlList() { curl_slist_free_all(list_); }
  CurlList(const CurlList&) = delete;
  CurlList& operator=(const CurlList&) = delete;

  [[nodiscard]] bool Add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) return false;
    list_ = longer;
    return true;
  }
  [[nodiscard]] curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

struct EtcdAnswer {
  long status = 0;  // of HTTP
  std::string body;
  std::int64_t unix_ms = 0;  // the server's clock, as the answer dates itself; 0: it does not
};

class EtcdConnection {
 public:
  // Connects with the first Post. `target` outlives it.
  EtcdConnection(const shmflake_store_target& target, const shmflake_store_host& host);
  EtcdConnection(const EtcdConnection&) = delete;
  EtcdConnection& operator=(const EtcdConnection&) = delete;

  // Any answer of HTTP is OK. UNAVAILABLE and TIMED_OUT: the server may have got the request, and may
  // have done it. SCHEMA: not HTTP, or an answer without end. DENIED: a certificate.
  EtcdResult Post(const std::string& path, const std::string& body, const std::string& token,
                  std::int64_t timeout_ms, EtcdAnswer* answer);

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
  };

  template <typename T>
  void Set(CURLoption option, T value) {
    if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) options_set_ = false;
  }
  void SetUp(const shmflake_store_target& target, const shmflake_store_host& host);
  void SetTls(const shmflake_store_target& target);
  EtcdResult LookUp(std::int64_t timeout_ms);
  EtcdResult Failure(CURLcode error);

  std::string host_;
  std::string port_;
  CurlList resolved_;
  bool looked_up_ = false;
  std::array<char, CURL_ERROR_SIZE> words_{};
  std::array<char, CURL_ERROR_SIZE>
      alert_{};  // how the server ended TLS; libcurl tells only debuggers
  std::unique_ptr<CURLU, FreeUrl> url_;
  std::unique_ptr<CURL, FreeEasy> easy_;  // refers to what stands above it
  bool options_set_ = true;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_HTTP_H_
