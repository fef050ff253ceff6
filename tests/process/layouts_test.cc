// SPDX-License-Identifier: Apache-2.0
// Layouts by name through the C ABI: listed, used to decode, made a region of, and seen in status;
// and structs of callers that were compiled with an older or a newer header.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "tests/support/refused.h"

namespace flake::test {
namespace {

std::vector<shmflake_layout_info> Layouts() {
  std::vector<shmflake_layout_info> all;
  for (std::size_t i = 0;; ++i) {
    shmflake_layout_info info{};
    info.struct_size = sizeof(info);
    if (shmflake_layout(i, &info) != 0) return all;
    all.push_back(info);
  }
}

class LayoutsTest : public ::testing::Test {
 protected:
  LayoutsTest() : options_(box_.Options()) {}

  shmflake_options* Named(const char* layout) {
    options_.layout = layout;
    // Baidu's own epoch is over.
    options_.epoch_ms = layout == std::string("baidu") ? 1'700'000'000'000 : 0;
    const bool has_worker = layout != std::string("mastodon");
    options_.worker_id = has_worker ? 1 : 0;
    options_.set = SHMFLAKE_SET_WORKER_ID;
    return &options_;
  }

  const Sandbox box_;
  shmflake_options options_;
};

TEST_F(LayoutsTest, TheyAreListedWithBitsThatAddUp) {
  std::set<std::string> names;
  for (const shmflake_layout_info& info : Layouts()) {
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_STRNE("", info.about);
    EXPECT_EQ(info.id_bits,
              info.timestamp_bits + info.datacenter_bits + info.machine_bits + info.sequence_bits);
    EXPECT_GT(info.until_unix_ms, info.epoch_ms);
    EXPECT_EQ(std::string("sonyflake") == info.name ? 1U : 0U, info.worker_last);
    EXPECT_EQ(std::string("js53") == info.name ? 53U : 63U, info.id_bits);
    EXPECT_EQ(sizeof(info), info.struct_size);
  }
  EXPECT_EQ((std::set<std::string>{"default", "twitter", "discord", "instagram", "mastodon",
                                   "sonyflake", "leaf", "baidu", "mid", "tsid", "js53"}),
            names);
}

TEST_F(LayoutsTest, PastTheLastOneAndWithoutASizeThereIsAnErrorAndNothingWritten) {
  const std::size_t count = Layouts().size();
  shmflake_layout_info info{};
  info.struct_size = sizeof(info);
  for (const std::size_t index : {count, ~std::size_t{0}}) {
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_NOT_FOUND, shmflake_layout(index, &info),
                             {"0.." + std::to_string(count - 1), std::to_string(index)}));
  }
  for (const std::size_t size : {sizeof(info) - 1, std::size_t{0}, std::size_t{1} << 20}) {
    info.struct_size = size;
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_STRUCT_SIZE, shmflake_layout(0, &info),
                             {std::to_string(size), std::to_string(sizeof(info))}));
  }
  EXPECT_EQ('\0', info.name[0]);
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_layout(0, nullptr));
}

TEST_F(LayoutsTest, AnIdIsDecodedByTheNameOfItsLayout) {
  shmflake_parts parts{};
  // The example of Discord's documentation, 2016-04-30 11:18:25.796 UTC.
  ASSERT_EQ(0, shmflake_decode_layout("discord", 175928847299117063, &parts));
  EXPECT_EQ(1462015105796, parts.unix_ms);
  EXPECT_EQ(1462015105796'000'000, parts.unix_ns);
  EXPECT_EQ(41944705796U, parts.timestamp);
  EXPECT_EQ(1U, parts.datacenter_id);
  EXPECT_EQ(0U, parts.machine_id);
  EXPECT_EQ(32U, parts.worker_id);
  EXPECT_EQ(7U, parts.sequence);
  ASSERT_EQ(0, shmflake_decode_layout("sonyflake", 133591991580950539, &parts));
  EXPECT_EQ(11U, parts.worker_id);
  EXPECT_EQ(5U, parts.sequence);
}

TEST_F(LayoutsTest, AnUnknownNameIsRefusedWithTheOnesThatThereAre) {
  shmflake_parts parts{};
  parts.worker_id = 77;
  for (const char* name : {"", "Twitter", "snowflake", "twitter\n"}) {
    EXPECT_EQ(kGood, Refused(SHMFLAKE_E_LAYOUT, shmflake_decode_layout(name, 1, &parts),
                             {"twitter, discord", "js53"}))
        << name;
  }
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_decode_layout("js53", 1ULL << 53, &parts),
                           {"53 bits", std::to_string(1ULL << 53)}));
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_ID, shmflake_decode_layout("twitter", 1ULL << 63, &parts),
                           {"63 bits", std::to_string(1ULL << 63)}));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_decode_layout(nullptr, 1, &parts));
  EXPECT_EQ(SHMFLAKE_E_NULL_ARGUMENT, shmflake_decode_layout("twitter", 1, nullptr));
  EXPECT_EQ(77U, parts.worker_id);
}

TEST_F(LayoutsTest, ARegionOfEachDrawsAndItsStatusNamesTheLayout) {
  for (const shmflake_layout_info& layout : Layouts()) {
    SCOPED_TRACE(layout.name);
    int code = 0;
    const Flake flake = box_.Open(&code, Named(layout.name), layout.name);
    ASSERT_EQ(0, code) << shmflake_last_error();
    std::uint64_t id = 0;
    shmflake_parts parts{};
    ASSERT_EQ(0, shmflake_next(flake.get(), &id)) << shmflake_last_error();
    ASSERT_EQ(0, shmflake_decode(flake.get(), id, &parts));
    EXPECT_EQ(options_.worker_id, parts.worker_id);
    EXPECT_LE(std::abs(parts.unix_ms - NowMs()), 5000);
    const shmflake_status_info status = StatusOf(flake.get());
    EXPECT_STREQ(options_.epoch_ms != 0 ? "" : layout.name, status.layout);
    EXPECT_EQ(layout.worker_last, status.worker_last);
    EXPECT_EQ(layout.id_bits, status.id_bits);
    EXPECT_EQ(layout.timestamp_bits, status.timestamp_bits);
    EXPECT_EQ(layout.sequence_bits, status.sequence_bits);
    EXPECT_EQ(layout.tick_us, status.tick_us);
  }
}

TEST_F(LayoutsTest, ABlockIsRefusedWhereTheWorkerIdIsLast) {
  const Flake flake = box_.MustOpen(Named("sonyflake"));
  std::uint64_t first = 7;
  std::uint64_t count = 7;
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_LAYOUT, shmflake_next_block(flake.get(), 2, &first, &count),
                           {"next_n", "39/8"}));
  EXPECT_EQ(7U, first);
}

TEST_F(LayoutsTest, AnUnknownLayoutIsRefusedBeforeAnythingIsMade) {
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_LAYOUT, box_, {"layout", "\"twitter\"", "\"snow\""},
                               Named("snow")));
  Named("twitter")->sequence_bits = 13;
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_LAYOUT, box_, {"sequence_bits", "\"twitter\"", "12: 13"},
                               &options_));
  EXPECT_EQ("", box_.ListRegions());
}

// ---------------------------------------------------------------- Older and newer headers

TEST_F(LayoutsTest, OptionsOfAnOlderHeaderHaveNoLayout) {
  constexpr std::size_t kOldSize = offsetof(shmflake_options, layout);
  EXPECT_EQ(152U, kOldSize);
  options_.struct_size = kOldSize;
  options_.layout = "snow";  // what lies behind the caller's struct is not looked at
  const Flake flake = box_.MustOpen(&options_);
  EXPECT_STREQ("default", StatusOf(flake.get()).layout);
}

TEST_F(LayoutsTest, StatusFillsAsMuchAsTheCallersStructHas) {
  const Flake flake = box_.MustOpen(Named("twitter"));
  constexpr std::size_t kOldSize = offsetof(shmflake_status_info, layout);
  EXPECT_EQ(840U, kOldSize);
  struct {
    shmflake_status_info info;
    unsigned char behind[64];
  } buffer;
  for (const std::size_t size :
       {kOldSize, kOldSize + 16, sizeof(shmflake_status_info), sizeof(shmflake_status_info) + 32}) {
    std::memset(&buffer, 0xaa, sizeof(buffer));
    buffer.info.struct_size = size;
    ASSERT_EQ(0, shmflake_status(flake.get(), &buffer.info)) << shmflake_last_error();
    EXPECT_EQ(size, buffer.info.struct_size);
    EXPECT_STREQ("default", buffer.info.name);
    EXPECT_EQ(12U, buffer.info.sequence_bits);
    if (size >= kOldSize + 16) {
      EXPECT_STREQ("twitter", buffer.info.layout);
    }
    if (size >= sizeof(shmflake_status_info)) {
      EXPECT_EQ(63U, buffer.info.id_bits);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(&buffer);
    for (std::size_t i = sizeof(shmflake_status_info); i < size; ++i) ASSERT_EQ(0, bytes[i]);
    for (std::size_t i = size; i < sizeof(buffer); ++i) ASSERT_EQ(0xaa, bytes[i]) << i;
  }
  buffer.info.struct_size = kOldSize - 1;
  EXPECT_EQ(kGood, Refused(SHMFLAKE_E_STRUCT_SIZE, shmflake_status(flake.get(), &buffer.info),
                           {"840", ": 839"}));
}

}  // namespace
}  // namespace flake::test
