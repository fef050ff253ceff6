// SPDX-License-Identifier: Apache-2.0
// A tag's entry that belongs to a test, and its words, to be put into any state.
#ifndef SHMFLAKE_TESTS_SUPPORT_SEGMENT_ENTRY_H_
#define SHMFLAKE_TESTS_SUPPORT_SEGMENT_ENTRY_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/failpoint.h"
#include "core/segment_ring.h"

namespace shmflake::test {

// Something to happen, once, when the thread gets to a point of the core.
class AtPoint {
 public:
  AtPoint(Point point, std::function<void()> action) {
    wanted() = point;
    todo() = std::move(action);
    g_point_hook = [](Point reached) {
      if (reached != wanted() || !todo()) return;
      const std::function<void()> now = std::exchange(todo(), nullptr);
      now();
    };
  }
  ~AtPoint() {
    g_point_hook = nullptr;
    EXPECT_FALSE(std::exchange(todo(), nullptr)) << "the point was not reached";
  }
  AtPoint(const AtPoint&) = delete;
  AtPoint& operator=(const AtPoint&) = delete;

 private:
  static Point& wanted() {
    static Point point;
    return point;
  }
  static std::function<void()>& todo() {
    static std::function<void()> action;
    return action;
  }
};

// A word at an offset of an object whose words are private.
template <typename Object>
std::atomic<std::uint64_t>& WordAt(Object& object, std::size_t offset) {
  return *reinterpret_cast<std::atomic<std::uint64_t>*>(reinterpret_cast<char*>(&object) + offset);
}

// As a write behind everybody's back does.
inline void SetCursor(SegmentEntry& entry, std::uint64_t value) {
  WordAt(entry.cursor, 0).store(value);
}
inline std::uint64_t Start(std::uint64_t generation) { return generation << kOffsetBits; }
inline std::uint64_t Lost(const SegmentEntry& entry) { return entry.fetch.lost.load(); }

class SegmentEntryTest : public ::testing::Test {
 protected:
  PublishResult Publish(std::uint64_t first, std::uint64_t count) {
    return PublishSegment(*entry_, {first, count});
  }
  // The ID of one draw, 0 when there is none.
  std::uint64_t TakeOne() {
    const std::vector<std::uint64_t> ids = Take(1);
    return ids.empty() ? 0 : ids[0];
  }
  // The IDs of one step.
  std::vector<std::uint64_t> Take(std::uint64_t want) {
    Segment taken;
    result_ = TakeIds(*entry_, want, &taken, &from_, &cursor_);
    std::vector<std::uint64_t> ids;
    if (result_ != TakeResult::kTaken) return ids;
    for (std::uint64_t i = 0; i < taken.count; ++i) ids.push_back(taken.first + i);
    return ids;
  }
  std::uint64_t Resolve(std::uint64_t cursor) {
    std::uint64_t id = 0;
    return ResolveValue(*entry_, cursor, &id, &from_) ? id : 0;
  }
  [[nodiscard]] std::uint64_t cursor() const { return entry_->cursor.Load(); }
  // The words of a generation's ring slot.
  std::atomic<std::uint64_t>& RingWord(std::uint64_t generation, std::size_t index) {
    return WordAt(entry_->ring[generation % kSegmentRing], index * 8);
  }

  std::unique_ptr<SegmentEntry> entry_ = std::make_unique<SegmentEntry>();
  TakeResult result_ = TakeResult::kNone;
  PublishedSegment from_;
  std::uint64_t cursor_ = 0;
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_SEGMENT_ENTRY_H_
