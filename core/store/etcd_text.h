// SPDX-License-Identifier: Apache-2.0
// What the plug-in for etcd returns inside itself, and the small texts that it reads and writes.
// Pure; no state. The plug-in does not link with the core, so it has its own.
#ifndef SHMFLAKE_CORE_STORE_ETCD_TEXT_H_
#define SHMFLAKE_CORE_STORE_ETCD_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/store/store_plugin.h"

namespace shmflake {

struct [[nodiscard]] EtcdResult {
  int code = SHMFLAKE_STORE_OK;
  std::string message;

  [[nodiscard]] bool ok() const { return code == SHMFLAKE_STORE_OK; }
};

// One line of valid UTF-8 of at most `most` bytes: control characters become spaces, bytes that are
// not UTF-8 question marks, and a longer text ends in "...".
[[nodiscard]] std::string OneLine(std::string_view text, std::size_t most);

[[nodiscard]] bool Contains(std::string_view text, std::string_view word);

// The beginning of what somebody sent, for a message.
[[nodiscard]] std::string Excerpt(std::string_view text);

// Puts *** wherever `secret` stands, also as JSON writes it. A server may repeat what it was sent.
void Redact(std::string_view secret, std::string* text);

[[nodiscard]] std::string EncodeBase64(std::string_view bytes);
// False for what is not RFC 4648 with padding.
[[nodiscard]] bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_TEXT_H_
