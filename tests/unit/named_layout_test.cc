// SPDX-License-Identifier: Apache-2.0
// IDs that other systems published, with the instants that they published with them, each with its
// source; and the arithmetic of every named layout at its edges.
#include "core/named_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "core/setting_table.h"

namespace shmflake {
namespace {

// "2016-04-30T11:18:25.796Z".
std::string IsoTime(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(unix_ms % 1000));
  return text;
}

const IdFormat& FormatOf(const char* name) {
  const NamedLayout* layout = FindLayout(std::string_view(name));
  EXPECT_NE(nullptr, layout) << name;
  return layout->format;
}

struct Decoded {
  std::string time;
  IdParts parts;
};

Decoded Decode(const IdFormat& format, std::uint64_t id) {
  Decoded out;
  EXPECT_TRUE(SplitId(format, id, &out.parts)) << id;
  out.time = IsoTime(UnixMsOfTick(format, out.parts.timestamp));
  EXPECT_EQ(id, format.IdOf(format.StateOf(out.parts.timestamp, out.parts.sequence),
                            out.parts.worker_id));
  return out;
}

// ---------------------------------------------------------------- Published IDs

// developer.twitter.com, data dictionaries: the tweet object of v1.1 ("created_at": "Wed Oct 10
// 20:19:24 +0000 2018"), the example payload of v2 ("2020-09-18T18:36:15.000Z") and the example of
// GET statuses ("Tue Aug 28 19:59:34 +0000 2012"). Twitter publishes whole seconds.
TEST(NamedLayoutTest, TwitterDecodesTheTweetsOfItsDocumentation) {
  const IdFormat& format = FormatOf("twitter");
  EXPECT_EQ("2018-10-10T20:19:24.211Z", Decode(format, 1050118621198921728).time);
  EXPECT_EQ("2020-09-18T18:36:15.195Z", Decode(format, 1307025659294674945).time);
  const Decoded tweet = Decode(format, 240539141056638977);
  EXPECT_EQ("2012-08-28T19:59:34.886Z", tweet.time);
  EXPECT_EQ(1U, tweet.parts.datacenter_id);
  EXPECT_EQ(3U, tweet.parts.machine_id);
  EXPECT_EQ(1U, tweet.parts.sequence);
}

// discord.com/developers/docs/reference#snowflakes: its diagram takes 175928847299117063 apart,
// 2016-04-30 11:18:25.796 UTC, worker 1, process 0, increment 7.
TEST(NamedLayoutTest, DiscordDecodesTheSnowflakeOfItsDocumentation) {
  const Decoded snowflake = Decode(FormatOf("discord"), 175928847299117063);
  EXPECT_EQ("2016-04-30T11:18:25.796Z", snowflake.time);
  EXPECT_EQ(41944705796U, snowflake.parts.timestamp);
  EXPECT_EQ(1U, snowflake.parts.datacenter_id);
  EXPECT_EQ(0U, snowflake.parts.machine_id);
  EXPECT_EQ(7U, snowflake.parts.sequence);
}

// instagram-engineering.com, "Sharding & IDs at Instagram" (2012), has the epoch, 1314220021721,
// and the arithmetic: shard 1341 and sequence 5001 % 1024 of 1387263000 ms. It gives no instant
// that goes with them; a post of the API does: instagram.com/p/DHtWpRvMBiw of bbcnews, whose media
// object has "pk": "3597631270905977008" and "taken_at": 1743091089
// (github.com/kumarakshay2023/Instagram-post, readme.md).
TEST(NamedLayoutTest, InstagramDecodesAPostAndTheExampleOfItsEngineers) {
  const IdFormat& format = FormatOf("instagram");
  EXPECT_EQ("2025-03-27T15:58:09.591Z", Decode(format, 3597631270905977008).time);
  EXPECT_EQ(1743091089, UnixMsOfTick(format, 3597631270905977008 >> 23) / 1000);
  const std::uint64_t example =
      std::uint64_t{1387263000} << (64 - 41) | std::uint64_t{1341} << (64 - 41 - 13) | 5001 % 1024;
  const Decoded photo = Decode(format, example);
  EXPECT_EQ(1387263000U, photo.parts.timestamp);
  EXPECT_EQ(1341U, photo.parts.worker_id);
  EXPECT_EQ(905U, photo.parts.sequence);
}

// docs.joinmastodon.org/entities/Status: "id": "103270115826048975", "created_at":
// "2019-12-08T03:48:33.901Z". The database makes the ID when its transaction begins, the
// application sets created_at: they are 52 ms apart.
TEST(NamedLayoutTest, MastodonDecodesTheStatusOfItsDocumentation) {
  const Decoded status = Decode(FormatOf("mastodon"), 103270115826048975);
  EXPECT_EQ("2019-12-08T03:48:33.849Z", status.time);
  EXPECT_EQ(40911U, status.parts.sequence);
  EXPECT_EQ(0U, status.parts.worker_id);
}

// What sonyflake.Decompose() said of IDs that it made: {"id":133591991580950539,"machine-id":11,
// "msb":0,"sequence":5,"time":7962703203} and the ones after it (the README of an ID service for
// Docker Swarm on sony/sonyflake), {"id":257532141091473317,"machine-id":51109,"msb":0,
// "sequence":0,"time":15350111788} (a comment in another user's model). time is in units of 10 ms
// since 2014-09-01T00:00:00Z, as sonyflake.go says; the instants are computed from that.
TEST(NamedLayoutTest, SonyflakeDecodesWhatItsDecomposeSaid) {
  const IdFormat& format = FormatOf("sonyflake");
  const Decoded first = Decode(format, 133591991580950539);
  EXPECT_EQ(7962703203U, first.parts.timestamp);
  EXPECT_EQ("2017-03-10T14:37:12.030Z", first.time);
  EXPECT_EQ(11U, first.parts.worker_id);
  EXPECT_EQ(5U, first.parts.sequence);
  const Decoded next = Decode(format, 133591991597400075);
  EXPECT_EQ(7962703204U, next.parts.timestamp);
  EXPECT_EQ(0U, next.parts.sequence);
  const Decoded other = Decode(format, 257532141091473317);
  EXPECT_EQ(15350111788U, other.parts.timestamp);
  EXPECT_EQ("2019-07-13T15:11:57.880Z", other.time);
  EXPECT_EQ(51109U, other.parts.worker_id);
  EXPECT_EQ(0U, other.parts.sequence);
}

// No ID of Leaf's was found together with its instant. LeafMonitorController.java shows an output
// of decodeSnowflakeId without the input, "timestamp": "1567733700834(2019-09-06 09:35:00.834)"
// (in UTC+8), "sequenceId": "3448", "workerId": "39", and the shifts, which give the input here.
TEST(NamedLayoutTest, LeafDecodesTheAnswerOfItsMonitorPage) {
  const std::uint64_t id =
      std::uint64_t{1567733700834 - 1288834974657} << 22 | std::uint64_t{39} << 12 | 3448;
  EXPECT_EQ(1169786042799259000U, id);
  const Decoded decoded = Decode(FormatOf("leaf"), id);
  EXPECT_EQ("2019-09-06T01:35:00.834Z", decoded.time);
  EXPECT_EQ(39U, decoded.parts.worker_id);
  EXPECT_EQ(3448U, decoded.parts.sequence);
}

// github.com/baidu/uid-generator, README.md: {"UID":"180363646902239241","timestamp":
// "2017-01-19 12:15:46","workerId":"4","sequence":"9"} in UTC+8, made with the settings that the
// README gives for Spring: 29/21/13 since 2016-09-20. No ID of the default bits was found with its
// instant; DefaultUidGenerator.java says of these "until to 2024-11-20 21:24:16", in UTC+8 too.
TEST(NamedLayoutTest, BaiduDecodesTheExampleOfItsReadmeAndEndsWhenItSays) {
  IdFormat format = FormatOf("baidu");
  EXPECT_EQ("2016-05-19T16:00:00.000Z", IsoTime(format.epoch_ms));
  EXPECT_EQ("2024-11-20T13:24:16.000Z", IsoTime(UnixMsOfTick(format, format.max_timestamp() + 1)));
  const Decoded of_default = Decode(format, 180363646902239241);
  EXPECT_EQ(4U, of_default.parts.worker_id);
  EXPECT_EQ(9U, of_default.parts.sequence);
  format.timestamp_bits = 29;
  format.machine_bits = 21;
  format.epoch_ms = 1474300800000;  // 2016-09-20T00:00:00+08:00
  const Decoded example = Decode(format, 180363646902239241);
  EXPECT_EQ("2017-01-19T04:15:46.000Z", example.time);
  EXPECT_EQ(4U, example.parts.worker_id);
  EXPECT_EQ(9U, example.parts.sequence);
}

// github.com/f4b6a3/tsid-creator, README.md, has for one TSID getInstant()
// 2020-04-15T22:31:02.458Z, getTime() 9153062458 and getRandom() 305516, which is its low 22 bits;
// and the number 38352658567418872, written 01226N0640J7Q, without an instant.
TEST(NamedLayoutTest, TsidDecodesTheExamplesOfItsReadme) {
  const IdFormat& format = FormatOf("tsid");
  const Decoded tsid = Decode(format, std::uint64_t{9153062458} << 22 | 305516);
  EXPECT_EQ("2020-04-15T22:31:02.458Z", tsid.time);
  EXPECT_EQ(305516U >> 12, tsid.parts.worker_id);
  EXPECT_EQ(305516U & 4095, tsid.parts.sequence);
  EXPECT_EQ("2020-04-15T19:59:46.360Z", Decode(format, 38352658567418872).time);
}

// No public source of mid's with an ID was found: by its arithmetic, Twitter's shifts since 2021.
TEST(NamedLayoutTest, MidDecodesByItsOwnArithmetic) {
  const std::uint64_t id = std::uint64_t{1700000000000 - 1609459200000} << 22 |
                           std::uint64_t{2} << 17 | std::uint64_t{5} << 12 | 77;
  const Decoded decoded = Decode(FormatOf("mid"), id);
  EXPECT_EQ("2023-11-14T22:13:20.000Z", decoded.time);
  EXPECT_EQ(2U, decoded.parts.datacenter_id);
  EXPECT_EQ(5U, decoded.parts.machine_id);
  EXPECT_EQ(77U, decoded.parts.sequence);
}

// This library's own two: by arithmetic.
TEST(NamedLayoutTest, TheLibrarysOwnLayoutsDecodeByArithmetic) {
  const std::uint64_t id =
      std::uint64_t{1700000000000 - 1609459200000} << 20 | std::uint64_t{200} << 12 | 77;
  const Decoded decoded = Decode(FormatOf("default"), id);
  EXPECT_EQ("2023-11-14T22:13:20.000Z", decoded.time);
  EXPECT_EQ(3U, decoded.parts.datacenter_id);
  EXPECT_EQ(8U, decoded.parts.machine_id);
  const std::uint64_t safe =
      std::uint64_t{(1800000000000 - 1735689600000) / 100} << 18 | std::uint64_t{63} << 12 | 4095;
  const Decoded of_safe = Decode(FormatOf("js53"), safe);
  EXPECT_EQ("2027-01-15T08:00:00.000Z", of_safe.time);
  EXPECT_EQ(63U, of_safe.parts.worker_id);
  EXPECT_EQ(4095U, of_safe.parts.sequence);
}

// ---------------------------------------------------------------- All of them

TEST(NamedLayoutTest, EveryLayoutIsValidAndFoundByNameAndByFormat) {
  std::set<std::string> names;
  for (const NamedLayout& layout : NamedLayouts()) {
    EXPECT_TRUE(ValidateFormat(layout.format).ok()) << layout.name;
    EXPECT_TRUE(names.insert(layout.name).second) << layout.name;
    EXPECT_EQ(&layout, FindLayout(std::string_view(layout.name)));
    EXPECT_EQ(&layout, FindLayout(layout.format));
  }
  for (const char* name : {"", "Twitter", "twitter ", "snowflake"}) {
    EXPECT_EQ(nullptr, FindLayout(std::string_view(name))) << name;
  }
  IdFormat other = FormatOf("twitter");
  other.epoch_ms = 1;
  EXPECT_EQ(nullptr, FindLayout(other));
  EXPECT_EQ(FindLayout(IdFormat{}), NamedLayouts().data()) << "the default is the first";
}

TEST(NamedLayoutTest, TheSettingKnowsExactlyTheNames) {
  std::string names;
  for (const NamedLayout& layout : NamedLayouts()) names += std::string(layout.name) + "|";
  EXPECT_EQ(names, FindSetting("layout")->choices);
}

TEST(NamedLayoutTest, WhatALayoutSaysOfItselfFitsTheCAbiAndNamesTheYearItEnds) {
  for (const NamedLayout& layout : NamedLayouts()) {
    EXPECT_LT(std::strlen(layout.name), 16U);
    EXPECT_LT(std::strlen(layout.about), 192U) << layout.name;
    const std::string year =
        IsoTime(UnixMsOfTick(layout.format, layout.format.max_timestamp())).substr(0, 4);
    EXPECT_NE(std::string::npos, std::string(layout.about).find("until " + year))
        << layout.about << ": " << year;
  }
}

TEST(NamedLayoutTest, SplittingAndJoiningAreInverseAtTheEdgesOfEveryLayout) {
  for (const NamedLayout& layout : NamedLayouts()) {
    const IdFormat& f = layout.format;
    const auto edges = [](std::uint64_t end) {
      return std::set<std::uint64_t>{0, std::min<std::uint64_t>(1, end), end / 2,
                                     end - std::min<std::uint64_t>(1, end), end};
    };
    for (const std::uint64_t tick : edges(f.max_timestamp())) {
      for (const std::uint64_t worker : edges(f.max_worker_id())) {
        for (const std::uint64_t sequence : edges(f.max_sequence())) {
          const std::uint64_t id = f.IdOf(f.StateOf(tick, sequence), worker);
          IdParts parts;
          ASSERT_TRUE(SplitId(f, id, &parts)) << layout.name;
          ASSERT_EQ(tick, parts.timestamp) << layout.name;
          ASSERT_EQ(worker, parts.worker_id) << layout.name;
          ASSERT_EQ(sequence, parts.sequence) << layout.name;
          ASSERT_EQ(worker, parts.datacenter_id << f.machine_bits | parts.machine_id);
        }
      }
    }
    IdParts parts;
    const std::uint64_t largest = f.IdOf(f.state_end() - 1, f.max_worker_id());
    EXPECT_EQ(LowMask(f.id_bits()), largest) << layout.name;
    EXPECT_FALSE(SplitId(f, largest + 1, &parts)) << layout.name;
    EXPECT_FALSE(SplitId(f, ~std::uint64_t{0}, &parts)) << layout.name;
  }
}

TEST(NamedLayoutTest, Js53StaysWithinSafeIntegersForAHundredYears) {
  const IdFormat& format = FormatOf("js53");
  EXPECT_EQ((std::uint64_t{1} << 53) - 1, format.IdOf(format.state_end() - 1, 63));
  const std::int64_t range_ms =
      UnixMsOfTick(format, format.max_timestamp() + 1) - UnixMsOfTick(format, 0);
  EXPECT_GE(range_ms, std::int64_t{100} * 366 * 86'400'000);
}

}  // namespace
}  // namespace shmflake
