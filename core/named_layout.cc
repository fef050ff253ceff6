// SPDX-License-Identifier: Apache-2.0
#include "core/named_layout.h"

namespace shmflake {
namespace {

constexpr IdFormat Layout(std::uint32_t timestamp, std::uint32_t datacenter, std::uint32_t machine,
                          std::uint32_t sequence, std::uint32_t tick_us, std::int64_t epoch_ms,
                          FieldOrder order = FieldOrder::kSequenceLast) {
  return {.timestamp_bits = timestamp,
          .datacenter_bits = datacenter,
          .machine_bits = machine,
          .sequence_bits = sequence,
          .tick_us = tick_us,
          .epoch_ms = epoch_ms,
          .order = order};
}

constexpr std::uint32_t kMs = 1000;
constexpr std::uint32_t kSecond = 1'000'000;

// Where a system uses all 64 bits, its timestamp has a bit more than here: the sign bit stays 0,
// which its IDs have until that bit is needed (the years after "until").
constexpr NamedLayout kLayouts[] = {
    {"default", IdFormat{}, "this library's default: 43/2+6/12, 1 ms since 2021, until 2299"},
    // github.com/twitter-archive/snowflake, IdWorker.scala: twepoch and the shifts.
    {"twitter", Layout(41, 5, 5, 12, kMs, 1'288'834'974'657),
     "Twitter's snowflake of 2010: 41/5+5/12, 1 ms since 2010-11-04, until 2080"},
    // discord.com/developers/docs/reference#snowflakes: 42 bits of ms, 5 worker, 5 process, 12.
    {"discord", Layout(41, 5, 5, 12, kMs, 1'420'070'400'000),
     "Discord: 42/5+5/12, 1 ms since 2015, until 2084 with the sign bit 0"},
    // instagram-engineering.com, "Sharding & IDs at Instagram", 2012: 41 ms, 13 shard, 10 sequence,
    // and its our_epoch.
    {"instagram", Layout(40, 0, 13, 10, kMs, 1'314'220'021'721),
     "Instagram: 41/13/10, 1 ms since 2011-08-24, until 2046 with the sign bit 0"},
    // github.com/mastodon/mastodon, lib/mastodon/snowflake.rb: 48 bits of Unix ms, 16 of sequence.
    {"mastodon", Layout(47, 0, 0, 16, kMs, 0),
     "Mastodon: 48/16, Unix ms, until 6429 with the sign bit 0; no worker ID: one region for all"},
    // github.com/sony/sonyflake, v1, sonyflake.go: 39 bits of 10 ms, 8 sequence, 16 machine, in
    // this order.
    {"sonyflake", Layout(39, 0, 16, 8, 10 * kMs, 1'409'529'600'000, FieldOrder::kWorkerLast),
     "Sonyflake: 39/8 sequence/16 machine, 10 ms since 2014-09-01, until 2188; 25,600 IDs a "
     "second; a worker's IDs are all alike in their low 16 bits, so do not shard by these"},
    // github.com/Meituan-Dianping/Leaf, SnowflakeIDGenImpl.java and LeafMonitorController.java.
    {"leaf", Layout(41, 0, 10, 12, kMs, 1'288'834'974'657),
     "Leaf's snowflake mode: 41/10/12, 1 ms since Twitter's epoch, until 2080"},
    // github.com/baidu/uid-generator, DefaultUidGenerator.java: 2016-05-20 in UTC+8.
    {"baidu", Layout(28, 0, 22, 13, kSecond, 1'463'673'600'000),
     "uid-generator: 28/22/13, 1 s since 2016-05-20 in UTC+8, until 2024-11-20: set epoch_ms"},
    // mid, an ID service in Go (gRPC IDMaker): Twitter's bits since 2021.
    {"mid", Layout(41, 5, 5, 12, kMs, kDefaultEpochMs),
     "mid: 41/5+5/12, 1 ms since 2021, until 2090"},
    // github.com/f4b6a3/tsid-creator, README.md: 42 bits of ms since 2020, 10 node, 12 counter.
    {"tsid", Layout(41, 0, 10, 12, kMs, 1'577'836'800'000),
     "TSID: 42/10/12, 1 ms since 2020, until 2089 with the sign bit 0"},
    // ECMA-262, Number.MAX_SAFE_INTEGER = 2^53 - 1.
    {"js53", Layout(35, 0, 6, 12, 100 * kMs, 1'735'689'600'000),
     "53 bits, JavaScript's safe integers: 35/6/12 since 2025, until 2133; gives up resolution "
     "(100 ms), hosts (64) and rate (40,960 IDs a second)"},
};

}  // namespace

std::span<const NamedLayout> NamedLayouts() noexcept { return kLayouts; }

const NamedLayout* FindLayout(std::string_view name) noexcept {
  for (const NamedLayout& layout : kLayouts) {
    if (name == layout.name) return &layout;
  }
  return nullptr;
}

const NamedLayout* FindLayout(const IdFormat& format) noexcept {
  for (const NamedLayout& layout : kLayouts) {
    if (format == layout.format) return &layout;
  }
  return nullptr;
}

}  // namespace shmflake
