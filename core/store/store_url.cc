// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_url.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "core/bits.h"
#include "core/platform.h"
#include "core/text.h"

namespace shmflake {

StoreUrl::StoreUrl() = default;
StoreUrl::StoreUrl(const StoreUrl& other) = default;
StoreUrl& StoreUrl::operator=(StoreUrl&& other) noexcept = default;
StoreUrl::~StoreUrl() = default;

namespace {

constexpr std::string_view kRule =
    "a store's URL must be sqlite:[PATH], or mysql://, postgres:// or etcd:// and then "
    "[user@]host[:port]/database[?key=value&...]";
constexpr std::size_t kLongestUrl = 1024;

Status Refuse(std::string_view rule, std::string_view value) {
  return Fail(Code::STORE_URL, "%s: %s", std::string(rule).c_str(), Quote(value).c_str());
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986, section 2.1. Empty when it is malformed, or means a control character.
std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) return {};
      c = static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return {};
    out += c;
  }
  return out;
}

// The text up to the separator, which is removed with it; all of it when there is none.
std::string_view CutAt(char separator, std::string_view* rest) {
  const std::size_t end = rest->find(separator);
  const std::string_view front = rest->substr(0, end);
  *rest = end == std::string_view::npos ? std::string_view() : rest->substr(end + 1);
  return front;
}

Status ParseHost(std::string_view text, StoreHost* out) {
  constexpr std::string_view kHostRule = "a host must be a name or an address, with :1..65535";
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {  // an IPv6 address
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Refuse(kHostRule, text);
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return Refuse(kHostRule, text);
    port.remove_prefix(port.empty() ? 0 : 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return Refuse(kHostRule, text);
  }
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::strchr(".-_:", c) != nullptr;
  });
  if (host.empty() || !plain || host.size() > 253) return Refuse(kHostRule, text);
  out->host = host;
  if (port.empty()) return Status::Ok();
  const auto number = ParseInteger(port, false);
  if (!number || *number < 1 || *number > 65535) return Refuse(kHostRule, text);
  out->port = static_cast<std::uint32_t>(*number);
  return Status::Ok();
}

bool IsTable(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.';
  });
  return plain && !text.empty() && text.size() <= 128 && text.front() != '.' &&
         text.back() != '.' && std::count(text.begin(), text.end(), '.') <= 1;
}

// Whether something like user:password@ is in it, whatever characters the password has.
bool HasPassword(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != std::string_view::npos && text.substr(0, at).find(':') != std::string_view::npos;
}

Status ParseParameter(std::string_view key, std::string value, bool* tls_given, StoreUrl* out) {
  struct Text {
    std::string_view key;
    std::string StoreUrl::*member;
  };
  static constexpr std::array<Text, 5> kTexts = {{{"socket", &StoreUrl::socket},
                                                  {"password_file", &StoreUrl::password_file},
                                                  {"tls_ca", &StoreUrl::tls_ca},
                                                  {"tls_cert", &StoreUrl::tls_cert},
                                                  {"tls_key", &StoreUrl::tls_key}}};
  for (const Text& text : kTexts) {
    if (text.key != key) continue;
    if (!value.starts_with('/')) {  // without the value: it may be meant as the password itself
      return Fail(Code::STORE_URL, "%s must be an absolute path", std::string(key).c_str());
    }
    out->*text.member = std::move(value);
    return Status::Ok();
  }
  if (key == "table") {
    if (!IsTable(value)) return Refuse("table must be [A-Za-z0-9_], with at most one dot", value);
    out->table = std::move(value);
  } else if (key == "tls") {
    *tls_given = true;
    if (value == "off") {
      out->tls = StoreTls::kOff;
    } else if (value == "require") {
      out->tls = StoreTls::kRequire;
    } else if (value == "verify") {
      out->tls = StoreTls::kVerify;
    } else {
      return Refuse("tls must be off, require or verify", value);
    }
  } else if (key == "convention") {
    if (value != "shmflake" && value != "leaf") {
      return Refuse("convention must be shmflake or leaf", value);
    }
    out->convention = value == "leaf" ? SegmentConvention::kLeaf : SegmentConvention::kShmflake;
  } else {
    static constexpr std::array<std::string_view, 8> kKeys = {
        "table", "socket", "password_file", "tls", "tls_ca", "tls_cert", "tls_key", "convention"};
    const std::string_view near = NearestWord(key, kKeys);
    return Refuse(near.empty() ? "a store's URL has the keys table, socket, password_file, tls, "
                                 "tls_ca, tls_cert, tls_key and convention, no other"
                               : "an unknown key in the store's URL, perhaps " + std::string(near) +
                                     " was meant",
                  key);
  }
  return Status::Ok();
}

bool IsThisHost(const StoreHost& host) {
  return host.host == "localhost" || host.host == "::1" || host.host.starts_with("127.");
}

Status ParseQuery(std::string_view query, StoreUrl* out) {
  bool tls_given = false;
  while (!query.empty()) {
    std::string_view value = CutAt('&', &query);
    const std::string_view key = CutAt('=', &value);
    auto decoded = Decode(value);
    if (!decoded) return Refuse("a value in a URL must be percent-encoded text, that of", key);
    SHMFLAKE_RETURN_IF_ERROR(ParseParameter(key, std::move(*decoded), &tls_given, out));
  }
  if (!tls_given && !std::all_of(out->hosts.begin(), out->hosts.end(), IsThisHost)) {
    out->tls = StoreTls::kVerify;
  }
  return Status::Ok();
}

}  // namespace

Status ParseStoreUrl(std::string_view text, StoreUrl* out) {
  StoreUrl url;
  if (text.size() > kLongestUrl) {
    return Fail(Code::STORE_URL, "a store's URL has at most %zu bytes: %zu", kLongestUrl,
                text.size());
  }
  std::string_view rest = text;
  url.scheme = CutAt(':', &rest);
  const bool is_path = url.scheme == "sqlite" && rest.starts_with('/');
  if (!is_path && HasPassword(rest)) {
    return {Code::STORE_URL,
            "a password does not belong into a store's URL, which shows in logs and process "
            "lists: set SHMFLAKE_STORE_PASSWORD, or password_file=/path in the URL; an @ in a "
            "path is written %40"};
  }
  if (url.scheme == "mariadb") url.scheme = "mysql";
  if (url.scheme == "postgresql") url.scheme = "postgres";
  const bool server = url.scheme == "mysql" || url.scheme == "postgres" || url.scheme == "etcd";
  if ((url.scheme != "sqlite" && !server) || text.size() == url.scheme.size()) {
    // No more than the scheme, if it is one: there may be a password.
    const bool is_scheme = text.size() > url.scheme.size() && url.scheme.size() <= 20 &&
                           text.find('@') == std::string_view::npos;
    return is_scheme ? Refuse(kRule, url.scheme) : Status(Code::STORE_URL, std::string(kRule));
  }
  if (!server) {
    if (rest.starts_with("//")) rest.remove_prefix(2);  // sqlite:///path
    const auto path = Decode(CutAt('?', &rest));
    if (!path || (!path->empty() && !path->starts_with('/'))) {
      return {Code::STORE_URL, "the path of an SQLite store must be absolute"};
    }
    url.path = *path;
  } else {
    if (!rest.starts_with("//")) return {Code::STORE_URL, std::string(kRule)};
    rest.remove_prefix(2);
    std::string_view query = rest;
    std::string_view place = CutAt('?', &query);
    std::string_view authority = CutAt('/', &place);
    rest = query;
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
      const auto decoded = Decode(authority.substr(0, at));
      if (!decoded) return {Code::STORE_URL, "a user in a URL must be percent-encoded text"};
      url.user = *decoded;
      authority.remove_prefix(at + 1);
    }
    while (!authority.empty()) {
      StoreHost host;
      SHMFLAKE_RETURN_IF_ERROR(ParseHost(CutAt(',', &authority), &host));
      url.hosts.push_back(std::move(host));
    }
    const auto database = Decode(place);
    if (!database) return {Code::STORE_URL, "a database in a URL must be percent-encoded text"};
    url.database = *database;
    if (url.scheme != "etcd" && url.database.empty()) {
      return {Code::STORE_URL, "a store's URL must name a database behind the host"};
    }
  }
  SHMFLAKE_RETURN_IF_ERROR(ParseQuery(rest, &url));
  *out = std::move(url);
  return Status::Ok();
}

std::string StoreUrl::Shown() const {
  if (scheme == "sqlite") return path.empty() ? scheme + ":" : scheme + ":" + Printable(path);
  std::string out = scheme + "://";
  for (const StoreHost& host : hosts) {
    if (&host != hosts.data()) out += ",";
    const bool v6 = host.host.find(':') != std::string::npos;
    out += v6 ? "[" + host.host + "]" : host.host;
    if (host.port != 0) out += ":" + std::to_string(host.port);
  }
  out += "/" + Printable(database);
  if (!socket.empty()) out += "?socket=" + Printable(socket);
  return out;
}

std::uint64_t StoreUrl::Fingerprint() const {
  std::uint64_t hash = 0;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = Mix64(hash ^ static_cast<unsigned char>(c));
    hash = Mix64(hash ^ 0x100);  // the end of a part
  };
  std::vector<std::string> names;
  names.reserve(hosts.size());
  const std::uint32_t usual = scheme == "mysql" ? 3306 : scheme == "postgres" ? 5432 : 2379;
  for (const StoreHost& host : hosts) {
    names.push_back(host.host + ":" + std::to_string(host.port != 0 ? host.port : usual));
  }
  std::sort(names.begin(), names.end());
  add(scheme);
  add(path);
  for (const std::string& name : names) add(name);
  add(socket);
  add(database);
  add(table);
  add(convention == SegmentConvention::kLeaf ? "leaf" : "");
  return hash;
}

Status ReadStorePassword(const StoreUrl& url, std::string* password) {
  if (url.password_file.empty()) {
    const char* given = std::getenv("SHMFLAKE_STORE_PASSWORD");
    *password = given == nullptr ? "" : given;
    return Status::Ok();
  }
  const UniqueFile file(std::fopen(url.password_file.c_str(), "re"));
  char line[1024];
  if (file == nullptr) {
    const Status why = FailErrno(errno, "read the password file", url.password_file);
    return {Code::STORE_DENIED, why.message()};
  }
  const std::size_t size = std::fread(line, 1, sizeof(line) - 1, file.get());
  if (std::ferror(file.get()) != 0) {
    return Fail(Code::STORE_DENIED, "cannot read the password file %s", url.password_file.c_str());
  }
  line[size] = '\0';
  line[std::strcspn(line, "\r\n")] = '\0';
  *password = line;
  return Status::Ok();
}

}  // namespace shmflake
