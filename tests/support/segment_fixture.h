// SPDX-License-Identifier: Apache-2.0
// Tags drawn from an application's row, on a clock and in a region of the test's own.
#ifndef SHMFLAKE_TESTS_SUPPORT_SEGMENT_FIXTURE_H_
#define SHMFLAKE_TESTS_SUPPORT_SEGMENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/segment_generator.h"
#include "core/segment_view.h"
#include "tests/support/generator_fixture.h"

namespace shmflake::test {

// The row behind a reserve callback. Thread safety: any threads.
class TestRow {
 public:
  Status Reserve(std::uint64_t step, SegmentGrant* grant) {
    std::function<void()> during;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      steps_.push_back(step);
      thread_ = std::this_thread::get_id();
      if (!failure_.ok() && failures_left_ != 0) {
        --failures_left_;
        return failure_;
      }
      *grant = {max_id_ + 1, step, 0};
      max_id_ += step;
      during = during_;
    }
    if (during) during();
    return Status::Ok();
  }
  void Fail(Status failure, std::size_t times = ~std::size_t{0}) {
    const std::lock_guard<std::mutex> lock(mutex_);
    failure_ = std::move(failure);
    failures_left_ = times;
  }
  void Mend() { Fail(Status::Ok()); }
  void SetMaxId(std::uint64_t max_id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    max_id_ = max_id;
  }
  // Called with a range granted, before it is given.
  void During(std::function<void()> during) {
    const std::lock_guard<std::mutex> lock(mutex_);
    during_ = std::move(during);
  }
  [[nodiscard]] std::size_t calls() const { return steps().size(); }
  [[nodiscard]] std::vector<std::uint64_t> steps() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return steps_;
  }
  [[nodiscard]] std::uint64_t max_id() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return max_id_;
  }
  [[nodiscard]] std::thread::id thread() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return thread_;
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t max_id_ = 0;
  std::vector<std::uint64_t> steps_;
  std::thread::id thread_;
  Status failure_;
  std::size_t failures_left_ = 0;
  std::function<void()> during_;
};

// As the C ABI draws.
inline Status DrawSegment(SegmentGenerator& segment, std::uint64_t* id) {
  SegmentDraw seen;
  switch (segment.cache().Draw(id, &seen)) {
    case SegmentFast::kDrawn:
      return Status::Ok();
    case SegmentFast::kAdded:
      return segment.NextAfter(&seen, id);
    case SegmentFast::kNone:
      break;
  }
  return segment.NextAfter(nullptr, id);
}
inline DrawError DrawSegmentNowait(SegmentGenerator& segment, std::uint64_t* id) {
  SegmentDraw seen;
  switch (segment.cache().Draw(id, &seen)) {
    case SegmentFast::kDrawn:
      return {};
    case SegmentFast::kAdded:
      return segment.NextNowaitAfter(&seen, id);
    case SegmentFast::kNone:
      break;
  }
  return segment.NextNowaitAfter(nullptr, id);
}

class SegmentGeneratorTest : public GeneratorTest {
 protected:
  // Segments of one size, whatever the clock says.
  static SegmentOptions OfSize(std::uint64_t step, std::uint32_t percent = 10) {
    SegmentOptions options;
    options.step = step;
    options.max_step = step;
    options.prefetch_percent = percent;
    return options;
  }
  // Of the row unless the options have a store.
  std::unique_ptr<SegmentGenerator> MakeSegment(Generator* generator, SegmentOptions options,
                                                const std::string& tag = "orders") {
    if (!options.store) {
      options.reserve = [this](const std::string&, std::uint64_t step, SegmentGrant* grant) {
        return row_.Reserve(step, grant);
      };
    }
    std::unique_ptr<SegmentSource> source;
    const Status status = SegmentSource::Make(generator->settings(), &options, &source);
    if (!status.ok()) throw std::runtime_error(status.message());
    return std::make_unique<SegmentGenerator>(*generator, tag, std::move(options),
                                              std::move(source));
  }
  std::unique_ptr<SegmentGenerator> MustOpenSegment(Generator* generator, SegmentOptions options,
                                                    const std::string& tag = "orders") {
    auto segment = MakeSegment(generator, std::move(options), tag);
    const Status status = segment->Open();
    if (!status.ok()) throw std::runtime_error(status.message());
    return segment;
  }

  // Draws one ID, which must be the next one.
  void ExpectNext(const std::unique_ptr<SegmentGenerator>& segment, std::uint64_t expected) {
    std::uint64_t id = 0;
    const Status status = DrawSegment(*segment, &id);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(expected, id);
  }
  void ExpectDense(const std::unique_ptr<SegmentGenerator>& segment, std::uint64_t first,
                   std::uint64_t last) {
    for (std::uint64_t id = first; id <= last && !HasFatalFailure(); ++id) ExpectNext(segment, id);
  }
  static Status Draw(const std::unique_ptr<SegmentGenerator>& segment) {
    std::uint64_t id = 0;
    return DrawSegment(*segment, &id);
  }
  SegmentView View(const std::unique_ptr<SegmentGenerator>& segment) {
    return ViewSegment(segment->entry(), clock_.BoottimeNs());
  }
  // By real time, for what another thread does.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    for (int i = 0; i < 20'000; ++i) {
      if (condition()) return true;
      SleepNs(1'000'000);
    }
    return false;
  }

  TestRow row_;
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_SEGMENT_FIXTURE_H_
