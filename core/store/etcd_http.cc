// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_http.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/store/plugin_support.h"

namespace shmflake {
namespace {

constexpr std::int64_t kLongestTimeout = 24LL * 60 * 60 * 1000;
// etcd itself takes no request above 1.5 MiB, and a row is some 50 bytes.
constexpr std::size_t kLargestAnswer = std::size_t{1} << 20;
constexpr std::size_t kLargestHeaders = std::size_t{1} << 16;

// Once a process, and never undone: others in the process may use libcurl, too.
bool IsCurlReady() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

// What is received in one answer. A server may send headers, too, without end.
struct Received {
  std::string body;
  std::size_t header_bytes = 0;
  std::string date;
};

// libcurl's callbacks: another return value than the size ends the transfer.
std::size_t OnBody(char* data, std::size_t unit, std::size_t count, void* received) {
  std::string& body = static_cast<Received*>(received)->body;
  if (body.size() + unit * count > kLargestAnswer) return 0;
  try {
    body.append(data, unit * count);
  } catch (...) {
    return 0;
  }
  return unit * count;
}

std::size_t OnHeader(char* data, std::size_t unit, std::size_t count, void* to) {
  auto* received = static_cast<Received*>(to);
  received->header_bytes += unit * count;
  if (received->header_bytes > kLargestHeaders) return 0;
  const std::string_view line(data, unit * count);
  constexpr std::string_view kDate = "date:";
  try {
    if (curl_strnequal(data, kDate.data(), std::min(line.size(), kDate.size())) != 0 &&
        line.size() > kDate.size()) {
      received->date = line.substr(kDate.size());
    }
  } catch (...) {
    return 0;
  }
  return unit * count;
}

// Keeps the line with the server's alert: another failure of the same moment may hide it, and where
// the server has hung up, it is read only as the connection is closed.
int OnDebug(CURL* /*easy*/, curl_infotype type, char* data, std::size_t size, void* alert) {
  std::string_view line(data, size);
  const bool received = Contains(line, "(IN), TLS alert, ") && !Contains(line, "close notify");
  if (type == CURLINFO_TEXT &&
      (received || (Contains(line, "SSL routines") && Contains(line, "alert")))) {
    // A fatal alert (2) of number 116, which OpenSSL 3.0 calls "unknown" in this line.
    if (received && Contains(line, "(628)")) line = "TLS alert, certificate required";
    auto* to = static_cast<std::array<char, CURL_ERROR_SIZE>*>(alert);
    (*to)[line.copy(to->data(), to->size() - 1)] = '\0';
  }
  return 0;
}

// The server does not like our certificate, or wants one; TLS 1.3 tells it only after the handshake.
bool IsAlertAboutUs(std::string_view words) {
  return Contains(words, "alert") &&
         (Contains(words, "certificate") || Contains(words, "unknown ca") ||
          Contains(words, "unknown CA") || Contains(words, "access denied"));
}

int CodeOf(CURLcode error, std::string_view words) {
  switch (error) {
    case CURLE_OPERATION_TIMEDOUT:
      return SHMFLAKE_STORE_TIMED_OUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return SHMFLAKE_STORE_DENIED;
    case CURLE_WRITE_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:  // what came is not HTTP
    case CURLE_WEIRD_SERVER_REPLY:
      return SHMFLAKE_STORE_SCHEMA;
    default:
      return IsAlertAboutUs(words) ? SHMFLAKE_STORE_DENIED : SHMFLAKE_STORE_UNAVAILABLE;
  }
}

}  // namespace

EtcdDeadline::EtcdDeadline(std::int64_t timeout_ms)
    : end_(std::chrono::steady_clock::now() +
           std::chrono::milliseconds(std::clamp(timeout_ms, std::int64_t{0}, kLongestTimeout))) {}

std::int64_t EtcdDeadline::left_ms() const {
  const auto left = end_ - std::chrono::steady_clock::now();
  return std::max(std::int64_t{0},
                  std::int64_t{std::chrono::ceil<std::chrono::milliseconds>(left).count()});
}

EtcdConnection::EtcdConnection(const shmflake_store_target& target, const shmflake_store_host& host)
    : url_(IsCurlReady() ? curl_url() : nullptr),
      easy_(IsCurlReady() ? curl_easy_init() : nullptr) {
  if (url_ == nullptr || easy_ == nullptr) {
    options_set_ = false;
    return;
  }
  SetUp(target, host);
  SetTls(target);
}

void EtcdConnection::SetUp(const shmflake_store_target& target, const shmflake_store_host& host) {
  const char* scheme = target.tls == SHMFLAKE_TLS_OFF ? "http" : "https";
  std::string name = host.host;
  if (Contains(name, ":") && name[0] != '[') name = "[" + name + "]";  // IPv6
  const std::string port = std::to_string(host.port == 0 ? kEtcdPort : host.port);
  host_ = host.host;
  port_ = port;
  if (curl_url_set(url_.get(), CURLUPART_SCHEME, scheme, 0) != CURLUE_OK ||
      curl_url_set(url_.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url_.get(), CURLUPART_PORT, port.c_str(), 0) != CURLUE_OK) {
    options_set_ = false;
  }
  Set(CURLOPT_CURLU, url_.get());
#if LIBCURL_VERSION_NUM >= 0x075500
  Set(CURLOPT_PROTOCOLS_STR, scheme);
#else
  Set(CURLOPT_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
#endif
  Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(CURLOPT_FOLLOWLOCATION, 0L);  // a redirect would carry the request to who knows where
  Set(CURLOPT_PROXY, "");           // none, whatever the environment says
  Set(CURLOPT_NOSIGNAL, 1L);
  // A connection for each request: where one that was kept turns out to be dead, libcurl would send
  // the request again, unasked, and nobody would know that there were two.
  Set(CURLOPT_FRESH_CONNECT, 1L);
  Set(CURLOPT_FORBID_REUSE, 1L);
  Set(CURLOPT_ERRORBUFFER, words_.data());
  Set(CURLOPT_WRITEFUNCTION, &OnBody);
  Set(CURLOPT_HEADERFUNCTION, &OnHeader);
  if (target.socket[0] != '\0') {
    Set(CURLOPT_UNIX_SOCKET_PATH, target.socket);
    looked_up_ = true;
  }
}

void EtcdConnection::SetTls(const shmflake_store_target& target) {
  if (target.tls == SHMFLAKE_TLS_OFF) return;
  Set(CURLOPT_VERBOSE, 1L);
  Set(CURLOPT_DEBUGFUNCTION, &OnDebug);
  Set(CURLOPT_DEBUGDATA, static_cast<void*>(&alert_));
  const bool verify = target.tls != SHMFLAKE_TLS_REQUIRE;
  Set(CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  Set(CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  if (verify && target.tls_ca[0] != '\0') {
    Set(CURLOPT_CAINFO, target.tls_ca);
    Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // nobody but this CA
  }
  if (target.tls_cert[0] != '\0') Set(CURLOPT_SSLCERT, target.tls_cert);
  if (target.tls_key[0] != '\0') Set(CURLOPT_SSLKEY, target.tls_key);
  Set(CURLOPT_KEYPASSWD, "");  // OpenSSL would ask at the terminal, and wait
}

// Once a connection. Nothing to do for an address and for a socket.
EtcdResult EtcdConnection::LookUp(std::int64_t timeout_ms) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  if (looked_up_ || inet_pton(AF_INET, host_.c_str(), binary.data()) == 1 ||
      inet_pton(AF_INET6, host_.c_str(), binary.data()) == 1) {
    return {};
  }
  // Here, in the calling thread: libcurl would start one.
  std::string words;
  const std::vector<std::string> found = LookUpHost(host_, timeout_ms, &words);
  if (found.empty()) return {SHMFLAKE_STORE_UNAVAILABLE, "its address is not known: " + words};
  std::string addresses;  // "10.0.0.1,[fd00::1]"
  for (const std::string& one : found) {
    if (!addresses.empty()) addresses += ",";
    addresses += one.find(':') != std::string::npos ? "[" + one + "]" : one;
  }
  if (!resolved_.Add(host_ + ":" + port_ + ":" + addresses)) options_set_ = false;
  Set(CURLOPT_RESOLVE, resolved_.get());
  looked_up_ = true;
  return {};
}

EtcdResult EtcdConnection::Failure(CURLcode error) {
  std::string words = words_[0] != '\0' ? words_.data() : curl_easy_strerror(error);
  if (alert_[0] != '\0') words = alert_.data();
  words.erase(words.find_last_not_of(" \r\n:") + 1);
  const int code = CodeOf(error, words);
  if (error == CURLE_WRITE_ERROR) {
    words = "it sends more than " + std::to_string(kLargestAnswer) + " bytes, or than " +
            std::to_string(kLargestHeaders) + " of headers";
  }
  long system_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &system_error);
  if (error == CURLE_COULDNT_CONNECT && system_error != 0) {
    words += ": " + std::generic_category().message(static_cast<int>(system_error));
  }
  return {code, words};
}

EtcdResult EtcdConnection::Post(const std::string& path, const std::string& body,
                                const std::string& token, std::int64_t timeout_ms,
                                EtcdAnswer* answer) {
  const EtcdDeadline deadline(timeout_ms);
  EtcdResult known = LookUp(timeout_ms);
  if (!known.ok()) return known;
  const auto time = static_cast<long>(deadline.left_ms());
  if (time == 0) return {SHMFLAKE_STORE_TIMED_OUT, "no time was left"};  // 0 would be: for ever
  CurlList headers;
  bool complete = headers.Add("Content-Type: application/json") && headers.Add("Expect:") &&
                  // Without a leader: "no leader" at once, and not some seconds later.
                  headers.Add("Grpc-Metadata-hasleader: true");
  if (!token.empty()) complete = complete && headers.Add("Authorization: " + token);
  if (!options_set_ || !complete ||
      curl_url_set(url_.get(), CURLUPART_PATH, path.c_str(), 0) != CURLUE_OK) {
    return {SHMFLAKE_STORE_UNAVAILABLE, "libcurl does not take its address or its options"};
  }
  Received received;
  words_[0] = '\0';
  alert_[0] = '\0';
  Set(CURLOPT_CURLU, url_.get());
  Set(CURLOPT_POSTFIELDS, body.c_str());
  Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  Set(CURLOPT_HTTPHEADER, headers.get());
  Set(CURLOPT_TIMEOUT_MS, time);
  Set(CURLOPT_WRITEDATA, static_cast<void*>(&received));
  Set(CURLOPT_HEADERDATA, static_cast<void*>(&received));
  const CURLcode error = curl_easy_perform(easy_.get());
  if (error != CURLE_OK) return Failure(error);
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &answer->status);
  answer->body = std::move(received.body);
  const std::int64_t date = curl_getdate(received.date.c_str(), nullptr);
  answer->unix_ms = date > 0 ? date * 1000 : 0;
  return {};
}

}  // namespace shmflake
