// SPDX-License-Identifier: Apache-2.0
// Threads on the words of a tag, on its window, and on handles with the real clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/segment_generator.h"
#include "core/segment_ring.h"
#include "core/segment_tags.h"
#include "core/segment_view.h"
#include "tests/support/expect_status.h"
#include "tests/support/segment_fixture.h"

namespace shmflake::test {
namespace {

using Ids = std::vector<std::uint64_t>;

// Runs them all at once, and waits for them.
void RunThreads(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::atomic<std::size_t> ready{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      ready.fetch_add(1);
      while (ready.load() < count) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// No ID came twice; each thread's own ascend. How many there are.
std::uint64_t CheckIds(const std::vector<Ids>& drawn, std::uint64_t highest) {
  Ids all;
  for (const Ids& ids : drawn) {
    EXPECT_EQ(ids.end(), std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()))
        << "an ID of a thread was not above its last one";
    all.insert(all.end(), ids.begin(), ids.end());
  }
  std::sort(all.begin(), all.end());
  const auto twice = std::adjacent_find(all.begin(), all.end());
  EXPECT_EQ(all.end(), twice) << *twice << " came twice";
  if (!all.empty()) {
    EXPECT_GE(all.front(), 1U);
    EXPECT_LE(all.back(), highest);
  }
  return all.size();
}

// ------------------------------------------------------------------ the ring

// Publishers that do not wait for each other, as when many processes were elected, and drawers of
// both kinds.
TEST(SegmentRingStress, NothingThatManyPublishIsIssuedTwice) {
  constexpr std::size_t kPublishers = 3;
  constexpr std::size_t kDrawers = 5;
  constexpr std::uint64_t kSegments = 2000;
  const auto entry = std::make_unique<SegmentEntry>();
  std::atomic<std::uint64_t> next_first{1};
  std::atomic<std::uint64_t> publishing{kPublishers};
  std::vector<Ids> drawn(kDrawers);
  RunThreads(kPublishers + kDrawers, [&](std::size_t i) {
    if (i < kPublishers) {
      for (std::uint64_t n = 0; n < kSegments; ++n) {
        // Mostly into a ring that has room, now and then into one that may be full.
        while (n % 50 != 0 && NextSegment(*entry, entry->cursor.Load()).generation != 0) {
          std::this_thread::yield();
        }
        const std::uint64_t count = 1 + n % 60;
        (void)PublishSegment(*entry, {next_first.fetch_add(count), count});
      }
      publishing.fetch_sub(1);
      return;
    }
    Ids& ids = drawn[i - kPublishers];
    PublishedSegment from;
    for (std::uint64_t n = 0;; ++n) {
      const bool last = publishing.load() == 0;
      Segment taken;
      std::uint64_t cursor = 0;
      std::uint64_t id = 0;
      if (n % 3 == 0 && !last) {  // as a window adds
        if (ResolveValue(*entry, entry->cursor.FetchAdd(1), &id, &from)) ids.push_back(id);
        continue;
      }
      if (TakeIds(*entry, 1 + n % 7, &taken, &from, &cursor) == TakeResult::kTaken) {
        for (std::uint64_t k = 0; k < taken.count; ++k) ids.push_back(taken.first + k);
      } else if (last) {
        return;
      } else {
        std::this_thread::yield();
      }
    }
  });
  const std::uint64_t issued = CheckIds(drawn, next_first.load() - 1);
  EXPECT_EQ(next_first.load() - 1, entry->fetch.granted.load());
  EXPECT_GT(issued, 1000U);
  EXPECT_LE(issued, entry->fetch.granted.load());
}

// One at a time, as elections have it: then every ID is issued, or counted as lost.
TEST(SegmentRingStress, WhatOnePublishesIsIssuedOrCounted) {
  constexpr std::size_t kDrawers = 6;
  constexpr std::uint64_t kSegments = 5000;
  const auto entry = std::make_unique<SegmentEntry>();
  std::atomic<bool> done{false};
  std::vector<Ids> drawn(kDrawers);
  std::uint64_t next_first = 1;
  RunThreads(1 + kDrawers, [&](std::size_t i) {
    if (i == 0) {
      for (std::uint64_t n = 0; n < kSegments; ++n) {
        while (NextSegment(*entry, entry->cursor.Load()).generation != 0) {
          std::this_thread::yield();
        }
        const std::uint64_t count = 1 + n % 90;
        EXPECT_EQ(PublishResult::kPublished, PublishSegment(*entry, {next_first, count}));
        next_first += count;
      }
      done.store(true);
      return;
    }
    for (bool last = false;;) {
      Segment taken;
      PublishedSegment from;
      std::uint64_t cursor = 0;
      if (TakeIds(*entry, 1 + i, &taken, &from, &cursor) == TakeResult::kTaken) {
        for (std::uint64_t k = 0; k < taken.count; ++k) drawn[i - 1].push_back(taken.first + k);
      } else if (last) {
        return;
      } else {
        last = done.load();
        std::this_thread::yield();
      }
    }
  });
  EXPECT_EQ(next_first - 1, CheckIds(drawn, next_first - 1));
  EXPECT_EQ(0U, entry->fetch.lost.load());
}

TEST(TaggedWordsStress, AValueIsReadWholeOrNotAtAll) {
  const auto words = std::make_unique<RingSlot>();
  std::atomic<std::uint64_t> version{0};
  std::atomic<int> writing{3};
  RunThreads(6, [&](std::size_t i) {
    if (i < 3) {
      for (int n = 0; n < 20'000; ++n) {
        const std::uint64_t mine = version.fetch_add(1) + 1;
        (void)words->Publish(mine, {mine, mine * 3, mine * 7});
      }
      writing.fetch_sub(1);
      return;
    }
    for (std::uint64_t last = 0; writing.load() != 0;) {
      RingSlot::Payload payload;
      const std::uint64_t found = words->Read(payload);
      if (found == 0) continue;
      ASSERT_GE(found, last);
      ASSERT_EQ(found, payload[0]);
      ASSERT_EQ(found * 3, payload[1]);
      ASSERT_EQ(found * 7, payload[2]);
      last = found;
    }
  });
  RingSlot::Payload payload;
  EXPECT_EQ(version.load(), words->Read(payload)) << "the newest one is whole in the end";
}

// ------------------------------------------------------------------ the window

// A window jumps between two tags' cursors: an addition on the one must never be taken for an ID of
// the other.
TEST(SegmentWindowStress, AWindowIsTakenWholeOrNotAtAll) {
  constexpr std::size_t kDrawers = 4;
  const std::uint64_t firsts[2] = {1, 5'000'000'000};
  const std::uint64_t count = 1'000'000'000;
  std::unique_ptr<SegmentEntry> entries[2] = {std::make_unique<SegmentEntry>(),
                                              std::make_unique<SegmentEntry>()};
  for (std::size_t i = 0; i < 2; ++i) {
    // In other generations, so that their windows differ in all.
    entries[i]->fetch.claimed.store(i);
    ASSERT_EQ(PublishResult::kPublished, PublishSegment(*entries[i], {firsts[i], count}));
    ASSERT_EQ(MoveResult::kMoved, MoveOn(*entries[i]));
  }
  const auto cache = std::make_unique<SegmentCache>();
  std::atomic<std::uint64_t> drawing{kDrawers};
  std::vector<Ids> drawn(kDrawers);
  RunThreads(kDrawers + 1, [&](std::size_t i) {
    if (i == kDrawers) {
      for (std::size_t n = 0; drawing.load() != 0; ++n) {
        SegmentEntry* entry = entries[n % 2].get();
        const std::uint64_t cursor = entry->cursor.Load();
        cache->Open(entry, SegmentAt(*entry, cursor), cursor, 1 + n % 50);
        if (n % 16 == 0) cache->Close();
        if (n % 64 == 0) std::this_thread::yield();
      }
      return;
    }
    for (int n = 0; n < 60'000; ++n) {
      std::uint64_t id = 0;
      SegmentDraw seen{};
      PublishedSegment from;
      const SegmentFast fast = cache->Draw(&id, &seen);
      if (fast == SegmentFast::kAdded) {
        EXPECT_GE(seen.cursor, seen.floor) << "nobody set it back";
        if (!ResolveValue(*seen.entry, seen.cursor, &id, &from)) continue;
      }
      if (fast != SegmentFast::kNone) drawn[i].push_back(id);
      if (n % 1000 == 0) std::this_thread::yield();
    }
    drawing.fetch_sub(1);
  });
  std::vector<Ids> by_entry(2);
  for (const Ids& ids : drawn) {
    for (const std::uint64_t id : ids) {
      const std::size_t of = id >= firsts[1] ? 1 : 0;
      ASSERT_LT(id - firsts[of], count);
      by_entry[of].push_back(id);
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    std::sort(by_entry[i].begin(), by_entry[i].end());
    EXPECT_EQ(entries[i]->cursor.Load() - (i + 1) * (std::uint64_t{1} << kOffsetBits),
              CheckIds({by_entry[i]}, firsts[i] + count));
  }
}

// ------------------------------------------------------------------ the directory of tags

// Pairs of tags that are looked for in one place first, and begin alike, are inserted at once, again
// and again.
TEST(SegmentTagsStress, TwoThatAreInsertedAtOnceGetAnEntryEach) {
  constexpr std::size_t kPairs = 16;
  struct Region {
    SegmentEntry tags[kTagCount];
  };
  const auto region = std::make_unique<Region>();
  const auto clear = [&](SegmentEntry& entry) {
    for (SegmentWord& word : entry.name) word.store(0);
  };
  std::map<std::ptrdiff_t, std::vector<std::string>> by_place;
  std::vector<std::string> tags[2];
  for (int i = 0; tags[0].size() < kPairs; ++i) {
    const std::string tag = "a common prefix " + std::to_string(100'000 + i);
    SegmentEntry* found = FindTag(region->tags, tag);
    clear(*found);
    std::vector<std::string>& here = by_place[found - region->tags];
    here.push_back(tag);
    if (here.size() == 2) {
      tags[0].push_back(here[0]);
      tags[1].push_back(here[1]);
    }
  }
  std::vector<SegmentEntry*> found[2];
  std::barrier both(2);
  std::atomic<int> ready{0};
  RunThreads(2, [&](std::size_t i) {
    for (int round = 0; round < 3000; ++round) {
      if (i == 0) {
        for (SegmentEntry& entry : region->tags) clear(entry);
      }
      found[i].clear();
      both.arrive_and_wait();
      // Once more without sleep, so that they begin within some nanoseconds.
      ready.fetch_add(1);
      for (int spin = 0; ready.load() < 2 * (round + 1); ++spin) {
        if (spin > 10'000) std::this_thread::yield();
      }
      for (const std::string& tag : tags[i]) found[i].push_back(FindTag(region->tags, tag));
      both.arrive_and_wait();
      for (std::size_t k = 0; k < kPairs && !::testing::Test::HasFailure(); ++k) {
        EXPECT_NE(found[0][k], found[1][k]);
        EXPECT_EQ(tags[i][k], TagOf(*found[i][k]));
        EXPECT_EQ(found[i][k], FindTag(region->tags, tags[i][k]));
      }
      both.arrive_and_wait();
    }
  });
}

// ------------------------------------------------------------------ handles

class SegmentHandleStress : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Generator> MustOpen(bool background_thread = false) {
    Options options = place_.MakeOptions();
    options.wait_timeout_ms = 20'000;
    options.background_thread = background_thread;
    auto generator = std::make_unique<Generator>(place_.Resolve(options), nullptr);
    const Status status = generator->Open(false);
    if (!status.ok()) throw std::runtime_error(status.message());
    return generator;
  }
  std::unique_ptr<SegmentGenerator> MustOpenSegment(Generator* generator) {
    SegmentOptions options;
    options.step = 1000;
    options.max_step = 1000;
    options.reserve = [this](const std::string&, std::uint64_t step, SegmentGrant* grant) {
      return row_.Reserve(step, grant);
    };
    std::unique_ptr<SegmentSource> source;
    Status status = SegmentSource::Make(generator->settings(), &options, &source);
    auto segment = std::make_unique<SegmentGenerator>(*generator, "orders", std::move(options),
                                                      std::move(source));
    if (status.ok()) status = segment->Open();
    if (!status.ok()) throw std::runtime_error(status.message());
    return segment;
  }
  static void DrawOne(SegmentGenerator& segment, Ids* ids) {
    std::uint64_t id = 0;
    ASSERT_SUCCEEDS(DrawSegment(segment, &id));
    ids->push_back(id);
  }
  static void DrawMany(SegmentGenerator& segment, std::size_t n, Ids* ids) {
    Ids more(n);
    std::size_t filled = 0;
    ASSERT_SUCCEEDS(segment.NextN(more.data(), n, &filled));
    ASSERT_EQ(n, filled);
    ids->insert(ids->end(), more.begin(), more.end());
  }
  // All kinds of draws at once: 8 threads one by one, 4 many at a time, one without waiting, and one
  // on handles that it opens and closes.
  void DrawAll(Generator* generator, Generator* other) {
    const auto segment = MustOpenSegment(generator);
    std::vector<Ids> drawn(14);
    RunThreads(drawn.size(), [&](std::size_t i) {
      std::mt19937 random(static_cast<unsigned>(i));
      if (i < 8) {
        for (int n = 0; n < 15'000 && !HasFatalFailure(); ++n) DrawOne(*segment, &drawn[i]);
      } else if (i < 12) {
        for (int n = 0; n < 600 && !HasFatalFailure(); ++n) {
          DrawMany(*segment, 1 + random() % (n % 50 == 0 ? 3000 : 100), &drawn[i]);
        }
      } else if (i == 12) {
        for (int n = 0; n < 15'000; ++n) {
          std::uint64_t id = 0;
          if (DrawSegmentNowait(*segment, &id).ok()) {
            drawn[i].push_back(id);
          } else {
            std::this_thread::yield();
          }
        }
      } else {
        for (int n = 0; n < 100 && !HasFatalFailure(); ++n) {
          const auto mine = MustOpenSegment(other);
          for (int k = 0; k < 50; ++k) DrawOne(*mine, &drawn[i]);
          DrawMany(*mine, 20, &drawn[i]);
        }
      }
    });
    const SegmentView view = ViewSegment(segment->entry(), SystemClock().BoottimeNs());
    EXPECT_EQ(row_.max_id(), view.granted);
    const std::uint64_t issued = CheckIds(drawn, row_.max_id());
    const std::uint64_t left = view.remaining + view.remaining_next;
    ASSERT_LE(issued + left, view.granted) << "IDs that were never granted";
    EXPECT_LE(view.granted - issued - left, view.lost) << "a gap that was not counted";
  }

  TestPlace place_;
  TestRow row_;
};

TEST_F(SegmentHandleStress, EveryIdIsIssuedOnceOrCountedAsLost) {
  const auto generator = MustOpen();
  const auto other = MustOpen();
  DrawAll(generator.get(), other.get());
}

TEST_F(SegmentHandleStress, ABackgroundThreadThatFetchesChangesNothingOfThat) {
  const auto generator = MustOpen(true);
  const auto other = MustOpen();
  DrawAll(generator.get(), other.get());
}

TEST_F(SegmentHandleStress, RetirementsUnderThreadsAreFollowedWithoutARepeat) {
  const Settings settings = place_.MakeSettings();
  const auto one = MustOpen();
  const auto two = MustOpen(true);
  const auto a = MustOpenSegment(one.get());
  const auto b = MustOpenSegment(two.get());
  std::atomic<bool> stop{false};
  std::vector<Ids> drawn(6);
  RunThreads(drawn.size() + 1, [&](std::size_t i) {
    if (i == drawn.size()) {
      for (int n = 0; n < 8; ++n) {
        SleepNs(40'000'000);
        const Status status = RetireByName(settings, SystemClock(), nullptr);
        EXPECT_TRUE(status.ok() || status.code() == Code::NOT_FOUND) << status.message();
      }
      stop.store(true);
      return;
    }
    SegmentGenerator& segment = i % 2 == 0 ? *a : *b;
    while (!stop.load() && !HasFatalFailure()) {
      DrawOne(segment, &drawn[i]);
      if (i < 2) DrawMany(segment, 5, &drawn[i]);
      if (drawn[i].size() > 200'000) SleepNs(1'000'000);
    }
  });
  EXPECT_GT(CheckIds(drawn, row_.max_id()), 0U);
}

}  // namespace
}  // namespace shmflake::test
