// SPDX-License-Identifier: Apache-2.0
// Generators on a clock and in directories of the test's own, and a check that no ID comes twice.
#ifndef SHMFLAKE_TESTS_SUPPORT_GENERATOR_FIXTURE_H_
#define SHMFLAKE_TESTS_SUPPORT_GENERATOR_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/generator.h"
#include "tests/support/expect_status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_settings.h"

namespace shmflake::test {

// Keeps the names of what was logged.
class RecordingLogger : public Logger {
 public:
  explicit RecordingLogger(std::vector<std::string>* events) : events_(events) {}
  void Log(LogLevel /*level*/, const char* event,
           std::initializer_list<LogField> /*fields*/) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_->emplace_back(event);
  }

 private:
  std::mutex mutex_;
  std::vector<std::string>* events_;
};

class GeneratorTest : public ::testing::Test {
 protected:
  using Change = std::function<void(Options*)>;

  [[nodiscard]] std::unique_ptr<Generator> Make(const Change& change = nullptr) {
    Options options = place_.MakeOptions();
    if (change) change(&options);
    return std::make_unique<Generator>(place_.Resolve(options),
                                       std::make_unique<RecordingLogger>(&events_), clock_);
  }
  // Open, or the end of the test.
  [[nodiscard]] std::unique_ptr<Generator> MustOpen(const Change& change = nullptr) {
    auto generator = Make(change);
    const Status status = generator->Open(false);
    if (!status.ok()) throw std::runtime_error(status.message());
    return generator;
  }
  [[nodiscard]] int CountEvents(const std::string& name) const {
    int count = 0;
    for (const std::string& event : events_) count += event == name ? 1 : 0;
    return count;
  }

  // Draws one ID, which must be new. 0 and a failed test otherwise.
  std::uint64_t Next(Generator* generator) {
    std::uint64_t id = 0;
    const Status status = generator->Next(&id);
    EXPECT_TRUE(status.ok()) << status.message();
    if (status.ok()) Issue(id);
    return id;
  }
  void Issue(std::uint64_t id) { EXPECT_TRUE(issued_.insert(id).second) << id << " came twice"; }
  // Draws until it is refused; what it said.
  DrawError DrawUntilRefused(Generator* generator, std::size_t* drawn = nullptr) {
    for (std::size_t count = 0;; ++count) {
      std::uint64_t id = 0;
      const DrawError error = generator->TryNext(&id);
      if (drawn != nullptr) *drawn = count;
      if (!error.ok()) return error;
      Issue(id);
    }
  }

  static RegionImage& ImageOf(Generator* generator) { return generator->current().image(); }
  static std::uint64_t CeilingTick(Generator* generator) {
    return generator->current().format().TickOf(ImageOf(generator).ceiling.LoadRelaxed());
  }
  static std::uint64_t StateTick(Generator* generator) {
    return generator->current().format().TickOf(ImageOf(generator).state.LoadRelaxed());
  }
  static std::uint64_t InstanceOf(Generator* generator) {
    return generator->current().region().header().instance_id;
  }

  TestPlace place_;
  FakeClock clock_;
  std::vector<std::string> events_;
  std::set<std::uint64_t> issued_;
};

inline auto Small = [](Options* options) {  // few IDs a tick, so that limits are met soon
  options->sequence_bits = 2;
};

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_GENERATOR_FIXTURE_H_
