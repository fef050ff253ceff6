// SPDX-License-Identifier: Apache-2.0
#include "uuid_parts.h"

#include <shmflake/shmflake.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "text.h"

namespace tool {
namespace {

// RFC 9562, section 5.
constexpr const char* kVersions[] = {"",
                                     "Gregorian time and node: its instant is not read here",
                                     "DCE security: its instant is not read here",
                                     "an MD5 hash of a name: it has no instant",
                                     "random: it has no instant",
                                     "a SHA-1 hash of a name: it has no instant",
                                     "Gregorian time, reordered: its instant is not read here",
                                     "Unix milliseconds, then random",
                                     "custom: nobody else knows whether it has an instant"};

void TakeUuidApart(const std::array<unsigned char, 16>& bytes, UuidParts* parts) {
  parts->kind = "UUID";
  const auto all = [&bytes](unsigned char value) {
    return std::all_of(bytes.begin(), bytes.end(), [=](unsigned char one) { return one == value; });
  };
  if (all(0) || all(0xff)) {
    parts->about = all(0) ? "the nil UUID: it has no instant" : "the max UUID: it has no instant";
    return;
  }
  if ((bytes[8] & 0xc0U) != 0x80) {
    parts->about = "not of RFC 9562's variant: it has no version";
    return;
  }
  parts->version = bytes[6] >> 4;
  parts->kind += "v" + std::to_string(parts->version);
  const bool known = parts->version > 0 && parts->version <= 8;
  parts->about = known ? kVersions[parts->version] : "of no version that RFC 9562 knows";
  parts->timed = parts->version == 7;
  parts->counter =
      (bytes[6] & 0x0fU) << 12 | static_cast<unsigned>(bytes[7]) << 4 | (bytes[8] >> 2 & 0x0fU);
}

}  // namespace

UuidParts TakeApart(const Reading& reading) {
  UuidParts parts;
  char text[SHMFLAKE_TEXT_SIZE] = "";
  if (reading.form == Form::kUlid) {
    (void)shmflake_format_ulid(reading.bytes.data(), text);
    parts.kind = "ULID";
    parts.timed = true;
    parts.counter = static_cast<unsigned>(reading.bytes[6]) << 8 | reading.bytes[7];
  } else {
    (void)shmflake_format_uuid(reading.bytes.data(), text);
    TakeUuidApart(reading.bytes, &parts);
  }
  parts.text = text;
  for (std::size_t i = 0; parts.timed && i < 6; ++i) {
    parts.unix_ms = parts.unix_ms << 8 | reading.bytes[i];
  }
  return parts;
}

Json ToJson(const UuidParts& parts) {
  Json json{{"id", parts.text}, {"kind", parts.kind}};
  if (parts.version > 0) json["version"] = parts.version;
  if (!parts.about.empty()) json["about"] = parts.about;
  if (parts.timed) {
    json["time"] = IsoTime(parts.unix_ms);
    json["unix_ms"] = parts.unix_ms;
    json["counter"] = parts.counter;
  }
  return json;
}

}  // namespace tool
