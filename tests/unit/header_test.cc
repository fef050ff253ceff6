// SPDX-License-Identifier: Apache-2.0
#include "core/header.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "core/crc32c.h"
#include "tests/support/expect_status.h"

namespace shmflake::test {
namespace {

Header Good() {
  Header header{};
  SetFormat(IdFormat(), &header);
  header.worker_id = 3;
  header.birth_tick = 1000;
  header.instance_id = 42;
  header.worker_id_source = 1;
  header.store_kind = 2;
  header.ordering = 1;
  header.max_backward_ms = 10;
  header.horizon_ms = 10'000;
  header.file_mode = 0600;
  header.group_id = kNoGroup;
  std::strcpy(header.name, "region");
  std::strcpy(header.id_namespace, "region");
  SealHeader(&header);
  return header;
}
void Reseal(Header* header) { header->crc32c = Crc32c(header, offsetof(Header, crc32c)); }

Status Check(const Header& header, std::size_t bytes = sizeof(Header),
             std::uint64_t file_size = kRegionSize) {
  return CheckHeader(header, bytes, file_size, "here.region");
}

TEST(HeaderTest, AGoodOneIsAccepted) {
  EXPECT_SUCCEEDS(Check(Good()));
  EXPECT_SUCCEEDS(Check(Good(), sizeof(Header), kRegionSize + 1));
  EXPECT_EQ(IdFormat(), FormatOf(Good()));
}

TEST(HeaderTest, EverySingleFlippedBitIsRefused) {
  const Header good = Good();
  for (std::size_t bit = 0; bit < sizeof(Header) * 8; ++bit) {
    Header bad = good;
    reinterpret_cast<unsigned char*>(&bad)[bit / 8] ^= static_cast<unsigned char>(1U << bit % 8);
    const Code expected = bit / 8 < 8                                ? Code::MAGIC
                          : bit / 8 >= 12                            ? Code::CHECKSUM
                          : bad.layout_version < good.layout_version ? Code::OLDER_VERSION
                                                                     : Code::NEWER_VERSION;
    ASSERT_EQ(expected, Check(bad).code()) << "bit " << bit;
  }
}

TEST(HeaderTest, EveryInvertedByteIsRefused) {
  const Header good = Good();
  for (std::size_t at = 0; at < sizeof(Header); ++at) {
    Header bad = good;
    auto* bytes = reinterpret_cast<unsigned char*>(&bad);
    bytes[at] = static_cast<unsigned char>(~bytes[at]);
    ASSERT_FALSE(Check(bad).ok()) << "byte " << at;
  }
}

TEST(HeaderTest, AShortOneIsTruncatedWhateverItHolds) {
  const Header good = Good();
  for (std::size_t bytes = 0; bytes < sizeof(Header); bytes += bytes < 32 ? 1 : 37) {
    Header part{};
    std::memcpy(&part, &good, bytes);
    EXPECT_FAILS(Code::TRUNCATED, Check(part, bytes, bytes));
  }
  EXPECT_FAILS(Code::TRUNCATED, Check(good, sizeof(Header), kRegionSize - 1));
}

TEST(HeaderTest, AVersionIsRefusedBeforeAnythingElseOfItIsBelieved) {
  Header other{};
  other.magic = kMagic;
  other.layout_version = kLayoutVersion + 1;
  const Status newer = Check(other, 16, 16);
  EXPECT_FAILS(Code::NEWER_VERSION, newer);
  EXPECT_TRUE(Contains(newer.message(), "here.region has layout version 5")) << newer.message();
  other.layout_version = 0;
  EXPECT_FAILS(Code::OLDER_VERSION, Check(other, 16, 16));
}

TEST(HeaderTest, AFeatureThatIsNotKnownIsRefused) {
  for (int bit = 0; bit < 64; ++bit) {
    Header header = Good();
    header.features = std::uint64_t{1} << bit;
    Reseal(&header);
    EXPECT_FAILS(Code::FEATURES, Check(header));
  }
}

TEST(HeaderTest, AnImpossibleFieldIsRefusedThoughItsChecksumIsRight) {
  const std::pair<const char*, std::function<void(Header*)>> changes[] = {
      {"header_size", [](Header* h) { h->header_size = 4095; }},
      {"region_size", [](Header* h) { h->region_size = kRegionSize - 1; }},
      {"region_size up", [](Header* h) { h->region_size = kRegionSize + 1; }},
      {"slot_count", [](Header* h) { h->slot_count = 257; }},
      {"slot_size", [](Header* h) { h->slot_size = 64; }},
      {"timestamp_bits", [](Header* h) { h->timestamp_bits = 44; }},
      {"datacenter_bits", [](Header* h) { h->datacenter_bits = ~0U; }},
      {"machine_bits", [](Header* h) { h->machine_bits = 0; }},
      {"sequence_bits", [](Header* h) { h->sequence_bits = 64; }},
      {"tick_us", [](Header* h) { h->tick_us = 0; }},
      {"epoch_ms", [](Header* h) { h->epoch_ms = std::int64_t{1} << 62; }},
      {"worker_id", [](Header* h) { h->worker_id = 256; }},
      {"birth_tick", [](Header* h) { h->birth_tick = std::uint64_t{1} << 43; }},
      {"allowance_tick", [](Header* h) { h->allowance_tick = std::uint64_t{1} << 43; }},
      {"instance_id", [](Header* h) { h->instance_id = 0; }},
      {"worker_id_source", [](Header* h) { h->worker_id_source = 0; }},
      {"worker_id_source up", [](Header* h) { h->worker_id_source = 7; }},
      {"store_kind", [](Header* h) { h->store_kind = 0; }},
      {"store_kind up", [](Header* h) { h->store_kind = 6; }},
      {"a shared store without a URL", [](Header* h) { h->store_kind = 3; }},
      {"ordering", [](Header* h) { h->ordering = 0; }},
      {"ordering up", [](Header* h) { h->ordering = 3; }},
      {"max_backward_ms", [](Header* h) { h->max_backward_ms = 60'001; }},
      {"horizon_ms", [](Header* h) { h->horizon_ms = 0; }},
      {"horizon_ms up", [](Header* h) { h->horizon_ms = 86'400'001; }},
      {"name", [](Header* h) { h->name[0] = '\0'; }},
      {"name without end", [](Header* h) { std::memset(h->name, 'a', sizeof(h->name)); }},
      {"id_namespace", [](Header* h) { h->id_namespace[0] = '\0'; }},
      {"id_namespace without end",
       [](Header* h) { std::memset(h->id_namespace, 'a', sizeof(h->id_namespace)); }},
  };
  for (const auto& [what, change] : changes) {
    Header header = Good();
    change(&header);
    Reseal(&header);
    const Status status = Check(header);
    EXPECT_STREQ("HEADER", CodeName(status.code())) << what;
    EXPECT_TRUE(Contains(status.message(), "here.region")) << status.message();
  }
}

TEST(HeaderTest, TheChecksumsMessageShowsBoth) {
  Header header = Good();
  header.worker_id = 4;
  const std::uint32_t found = header.crc32c;
  const Status status = Check(header);
  char hex[16];
  std::snprintf(hex, sizeof(hex), "%08x", found);
  EXPECT_FAILS(Code::CHECKSUM, status);
  EXPECT_TRUE(Contains(status.message(), hex)) << status.message();
}

}  // namespace
}  // namespace shmflake::test
