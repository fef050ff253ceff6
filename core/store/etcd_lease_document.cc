// SPDX-License-Identifier: Apache-2.0
#include "core/store/etcd_lease_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/store/etcd_json.h"
#include "core/store/plugin_support.h"
#include "core/store/store_plugin.h"

namespace shmflake {
namespace {

using nlohmann::json;

constexpr std::int64_t kRecordVersion = 1;
constexpr std::size_t kIdentitySize = 32;
constexpr std::size_t kLongestFormat = 120;
constexpr std::size_t kLongestOwner = 120;
constexpr std::size_t kLongestRegion = 63;
constexpr std::size_t kLongestHost = 64;
constexpr std::int64_t kHighestHorizon = std::int64_t{1} << 62;

EtcdResult Corrupt(const std::string& rule, std::string_view value) {
  return {SHMFLAKE_STORE_CORRUPT, rule + ": " + Excerpt(value)};
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Reads the fields of one document in turn. The first error stands.
class Fields {
 public:
  explicit Fields(const std::string& text) : text_(text) {
    std::size_t names = 0;
    const auto count = [&names](int depth, json::parse_event_t event, json& /*parsed*/) {
      if (event == json::parse_event_t::key && depth == 1) ++names;
      return true;
    };
    document_ = json::parse(text, count, false);
    const json& version = JsonAt(document_, "v");
    if (!document_.is_object()) {
      Fail("it must be a JSON object");
    } else if (version.is_null()) {
      Fail("it has no v");
    } else if (!version.is_number_integer() || version != kRecordVersion) {
      result_ = {SHMFLAKE_STORE_SCHEMA, "v must be 1: " + Excerpt(text)};
    } else if (names != document_.size()) {
      Fail("it has a field twice");
    }
    document_.erase("v");
  }

  Fields& Take(const char* name, std::string* value) {
    if (!result_.ok()) return *this;
    const auto found = document_.find(name);
    if (found == document_.end()) return Fail("it has no " + std::string(name));
    if (!found->is_string()) return Fail(std::string(name) + " must be a text");
    *value = found->get<std::string>();
    document_.erase(found);
    return *this;
  }

  Fields& Take(const char* name, std::int64_t* value) {
    std::string digits;
    Take(name, &digits);
    if (!result_.ok() || ReadInteger(digits, value) == IntegerText::kInteger) return *this;
    return Fail(std::string(name) + " must be an integer of 64 bits, as a text");
  }

  // After all others.
  EtcdResult End() {
    if (result_.ok() && !document_.empty()) {
      Fail("it has a field that is not known, " + OneLine(document_.begin().key(), 32));
    }
    return result_;
  }

 private:
  Fields& Fail(const std::string& rule) {
    result_ = Corrupt(rule, text_);
    if (!document_.is_object()) document_ = json::object();
    return *this;
  }

  const std::string& text_;
  json document_;
  EtcdResult result_;
};

// The fields in the order of their writing; dump() would sort them. All texts are checked before they
// are written.
class Writer {
 public:
  Writer& Add(const char* name, const std::string& text) {
    out_ += ",\"" + std::string(name) + "\":" + DumpJson(text);
    return *this;
  }
  Writer& Add(const char* name, std::int64_t value) { return Add(name, std::to_string(value)); }
  [[nodiscard]] std::string Text() const { return out_ + "}"; }

 private:
  std::string out_ = "{\"v\":" + std::to_string(kRecordVersion);
};

}  // namespace

EtcdResult EtcdNamespaceDocument::Check() const {
  if (identity.size() != kIdentitySize || !IsHex(identity)) {
    return Corrupt("identity must be 32 hex digits", identity);
  }
  if (format.empty() || format.size() > kLongestFormat || !IsPrintableAscii(format)) {
    return Corrupt("format must be 1..120 bytes of printable ASCII", format);
  }
  return {};
}

EtcdResult EtcdNamespaceDocument::Parse(const std::string& text) {
  EtcdResult result = Fields(text).Take("identity", &identity).Take("format", &format).End();
  return result.ok() ? Check() : result;
}

std::string EtcdNamespaceDocument::Text() const {
  return Writer().Add("identity", identity).Add("format", format).Text();
}

EtcdResult EtcdLeaseDocument::Check() const {
  if (horizon < 0 || horizon > kHighestHorizon) {
    return Corrupt("horizon must be 0..2^62", std::to_string(horizon));
  }
  if (base < 0 || base > horizon) {
    return Corrupt("base must be 0.." + std::to_string(horizon) + ", the horizon",
                   std::to_string(base));
  }
  if (owner.size() > kLongestOwner || !IsPrintableAscii(owner)) {
    return Corrupt("owner must be 0..120 bytes of printable ASCII", owner);
  }
  if (region.size() > kLongestRegion || !IsPrintableAscii(region)) {
    return Corrupt("region must be 0..63 bytes of printable ASCII", region);
  }
  if (OneLine(host, kLongestHost) != host) {
    return Corrupt("host must be 0..64 bytes of UTF-8 without control characters", host);
  }
  if (updated_unix_ms < 0) {
    return Corrupt("updated_unix_ms must be 0 or more", std::to_string(updated_unix_ms));
  }
  return {};
}

EtcdResult EtcdLeaseDocument::Parse(const std::string& text) {
  EtcdResult result = Fields(text)
                          .Take("horizon", &horizon)
                          .Take("base", &base)
                          .Take("holder", &holder)
                          .Take("owner", &owner)
                          .Take("region", &region)
                          .Take("host", &host)
                          .Take("updated_unix_ms", &updated_unix_ms)
                          .End();
  return result.ok() ? Check() : result;
}

std::string EtcdLeaseDocument::Text() const {
  return Writer()
      .Add("horizon", horizon)
      .Add("base", base)
      .Add("holder", holder)
      .Add("owner", owner)
      .Add("region", region)
      .Add("host", host)
      .Add("updated_unix_ms", updated_unix_ms)
      .Text();
}

EtcdResult EtcdHolderDocument::Parse(const std::string& text) {
  EtcdResult result = Fields(text).Take("holder", &holder).Take("ttl_ms", &ttl_ms).End();
  if (result.ok() && holder == 0) return Corrupt("holder must not be 0", text);
  if (result.ok() && ttl_ms < 1) return Corrupt("ttl_ms must be 1 or more", text);
  return result;
}

std::string EtcdHolderDocument::Text() const {
  return Writer().Add("holder", holder).Add("ttl_ms", ttl_ms).Text();
}

}  // namespace shmflake
