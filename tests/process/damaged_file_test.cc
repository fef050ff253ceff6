// SPDX-License-Identifier: Apache-2.0
// A newcomer meets a region file that is damaged or none: a code of its own with the rule and the
// value, and the file stays as it is, whatever is tried.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/support/file_image.h"
#include "tests/support/refused.h"
#include "tests/support/region_bytes.h"

namespace flake::test {
namespace {

class DamagedFile : public ::testing::Test {
 protected:
  DamagedFile() {
    const Flake flake = box_.MustOpen();
    std::uint64_t id = 0;
    EXPECT_EQ(0, shmflake_next(flake.get(), &id));
    last_id_ = id;
  }

  // Neither creating nor attaching nor retiring takes the file, or changes it.
  void ExpectRefused(int expected, std::vector<std::string> parts) {
    parts.push_back(box_.region);
    const FileImage before = ImageOf(box_.region);
    EXPECT_EQ(kGood, OpenRefused(expected, box_, parts));
    shmflake_options options = box_.Options();
    options.attach_only = 1;
    EXPECT_EQ(kGood, OpenRefused(expected, box_, parts, &options));
    EXPECT_EQ(kGood, Refused(expected, box_.Retire(), parts));
    EXPECT_TRUE(before == ImageOf(box_.region)) << "the file was touched";
    EXPECT_EQ("default.region", box_.ListRegions());
  }
  [[nodiscard]] std::string Bytes() const { return ImageOf(box_.region).bytes; }
  // A header that is whole, but for one field.
  void SetField(const char* field, std::uint64_t value) {
    ASSERT_TRUE(WriteInPlace(box_.region, WithField(Bytes(), field, value)));
  }
  // Opens with the right bytes again, and draws on above.
  void ExpectWorks() {
    const Flake flake = box_.Open();
    ASSERT_NE(nullptr, flake) << shmflake_last_error();
    std::uint64_t id = 0;
    EXPECT_EQ(0, shmflake_next(flake.get(), &id)) << shmflake_last_error();
    EXPECT_GT(id, last_id_);
    last_id_ = id;
  }

  Sandbox box_;
  std::uint64_t last_id_ = 0;
};

TEST_F(DamagedFile, EverySingleFlippedBitOfTheHeaderIsRefusedAndTheFileIsLeftAsItIs) {
  const FileImage good = ImageOf(box_.region);
  for (std::size_t bit = 0; bit < kHeaderBytes * 8; ++bit) {
    const std::size_t byte = bit / 8;
    const auto flipped =
        static_cast<char>(static_cast<unsigned char>(good.bytes[byte]) ^ (1U << bit % 8));
    ASSERT_TRUE(WriteInPlace(box_.region, std::string(1, flipped), byte));
    const bool lower = byte == 8 && (kVersion ^ (1U << bit % 8)) < kVersion;
    const int expected = byte < 8     ? SHMFLAKE_E_MAGIC
                         : byte >= 12 ? SHMFLAKE_E_CHECKSUM
                         : lower      ? SHMFLAKE_E_OLDER_VERSION
                                      : SHMFLAKE_E_NEWER_VERSION;
    ASSERT_EQ(kGood, OpenRefused(expected, box_, {box_.region})) << "bit " << bit;
    // One byte is what a test of every bit can afford to look at; the rest is looked at below.
    ASSERT_TRUE(WriteInPlace(box_.region, std::string(1, good.bytes[byte]), byte));
  }
  EXPECT_TRUE(good == ImageOf(box_.region)) << "the file was touched";
  ExpectWorks();
}

TEST_F(DamagedFile, EveryInvertedByteOfTheHeaderIsRefusedAndNothingIsWritten) {
  const FileImage good = ImageOf(box_.region);
  for (std::size_t byte = 0; byte < kHeaderBytes; byte += byte < 400 ? 1 : 61) {
    FileImage bad = good;
    bad.bytes[byte] = static_cast<char>(~bad.bytes[byte]);
    ASSERT_TRUE(WriteInPlace(box_.region, bad.bytes));
    const int expected = byte < 8    ? SHMFLAKE_E_MAGIC
                         : byte < 12 ? SHMFLAKE_E_NEWER_VERSION
                                     : SHMFLAKE_E_CHECKSUM;
    ASSERT_EQ(kGood, OpenRefused(expected, box_, {box_.region})) << "byte " << byte;
    ASSERT_TRUE(bad == ImageOf(box_.region)) << "byte " << byte << ": the file was touched";
  }
  ASSERT_TRUE(WriteInPlace(box_.region, good.bytes));
  ExpectWorks();
}

TEST_F(DamagedFile, AWrongChecksumIsToldWithBothChecksums) {
  const std::string good = Bytes();
  char written[16];
  std::uint32_t crc = 0;
  std::memcpy(&crc, &good[kHeaderBytes - 4], sizeof(crc));
  std::snprintf(written, sizeof(written), "%08x", crc);
  ASSERT_TRUE(WriteInPlace(box_.region, "\x7f", 200));
  ExpectRefused(SHMFLAKE_E_CHECKSUM, {"CRC-32C", written});
}

TEST_F(DamagedFile, AShortFileIsTruncatedWithBothSizes) {
  const std::string whole = Bytes();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{4095},
        std::size_t{4096}, whole.size() / 2, whole.size() - 1}) {
    ASSERT_EQ(0, ::truncate(box_.region.c_str(), static_cast<off_t>(size)));
    ExpectRefused(SHMFLAKE_E_TRUNCATED,
                  {std::to_string(kRegionBytes), "has " + std::to_string(size)});
    ASSERT_EQ(0, ::truncate(box_.region.c_str(), 0));
    ASSERT_TRUE(WriteInPlace(box_.region, whole));
  }
  ExpectWorks();
}

TEST_F(DamagedFile, AForeignFileIsNoRegion) {
  const std::string texts[] = {std::string(kRegionBytes, '\0'), std::string(kRegionBytes, '\xff'),
                               "#!/bin/sh\necho this is a script of somebody's\n",
                               "SQLite format 3" + std::string(8192, '\0')};
  for (const std::string& text : texts) {
    ASSERT_TRUE(PutInPlace(box_.region, text));
    ExpectRefused(SHMFLAKE_E_MAGIC, {"656b616c666d6873"});
  }
}

TEST_F(DamagedFile, AnotherLayoutVersionIsNamedWithTheOneThatIsKnown) {
  const std::string known = std::to_string(kVersion);
  const std::string newer = std::to_string(kVersion + 1);
  SetField("layout_version", 0);
  ExpectRefused(SHMFLAKE_E_OLDER_VERSION, {"version 0", "writes " + known});
  SetField("layout_version", kVersion + 1);
  ExpectRefused(SHMFLAKE_E_NEWER_VERSION, {"version " + newer, "up to " + known});
  // A newer region may be of any size.
  ASSERT_EQ(0, ::truncate(box_.region.c_str(), 512));
  ExpectRefused(SHMFLAKE_E_NEWER_VERSION, {"version " + newer});
}

TEST_F(DamagedFile, AFeatureThatIsNotKnownIsNamed) {
  SetField("features", 0x40);
  ExpectRefused(SHMFLAKE_E_FEATURES, {"features 40"});
}

TEST_F(DamagedFile, AFieldThatIsImpossibleIsRefusedThoughTheChecksumIsRight) {
  const std::string good = Bytes();
  const struct {
    const char* field;
    std::uint64_t value;
  } changes[] = {{"header_size", 4000},  {"region_size", 1},
                 {"worker_id", 256},     {"sequence_bits", 40},
                 {"sequence_bits", 0},   {"timestamp_bits", 0},
                 {"machine_bits", 40},   {"tick_us", 0},
                 {"instance_id", 0},     {"ordering", 3},
                 {"ordering", 0},        {"store_kind", 0},
                 {"slot_count", 4096},   {"slot_size", 0},
                 {"horizon_ms", 0},      {"max_backward_ms", 60'001},
                 {"birth_tick", ~0ULL},  {"allowance_tick", ~0ULL},
                 {"worker_id_source", 7}};
  for (const auto& change : changes) {
    SCOPED_TRACE(change.field);
    SetField(change.field, change.value);
    ExpectRefused(SHMFLAKE_E_HEADER, {});
    ASSERT_TRUE(WriteInPlace(box_.region, good));
  }
  for (const char* field : {"name", "id_namespace"}) {
    for (const char fill : {'a', '\0'}) {  // without an end; empty
      SCOPED_TRACE(field);
      ASSERT_TRUE(WriteInPlace(box_.region, WithText(good, field, fill)));
      ExpectRefused(SHMFLAKE_E_HEADER, {});
    }
  }
  ASSERT_TRUE(WriteInPlace(box_.region, good));
  ExpectWorks();
}

TEST_F(DamagedFile, ACopyOfARegionIsRefusedWithBothInodes) {
  const FileImage original = ImageOf(box_.region);
  ASSERT_TRUE(PutInPlace(box_.region, original.bytes));
  ExpectRefused(SHMFLAKE_E_HEADER, {"copy", std::to_string(original.inode),
                                    std::to_string(ImageOf(box_.region).inode)});
}

TEST_F(DamagedFile, AStateWordOrACeilingThatCannotBeWasOverwritten) {
  const std::string good = Bytes();
  const struct {
    std::size_t at;
    std::uint64_t word;
  } words[] = {{kStateAt, 0},
               {kCeilingAt, 0},
               {kCeilingAt, ~0ULL},
               {kCeilingAt, ~0ULL >> 1},
               {kCeilingAt, 0x7123456789abc001}};
  for (const auto& damage : words) {
    SCOPED_TRACE(damage.word);
    ASSERT_TRUE(WriteInPlace(box_.region, BytesOf(damage.word), damage.at));
    ExpectRefused(SHMFLAKE_E_HEADER, {"overwritten", "below its birth"});
    ASSERT_TRUE(WriteInPlace(box_.region, good));
  }
  ExpectWorks();
}

TEST_F(DamagedFile, ASymbolicLinkIsNotFollowedEvenToAGoodRegion) {
  const std::string elsewhere = box_.state + "/elsewhere";
  const std::string good = Bytes();
  ASSERT_TRUE(PutInPlace(elsewhere, good));
  for (const std::string& target : {elsewhere, std::string("nowhere")}) {
    box_.RemoveRegion();
    ASSERT_EQ(0, ::symlink(target.c_str(), box_.region.c_str()));
    ExpectRefused(SHMFLAKE_E_SYMLINK, {"symbolic link"});
  }
  EXPECT_EQ(good, ImageOf(elsewhere).bytes);
}

TEST_F(DamagedFile, ASecondNameIsRefusedWithTheNumberOfLinksAndRemovingItHelps) {
  if (::link(box_.region.c_str(), (box_.regions + "/second").c_str()) != 0) GTEST_SKIP();
  const FileImage before = ImageOf(box_.region);
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_HARD_LINK, box_, {box_.region, "2 links"}));
  EXPECT_TRUE(before == ImageOf(box_.region));
  ASSERT_EQ(0, ::unlink((box_.regions + "/second").c_str()));
  ExpectWorks();
}

TEST_F(DamagedFile, WhatIsNoRegularFileIsRefusedAndNobodyWaitsForIt) {
  box_.RemoveRegion();
  ASSERT_EQ(0, ::mkdir(box_.region.c_str(), 0700));
  ExpectRefused(SHMFLAKE_E_NOT_REGULAR, {"regular file"});
  ASSERT_EQ(0, ::rmdir(box_.region.c_str()));
  ASSERT_EQ(0, ::mkfifo(box_.region.c_str(), 0600));
  ExpectRefused(SHMFLAKE_E_NOT_REGULAR, {"regular file"});
  ASSERT_EQ(0, ::unlink(box_.region.c_str()));
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, box_.region.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(0, ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  ExpectRefused(SHMFLAKE_E_NOT_REGULAR, {"regular file"});
  ::close(listener);
}

TEST_F(DamagedFile, AModeThatLetsOthersInIsRefusedWithTheMode) {
  for (const mode_t mode : {0666U, 0602U, 0604U, 0770U, 04600U}) {
    ASSERT_EQ(0, ::chmod(box_.region.c_str(), mode));
    char text[8];
    std::snprintf(text, sizeof(text), "%04o", mode);
    ExpectRefused(SHMFLAKE_E_MODE, {text, "0660"});
  }
  ASSERT_EQ(0, ::chmod(box_.region.c_str(), 0600));
  ExpectWorks();
}

TEST_F(DamagedFile, AFileOfAnotherUserIsRefusedWithBothUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(0, ::chown(box_.region.c_str(), 54321, 54322));
  ExpectRefused(SHMFLAKE_E_OWNER, {"user 0", "54321", "54322"});
  ASSERT_EQ(0, ::chown(box_.region.c_str(), 0, 0));
  ExpectWorks();
}

}  // namespace
}  // namespace flake::test
