// SPDX-License-Identifier: Apache-2.0
// UUIDs and ULIDs taken apart.
#ifndef SHMFLAKE_TOOLS_UUID_PARTS_H_
#define SHMFLAKE_TOOLS_UUID_PARTS_H_

#include <cstdint>
#include <string>

#include "forms.h"
#include "output.h"

namespace tool {

struct UuidParts {
  std::string text;    // as the library writes it
  std::string kind;    // "UUIDv7", "ULID"; "UUID" where there is no version
  int version = 0;     // 0: a ULID, or a UUID that is not of RFC 9562
  std::string about;   // what a UUID of that version is, and why it has no instant
  bool timed = false;  // the two that follow are known
  std::int64_t unix_ms = 0;
  std::uint32_t counter = 0;  // the 16 bits behind the milliseconds: shmflake's counter
};

[[nodiscard]] UuidParts TakeApart(const Reading& reading);
[[nodiscard]] Json ToJson(const UuidParts& parts);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_UUID_PARTS_H_
