// SPDX-License-Identifier: Apache-2.0
// 32 processes on three tags, of two hosts that take segments from one store in turn, while they are
// killed, forked and stopped at random.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"
#include "tests/support/segment_drawer.h"

namespace flake::test {
namespace {

constexpr int kProcesses = 32;
constexpr std::array<const char*, 3> kTags = {"orders", "users", "zahlung\xc3\xa9n"};
constexpr std::uint64_t kStep = 2000;

class SegmentStorm : public ::testing::Test {
 protected:
  SegmentStorm() : url_("sqlite:" + hosts_[0].state + "/shared.db") {
    for (auto& host : logs_) {
      for (auto& log : host) log = std::make_unique<IdLog>(std::size_t{1} << 22);
    }
  }

  // Draws of all three tags on one host, until it is told to stop, and forks now and then.
  int Draw(std::size_t host, std::uint64_t seed) {
    const Flake flake = hosts_[host].MustOpen();
    Random random(seed);
    std::vector<Segment> segments;
    std::vector<SegmentDrawer> drawers;
    for (std::size_t tag = 0; tag < kTags.size(); ++tag) {
      shmflake_segment_options options = SegmentsOf(kStep);
      options.store = url_.c_str();
      int code = 0;
      segments.push_back(OpenSegment(flake.get(), kTags[tag], options, &code));
      if (Expect(0, code) != kGood) return kBad;
      drawers.emplace_back(segments.back().get(), *logs_[host][tag]);
    }
    while (!stop_->load()) {
      if (random.Below(1000) == 0) {  // a child that draws on, and ends in one way or another
        Process child([&] { return DrawSome(segments, host, random); });
        if (const int ended = child.Wait(); ended != kGood) return kBad;
      }
      if (Expect(0, drawers[random.Below(3)].Any(random())) != kGood) return kBad;
      drawn_->fetch_add(1, std::memory_order_relaxed);
    }
    return kGood;
  }

  int DrawSome(const std::vector<Segment>& segments, std::size_t host, Random& random) {
    for (int i = 0; i < 20; ++i) {
      const std::size_t tag = random.Below(3);
      SegmentDrawer drawer(segments[tag].get(), *logs_[host][tag]);
      if (Expect(0, drawer.Any(random())) != kGood) return kBad;
    }
    return kGood;
  }

  void ExpectNoRepeat() {
    for (std::size_t tag = 0; tag < kTags.size(); ++tag) {
      const std::uint64_t max_id = MaxIdOf(hosts_[0].state + "/shared.db", kTags[tag]);
      IdLog both(std::size_t{1} << 23);
      IdLog::Writer writer(both);
      for (std::size_t host = 0; host < hosts_.size(); ++host) {
        EXPECT_EQ(0U, logs_[host][tag]->disorder()) << kTags[tag] << " on host " << host;
        for (const std::uint64_t id : logs_[host][tag]->All()) writer.Append(id);
        EXPECT_FALSE(logs_[host][tag]->overflowed());
      }
      EXPECT_EQ("", CheckIds(both, max_id)) << kTags[tag];
      std::printf("%s: %zu IDs of 1..%llu\n", kTags[tag], both.size(),
                  static_cast<unsigned long long>(max_id));
    }
  }

  // Two hosts: two region directories and state directories.
  std::array<Sandbox, 2> hosts_;
  const std::string url_;
  std::array<std::array<std::unique_ptr<IdLog>, 3>, 2> logs_;
  Shared<std::atomic<bool>> stop_;
  Shared<std::atomic<std::uint64_t>> drawn_;
};

TEST_F(SegmentStorm, RepeatsNothingWhoeverIsKilledOrStopped) {
  Random random(static_cast<std::uint64_t>(NowMs()));
  std::vector<Process> processes;
  std::uint64_t seed = random();
  const auto start = [&](std::size_t index) {
    return Process([this, index, s = seed++] { return Draw(index % 2, s); });
  };
  for (std::size_t i = 0; i < kProcesses; ++i) processes.push_back(start(i));
  int killed = 0;
  for (const std::int64_t end = NowMs() + 6'000; NowMs() < end;) {
    SleepMs(static_cast<long>(random.Below(20)));
    const std::size_t index = random.Below(kProcesses);
    if (random.Below(4) == 0) {
      processes[index].Signal(SIGSTOP);
      SleepMs(static_cast<long>(random.Below(200)));
      processes[index].Signal(SIGCONT);
    } else {
      processes[index].Kill();
      ++killed;
      processes[index] = start(index);
    }
  }
  stop_->store(true);
  for (Process& process : processes) EXPECT_EQ(kGood, process.Wait());
  EXPECT_GT(killed, 20);
  EXPECT_GT(drawn_->load(), 10'000U);
  ExpectNoRepeat();
}

}  // namespace
}  // namespace flake::test
