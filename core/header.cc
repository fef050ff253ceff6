// SPDX-License-Identifier: Apache-2.0
#include "core/header.h"

#include <cstring>

#include "core/crc32c.h"

namespace shmflake {
namespace {

std::uint32_t Checksum(const Header& header) noexcept {
  return Crc32c(&header, offsetof(Header, crc32c));
}

// A text field that ends within its bytes and holds something.
template <std::size_t N>
bool IsText(const char (&text)[N]) noexcept {
  return text[0] != '\0' && std::memchr(text, '\0', N) != nullptr;
}

}  // namespace

IdFormat FormatOf(const Header& header) noexcept {
  IdFormat format;
  format.timestamp_bits = header.timestamp_bits;
  format.datacenter_bits = header.datacenter_bits;
  format.machine_bits = header.machine_bits;
  format.sequence_bits = header.sequence_bits;
  format.tick_us = header.tick_us;
  format.epoch_ms = header.epoch_ms;
  format.order = static_cast<FieldOrder>(header.field_order);
  return format;
}

void SetFormat(const IdFormat& format, Header* header) noexcept {
  header->timestamp_bits = format.timestamp_bits;
  header->datacenter_bits = format.datacenter_bits;
  header->machine_bits = format.machine_bits;
  header->sequence_bits = format.sequence_bits;
  header->tick_us = format.tick_us;
  header->epoch_ms = format.epoch_ms;
  header->field_order = static_cast<std::uint32_t>(format.order);
}

std::uint64_t BirthState(const Header& header) noexcept {
  return header.birth_tick == 0 ? 0 : (header.birth_tick << header.sequence_bits) - 1;
}

void SealHeader(Header* header) noexcept {
  header->magic = kMagic;
  header->layout_version = kLayoutVersion;
  header->header_size = sizeof(Header);
  header->region_size = kRegionSize;
  header->features = kKnownFeatures;
  header->slot_count = kSlotCount;
  header->slot_size = sizeof(Slot);
  header->crc32c = Checksum(*header);
}

Status CheckHeader(const Header& header, std::size_t bytes, std::uint64_t file_size,
                   const std::string& path) {
  const char* file = path.c_str();
  if (bytes < 16) {
    return Fail(Code::TRUNCATED, "a region has %llu bytes: %s has %llu",
                static_cast<unsigned long long>(kRegionSize), file,
                static_cast<unsigned long long>(file_size));
  }
  if (header.magic != kMagic) {
    return Fail(Code::MAGIC, "not a shmflake region: %s begins with %016llx, not %016llx", file,
                static_cast<unsigned long long>(header.magic),
                static_cast<unsigned long long>(kMagic));
  }
  if (header.layout_version < kLayoutVersion) {
    return Fail(
        Code::OLDER_VERSION,
        "%s has layout version %u, this library writes %u; retire it with the older library", file,
        header.layout_version, kLayoutVersion);
  }
  if (header.layout_version > kLayoutVersion) {
    return Fail(Code::NEWER_VERSION, "%s has layout version %u, this library knows up to %u", file,
                header.layout_version, kLayoutVersion);
  }
  if (bytes < sizeof(Header) || file_size < kRegionSize) {
    return Fail(Code::TRUNCATED, "a region has %llu bytes: %s has %llu",
                static_cast<unsigned long long>(kRegionSize), file,
                static_cast<unsigned long long>(file_size));
  }
  if (header.crc32c != Checksum(header)) {
    return Fail(Code::CHECKSUM, "the header of %s has CRC-32C %08x, its bytes give %08x", file,
                header.crc32c, Checksum(header));
  }
  if ((header.features & ~kKnownFeatures) != 0) {
    return Fail(Code::FEATURES, "%s uses features %llx that this library does not know", file,
                static_cast<unsigned long long>(header.features & ~kKnownFeatures));
  }
  const IdFormat format = FormatOf(header);
  if (const Status status = ValidateFormat(format); !status.ok()) {
    return Fail(Code::HEADER, "%s: %s", file, status.message().c_str());
  }
  if (header.header_size != sizeof(Header) || header.region_size != kRegionSize ||
      header.slot_count != kSlotCount || header.slot_size != sizeof(Slot) ||
      header.worker_id > format.max_worker_id() || header.birth_tick > format.max_timestamp() ||
      header.allowance_tick > format.max_timestamp() || header.instance_id == 0 ||
      header.worker_id_source < 1 || header.worker_id_source > 6 || header.store_kind < 1 ||
      header.store_kind > 5 || (header.store_kind > 2) != IsText(header.store_url) ||
      header.ordering < 1 || header.ordering > 2 ||
      (header.allowance_tick != 0 && header.allowance_tick < header.birth_tick) ||
      header.max_backward_ms > 60'000 || header.horizon_ms > 86'400'000 ||
      header.horizon_ms <= 2 * header.max_backward_ms || (header.file_mode & ~0666U) != 0 ||
      !IsText(header.name) || !IsText(header.id_namespace)) {
    return Fail(Code::HEADER, "a field of the header of %s is out of its range", file);
  }
  return Status::Ok();
}

}  // namespace shmflake
