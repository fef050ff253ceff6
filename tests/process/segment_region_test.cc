// SPDX-License-Identifier: Apache-2.0
// Segments when their region ends: retired, removed, truncated, overwritten, or left behind by a
// fork. No ID repeats, and callers see at most a pause.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/region_bytes.h"
#include "tests/support/sandbox.h"
#include "tests/support/segment_drawer.h"

namespace flake::test {
namespace {

constexpr char kTag[] = "orders";

class SegmentRegion : public ::testing::Test {
 protected:
  // `count` processes that draw without a pause until the end.
  void StartDrawing(int count, std::uint64_t step = 500) {
    for (int i = 0; i < count; ++i) {
      processes_.emplace_back([this, step] {
        const Flake flake = box_.MustOpen();
        int code = 0;
        const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(step), &code);
        if (Expect(0, code) != kGood) return kBad;
        SegmentDrawer drawer(segment.get(), log_);
        while (!stop_->load()) {
          if (Expect(0, drawer.Any(static_cast<std::uint64_t>(NowMs()))) != kGood) return kBad;
          drawn_->fetch_add(1);
          SleepMs(1);
        }
        return kGood;
      });
    }
    ASSERT_TRUE(DrawOn());
  }
  bool DrawOn(std::uint64_t more = 300) {
    const std::uint64_t before = drawn_->load();
    return Eventually([&] { return drawn_->load() >= before + more; }, 30'000);
  }
  void EndDrawing() {
    stop_->store(true);
    for (Process& process : processes_) EXPECT_EQ(kGood, process.Wait());
    processes_.clear();
    EXPECT_EQ("", CheckIds(log_, MaxIdOf(box_.state + "/segments.db", kTag)));
  }

  Sandbox box_;
  IdLog log_;
  Shared<std::atomic<bool>> stop_;
  Shared<std::atomic<std::uint64_t>> drawn_;
  std::vector<Process> processes_;
};

TEST_F(SegmentRegion, ARetiredOneIsFollowedAndIdsStillAscend) {
  StartDrawing(4);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(0, box_.Retire()) << shmflake_last_error();
    EXPECT_TRUE(DrawOn());
  }
  EndDrawing();
  EXPECT_EQ(0U, log_.disorder());
}

TEST_F(SegmentRegion, AHandleThatDrawsNoOtherIdsNoticesARetiredOneAtItsNextDraw) {
  const Flake flake = box_.MustOpen();
  const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(100));
  std::uint64_t first = 0;
  ASSERT_EQ(0, shmflake_segment_next(segment.get(), &first));
  ASSERT_EQ(0, box_.Retire());
  std::uint64_t id = 0;
  EXPECT_EQ(SHMFLAKE_E_WOULD_WAIT, shmflake_segment_next_nowait(segment.get(), &id));
  ASSERT_EQ(0, shmflake_segment_next(segment.get(), &id)) << shmflake_last_error();
  EXPECT_GT(id, 100U);  // what was left in the old region is a gap
}

TEST_F(SegmentRegion, ARemovedOneIsFollowed) {
  StartDrawing(4);
  box_.RemoveRegion();
  EXPECT_TRUE(DrawOn(2000));
  EndDrawing();
  EXPECT_TRUE(std::filesystem::exists(box_.region));
}

// What is left of the file is not ours to remove: draws fail until somebody did.
TEST_F(SegmentRegion, ATruncatedOneIsRefusedUntilItIsRemoved) {
  const Flake flake = box_.MustOpen();
  const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(500));
  SegmentDrawer drawer(segment.get(), log_);
  ASSERT_EQ(0, drawer.Times(1000));
  std::filesystem::resize_file(box_.region, 8192);
  EXPECT_EQ(SHMFLAKE_E_TRUNCATED, drawer.Next()) << shmflake_last_error();
  EXPECT_EQ(SHMFLAKE_E_TRUNCATED, drawer.NextN(10)) << shmflake_last_error();
  box_.RemoveRegion();
  EXPECT_EQ(0, drawer.Times(1000)) << shmflake_last_error();
  EXPECT_EQ("", CheckIds(log_, MaxIdOf(box_.state + "/segments.db", kTag)));
  EXPECT_EQ(0U, log_.disorder());
}

// The file as it was once, over the file as it is: the cursor goes back.
TEST_F(SegmentRegion, OneThatIsSetBackIsLeftBeforeAnIdRepeats) {
  const Flake flake = box_.MustOpen();
  const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(1'000'000));
  SegmentDrawer drawer(segment.get(), log_);
  ASSERT_EQ(0, drawer.Times(1000));
  const std::string copy = box_.state + "/copy";
  std::filesystem::copy_file(box_.region, copy);
  ASSERT_EQ(0, drawer.Times(10'000));
  const int from = ::open(copy.c_str(), O_RDONLY);
  const int to = ::open(box_.region.c_str(), O_WRONLY);
  std::string bytes(kRegionBytes, '\0');
  ASSERT_EQ(static_cast<ssize_t>(bytes.size()), ::pread(from, bytes.data(), bytes.size(), 0));
  ASSERT_EQ(static_cast<ssize_t>(bytes.size()), ::pwrite(to, bytes.data(), bytes.size(), 0));
  ::close(from);
  ::close(to);
  ASSERT_EQ(0, drawer.Times(10'000)) << shmflake_last_error();
  EXPECT_EQ("", CheckIds(log_, MaxIdOf(box_.state + "/segments.db", kTag)));
  EXPECT_EQ(0U, log_.disorder());
}

TEST_F(SegmentRegion, ZerosOverTheTagsAreNoReasonToRepeat) {
  StartDrawing(3);
  const int fd = ::open(box_.region.c_str(), O_WRONLY);
  const std::string zeros(kTagsBytes, '\0');
  ASSERT_GT(::pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(kTagsAt)), 0);
  ::close(fd);
  EXPECT_TRUE(DrawOn(2000));
  EndDrawing();
}

TEST_F(SegmentRegion, ParentAndChildrenDrawFromOneHandle) {
  const Flake flake = box_.MustOpen();
  const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(50));
  SegmentDrawer drawer(segment.get(), log_);
  ASSERT_EQ(0, drawer.Times(70));
  std::vector<Process> children;
  for (int i = 0; i < 20; ++i) {
    children.emplace_back([&] {
      SegmentDrawer mine(segment.get(), log_);
      return Expect(0, mine.Times(200));
    });
    ASSERT_EQ(0, drawer.Times(20));
  }
  for (Process& child : children) EXPECT_EQ(kGood, child.Wait());
  EXPECT_EQ("", CheckIds(log_, MaxIdOf(box_.state + "/segments.db", kTag)));
  EXPECT_EQ(0U, log_.disorder());
  EXPECT_EQ(70U + 20U * 220U, log_.size());
}

// A region directory on a disk, which came back after a power loss as it was some time before.
TEST_F(SegmentRegion, OneOfAnotherBootIsLeft) {
  const auto draw = [&] {
    Process process([&] {
      const Flake flake = box_.MustOpen();
      const Segment segment = OpenSegment(flake.get(), kTag, SegmentsOf(1000));
      if (segment == nullptr) return kBad;
      return Expect(0, SegmentDrawer(segment.get(), log_).Times(100));
    });
    EXPECT_EQ(kGood, process.Wait());
  };
  const auto read = [&] {
    std::ifstream file(box_.region, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  draw();
  const std::string before = read();
  draw();
  const std::string old = WithText(before, "boot_id", 'x');
  std::fstream file(box_.region, std::ios::binary | std::ios::in | std::ios::out);
  file.write(old.data(), static_cast<std::streamsize>(old.size()));
  file.close();
  draw();
  EXPECT_EQ("", CheckIds(log_, MaxIdOf(box_.state + "/segments.db", kTag)));
  EXPECT_EQ(300U, log_.size());
}

// What two hosts do with one store is the same as what a moved host does.
TEST_F(SegmentRegion, ANewHostGoesOnWhereTheStoreIs) {
  const std::string url = "sqlite:" + box_.state + "/segments.db";
  shmflake_segment_options options = SegmentsOf(100);
  options.store = url.c_str();
  std::uint64_t last = 0;
  for (int host = 0; host < 3; ++host) {
    const Sandbox other;
    const Flake flake = other.MustOpen();
    const Segment segment = OpenSegment(flake.get(), kTag, options);
    ASSERT_NE(nullptr, segment) << shmflake_last_error();
    std::uint64_t id = 0;
    ASSERT_EQ(0, shmflake_segment_next(segment.get(), &id));
    EXPECT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(201U, last);
}

}  // namespace
}  // namespace flake::test
