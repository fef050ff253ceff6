// SPDX-License-Identifier: Apache-2.0
// The region file is damaged, replaced or removed while processes draw from it: they follow to a
// new region or refuse, with a code; they never crash, hang or repeat an ID.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/crowd.h"
#include "tests/support/file_image.h"
#include "tests/support/refused.h"
#include "tests/support/region_bytes.h"

namespace flake::test {
namespace {

std::string RandomBytes(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(random());
  return bytes;
}
std::string Zeros(std::size_t size) { return std::string(size, '\0'); }
std::string Ones(std::size_t size) { return std::string(size, '\xff'); }

class DamagedRegion : public ::testing::Test {
 protected:
  DamagedRegion() : options_(box_.Options()) { options_.wait_timeout_ms = 100; }
  ~DamagedRegion() override {
    EXPECT_EQ(kGood, crowd_.End());
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }
  void SetUp() override { ASSERT_TRUE(crowd_.Start(3, options_)); }

  bool Overwrite(const std::string& bytes, std::size_t at) {
    return WriteInPlace(box_.region, bytes, at);
  }
  // The crowd stands still, a newcomer gets the code, and the file is nobody's to change.
  // `untouched`: how much of it; a region that is understood may go on counting refusals.
  void ExpectRefused(int newcomers_code, const std::vector<std::string>& parts,
                     std::size_t untouched = kRegionBytes) {
    EXPECT_TRUE(crowd_.IsRefused());
    FileImage before = ImageOf(box_.region);
    EXPECT_EQ(kGood, OpenRefused(newcomers_code, box_, parts, &options_));
    EXPECT_EQ(kGood, Refused(newcomers_code, box_.Retire(100), parts));
    EXPECT_TRUE(crowd_.IsRefused());
    FileImage after = ImageOf(box_.region);
    for (FileImage* image : {&before, &after}) {
      image->bytes.resize(std::min(untouched, image->bytes.size()));
    }
    EXPECT_TRUE(before == after) << "the file was touched";
  }
  // What the manual tells the operator to do: remove the file. Then all draw on, above all that
  // was drawn.
  void ExpectRemovingHelps() {
    box_.RemoveRegion();
    Process newcomer([&] {
      int code = 0;
      Flake flake;
      (void)Eventually([&] {
        flake = box_.Open(&code);
        return flake != nullptr || code != SHMFLAKE_E_SPLIT_BRAIN;
      });
      if (flake == nullptr) return Expect(0, code);
      Drawer drawer(flake.get(), log_);
      return Expect(0, drawer.Times(1000));
    });
    EXPECT_EQ(kGood, newcomer.Wait());
    EXPECT_TRUE(crowd_.DrawsOn());
  }
  void ExpectOnlyCodes(std::vector<int> codes) {
    codes.insert(codes.end(), {SHMFLAKE_E_REGION_LOST, SHMFLAKE_E_SPLIT_BRAIN});
    EXPECT_EQ("", crowd_.CodesBut(codes));
  }

  Sandbox box_;
  IdLog log_{std::size_t{1} << 25};
  shmflake_options options_;
  Crowd crowd_{box_, log_};
};

TEST_F(DamagedRegion, RemovedItIsFollowedByANewOne) {
  for (int round = 0; round < 5; ++round) ExpectRemovingHelps();
  ExpectOnlyCodes({});
}

TEST_F(DamagedRegion, TruncatedToAnySizeItIsRefusedWithTheSizeUntilItIsRemoved) {
  for (const off_t size : {off_t{0}, off_t{1}, off_t{4096}, static_cast<off_t>(kRegionBytes) / 2,
                           static_cast<off_t>(kRegionBytes) - 1}) {
    SCOPED_TRACE(size);
    ASSERT_EQ(0, ::truncate(box_.region.c_str(), size));
    ExpectRefused(SHMFLAKE_E_TRUNCATED, {std::to_string(kRegionBytes), std::to_string(size)});
    ExpectRemovingHelps();
  }
  EXPECT_NE(std::string::npos, crowd_.Message(SHMFLAKE_E_TRUNCATED).find("truncated"));
  ExpectOnlyCodes({SHMFLAKE_E_TRUNCATED});
}

TEST_F(DamagedRegion, TruncatedAndFilledUpAgainWithZerosItIsNoRegion) {
  ASSERT_EQ(0, ::truncate(box_.region.c_str(), 0));
  ASSERT_EQ(0, ::truncate(box_.region.c_str(), static_cast<off_t>(kRegionBytes)));
  ExpectRefused(SHMFLAKE_E_MAGIC, {box_.region});
  ExpectRemovingHelps();
  ExpectOnlyCodes({SHMFLAKE_E_MAGIC, SHMFLAKE_E_TRUNCATED});
}

TEST_F(DamagedRegion, ReplacedByAForeignFileItIsRefusedAndTheForeignFileIsKept) {
  const struct {
    std::string bytes;
    int code;
  } files[] = {{"somebody's notes", SHMFLAKE_E_MAGIC},
               {"", SHMFLAKE_E_TRUNCATED},
               {RandomBytes(kRegionBytes, 1), SHMFLAKE_E_MAGIC}};
  for (const auto& file : files) {
    ASSERT_TRUE(PutInPlace(box_.region, file.bytes));
    ExpectRefused(file.code, {box_.region});
    EXPECT_EQ(file.bytes, ImageOf(box_.region).bytes);
    ExpectRemovingHelps();
  }
  ExpectOnlyCodes({SHMFLAKE_E_MAGIC, SHMFLAKE_E_TRUNCATED});
}

TEST_F(DamagedRegion, ReplacedByALinkOrADirectoryItIsRefusedWithACodeOfItsOwn) {
  box_.RemoveRegion();
  ASSERT_EQ(0, ::symlink("/dev/null", box_.region.c_str()));
  ExpectRefused(SHMFLAKE_E_SYMLINK, {box_.region});
  ExpectRemovingHelps();
  box_.RemoveRegion();
  if (::mkdir(box_.region.c_str(), 0700) == 0) {
    ExpectRefused(SHMFLAKE_E_NOT_REGULAR, {box_.region});
    ASSERT_EQ(0, ::rmdir(box_.region.c_str()));
  }
  ExpectRemovingHelps();
  ExpectOnlyCodes({SHMFLAKE_E_SYMLINK, SHMFLAKE_E_NOT_REGULAR});
}

TEST_F(DamagedRegion, AnOverwrittenHeaderIsRefusedAndNotAByteOfTheFileIsChanged) {
  for (const std::string& bytes : {Zeros(4096), Ones(4096), RandomBytes(4096, 2)}) {
    ASSERT_TRUE(Overwrite(bytes, 0));
    ExpectRefused(SHMFLAKE_E_MAGIC, {box_.region});
    ExpectRemovingHelps();
  }
  ExpectOnlyCodes({SHMFLAKE_E_MAGIC});
}

TEST_F(DamagedRegion, AFileThatIsOverwrittenAsAWholeIsRefusedAndNotAByteOfItIsChanged) {
  for (const std::string& bytes :
       {Zeros(kRegionBytes), Ones(kRegionBytes), RandomBytes(kRegionBytes, 3)}) {
    ASSERT_TRUE(Overwrite(bytes, 0));
    ExpectRefused(SHMFLAKE_E_MAGIC, {box_.region});
    ExpectRemovingHelps();
  }
  ExpectOnlyCodes({SHMFLAKE_E_MAGIC});
}

TEST_F(DamagedRegion, AStateWordOfZerosIsSeenAsOverwritten) {
  ASSERT_TRUE(Overwrite(Zeros(8), kStateAt));
  ExpectRefused(SHMFLAKE_E_HEADER, {box_.region, "below its birth"}, kSlotsAt);
  ExpectRemovingHelps();
  ExpectOnlyCodes({SHMFLAKE_E_HEADER, SHMFLAKE_E_RETIRED});
}

// A value ahead of all that was issued cannot be told from a clock that was set back: nobody draws,
// and nobody draws again what was drawn.
TEST_F(DamagedRegion, AStateWordFarAheadIsRefusedUntilTheFileIsRemoved) {
  for (const std::uint64_t word :
       {~std::uint64_t{0}, ~std::uint64_t{0} >> 1, std::uint64_t{0x7123456789abcdef},
        std::uint64_t{0x8123} << 48}) {
    SCOPED_TRACE(word);
    ASSERT_TRUE(Overwrite(BytesOf(word), kStateAt));
    EXPECT_TRUE(crowd_.IsRefused());
    ExpectRemovingHelps();
  }
  ExpectOnlyCodes({SHMFLAKE_E_CLOCK_BEHIND, SHMFLAKE_E_TIME_RANGE, SHMFLAKE_E_RECOVERY,
                   SHMFLAKE_E_CEILING, SHMFLAKE_E_RETIRED});
}

TEST_F(DamagedRegion, ACeilingOfZerosIsRaisedAgainFromTheStore) {
  ASSERT_TRUE(Overwrite(Zeros(8), kCeilingAt));
  EXPECT_TRUE(crowd_.DrawsOn());
  EXPECT_EQ(kGood, Expect(0, [&] {
              int code = 0;
              (void)box_.Open(&code);
              return code;
            }()));
  ExpectOnlyCodes({});
}

TEST_F(DamagedRegion, ACeilingThatNoLeaseCanHaveIsSeenAsOverwritten) {
  for (const std::uint64_t word : {~std::uint64_t{0}, ~std::uint64_t{0} >> 1}) {
    ASSERT_TRUE(Overwrite(BytesOf(word), kCeilingAt));
    ExpectRefused(SHMFLAKE_E_HEADER, {box_.region, "ceiling"}, kSlotsAt);
    ExpectRemovingHelps();
  }
  ExpectOnlyCodes({SHMFLAKE_E_HEADER, SHMFLAKE_E_RETIRED});
}

TEST_F(DamagedRegion, OverwrittenSlotsCostCountersAndNoDraw) {
  for (const std::string& bytes : {Zeros(kRegionBytes - kSlotsAt), Ones(kRegionBytes - kSlotsAt),
                                   RandomBytes(kRegionBytes - kSlotsAt, 4)}) {
    ASSERT_TRUE(Overwrite(bytes, kSlotsAt));
    EXPECT_TRUE(crowd_.DrawsOn());
    const Flake flake = box_.Open();
    ASSERT_NE(nullptr, flake) << shmflake_last_error();
    Drawer drawer(flake.get(), log_);
    EXPECT_EQ(0, drawer.Times(100));
    const shmflake_status_info info = StatusOf(flake.get());
    EXPECT_LE(info.slots_used, info.slots);
    std::vector<shmflake_process> processes(info.slots);
    std::size_t count = 0;
    EXPECT_EQ(0, shmflake_processes(flake.get(), processes.data(), processes.size(), &count));
    EXPECT_LE(count, processes.size());
    for (const shmflake_process& process : processes) {
      EXPECT_LT(strnlen(process.command, sizeof(process.command)), sizeof(process.command));
    }
  }
  ExpectOnlyCodes({});
}

}  // namespace

// What a lease does not cover is not issued: with a ceiling that nobody granted the store would not
// know what was issued, and the next region could start below it.
class DamagedCeiling : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(DamagedCeiling, ACeilingThatNoStoreGrantedGivesNoIdBeyondTheLease) {
  const Sandbox box;
  IdLog log{std::size_t{1} << 20};
  shmflake_options options = box.Options();
  options.horizon_ms = 100;
  options.max_backward_ms = 49;  // how far a burst goes ahead of the clock
  options.sequence_bits = 4;
  options.wait_timeout_ms = 300;
  Process process([&] {
    const Flake flake = box.MustOpen(&options);
    Drawer drawer(flake.get(), log);
    if (drawer.Times(10) != 0 || !WriteInPlace(box.region, BytesOf(GetParam()), kCeilingAt)) {
      return kBad;
    }
    // Past the lease, in time; and then ahead of the clock.
    for (int i = 0; i < 20; ++i) {
      (void)drawer.Next();
      SleepMs(10);
    }
    while (drawer.TryNext() == 0) {
    }
    return kGood;
  });
  EXPECT_EQ(kGood, process.Wait());
  box.RemoveRegion();
  const Flake next = box.MustOpen(&options);
  Drawer drawer(next.get(), log);
  (void)drawer.Times(100);
  EXPECT_EQ(0U, log.CountRepeats());
  EXPECT_EQ(0U, log.disorder());
}

INSTANTIATE_TEST_SUITE_P(Words, DamagedCeiling,
                         ::testing::Values(~std::uint64_t{0}, ~std::uint64_t{0} >> 1,
                                           std::uint64_t{0x7123456789abcdef}));

}  // namespace flake::test
