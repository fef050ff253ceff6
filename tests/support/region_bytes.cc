// SPDX-License-Identifier: Apache-2.0
#include "tests/support/region_bytes.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/crc32c.h"
#include "core/layout.h"

namespace flake::test {
namespace {

using shmflake::Header;
using shmflake::RegionImage;

struct Field {
  const char* name;
  std::size_t offset;
  std::size_t size;
};

#define FIELD(name) \
  { #name, offsetof(Header, name), sizeof(Header::name) }
constexpr Field kFields[] = {
    FIELD(layout_version), FIELD(header_size),      FIELD(region_size),     FIELD(features),
    FIELD(timestamp_bits), FIELD(machine_bits),     FIELD(sequence_bits),   FIELD(tick_us),
    FIELD(worker_id),      FIELD(birth_tick),       FIELD(allowance_tick),  FIELD(instance_id),
    FIELD(store_kind),     FIELD(worker_id_source), FIELD(max_backward_ms), FIELD(horizon_ms),
    FIELD(ordering),       FIELD(slot_count),       FIELD(slot_size),       FIELD(name),
    FIELD(id_namespace),   FIELD(boot_id),
};
#undef FIELD

const Field& Find(const std::string& name) {
  for (const Field& field : kFields) {
    if (name == field.name) return field;
  }
  std::fprintf(stderr, "no such field of the header: %s\n", name.c_str());
  std::abort();
}

std::string Sealed(std::string file) {
  const std::uint32_t crc = shmflake::Crc32c(file.data(), offsetof(Header, crc32c));
  std::memcpy(&file[offsetof(Header, crc32c)], &crc, sizeof(crc));
  return file;
}

}  // namespace

const std::uint32_t kVersion = shmflake::kLayoutVersion;
const std::size_t kRegionBytes = shmflake::kRegionSize;
const std::size_t kHeaderBytes = sizeof(Header);
const std::size_t kStateAt = offsetof(RegionImage, state);
const std::size_t kCeilingAt = offsetof(RegionImage, ceiling);
const std::size_t kSlotsAt = offsetof(RegionImage, slots);
const std::size_t kTagsAt = offsetof(RegionImage, tags);
const std::size_t kTagsBytes = sizeof(RegionImage::tags);

std::string BytesOf(std::uint64_t word) {
  return {reinterpret_cast<const char*>(&word), sizeof(word)};
}

std::string WithField(std::string file, const std::string& field, std::uint64_t value) {
  const Field& found = Find(field);
  std::memcpy(&file[found.offset], &value, found.size);  // little-endian, as all that is supported
  return Sealed(std::move(file));
}

std::string WithText(std::string file, const std::string& field, char fill) {
  const Field& found = Find(field);
  std::memset(&file[found.offset], fill, found.size);
  return Sealed(std::move(file));
}

}  // namespace flake::test
