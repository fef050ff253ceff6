// SPDX-License-Identifier: Apache-2.0
// max_forward_ms against a clock that jumps between any two readings of one call.
#include <gtest/gtest.h>

#include "tests/support/generator_fixture.h"

namespace shmflake::test {
namespace {

constexpr std::int64_t kJumpNs = 5 * kSecond;

// Jumps forward for good at a reading.
class JumpingClock : public FakeClock {
 public:
  [[nodiscard]] std::int64_t RealtimeNs() noexcept override {
    if (readings_left_ > 0 && --readings_left_ == 0) Step(kJumpNs);
    return FakeClock::RealtimeNs();
  }
  void JumpAtReading(int reading) noexcept { readings_left_ = reading; }
  [[nodiscard]] bool jumped() const noexcept { return readings_left_ == 0; }

 private:
  int readings_left_ = 0;
};

class GeneratorJumpTest : public GeneratorTest {
 protected:
  std::unique_ptr<Generator> OpenCarefully(JumpingClock* clock) {
    Options options = place_.MakeOptions();
    Small(&options);
    options.max_forward_ms = 100;
    auto generator = std::make_unique<Generator>(place_.Resolve(options), nullptr, *clock);
    EXPECT_SUCCEEDS(generator->Open(false));
    return generator;
  }
};

TEST_F(GeneratorJumpTest, NoReadingOfADrawLetsAJumpThrough) {
  for (int reading = 1; reading <= 12; ++reading) {
    JumpingClock clock;
    const auto generator = OpenCarefully(&clock);
    std::uint64_t id = 0;
    while (generator->TryNext(&id).ok()) {  // at the limit every draw looks twice
    }
    clock.Advance(kMs);
    clock.JumpAtReading(reading);
    const std::uint64_t last_tick = generator->current().NowTick() + 11;
    for (int i = 0; i < 20; ++i) {
      if (generator->TryNext(&id).ok()) {
        EXPECT_LE(StateTick(generator.get()), last_tick) << "reading " << reading;
      }
    }
    EXPECT_TRUE(clock.jumped());
    EXPECT_FAILS(Code::CLOCK_JUMP, generator->TryNext(&id));
    ASSERT_SUCCEEDS(RetireByName(place_.MakeSettings(), clock, nullptr));
  }
}

TEST_F(GeneratorJumpTest, NoReadingOfAnExtensionPersistsAJump) {
  for (int reading = 1; reading <= 12; ++reading) {
    JumpingClock clock;
    const auto generator = OpenCarefully(&clock);
    clock.Advance(6 * kSecond);
    const std::uint64_t allowed = generator->current().NowTick() + 10'000;
    clock.JumpAtReading(reading);
    for (int i = 0; i < 5; ++i) {
      std::uint64_t id = 0;
      (void)generator->Next(&id);
      EXPECT_LE(CeilingTick(generator.get()), allowed) << "reading " << reading;
    }
    ASSERT_SUCCEEDS(RetireByName(place_.MakeSettings(), clock, nullptr));
  }
}

}  // namespace
}  // namespace shmflake::test
