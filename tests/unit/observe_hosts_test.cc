// SPDX-License-Identifier: Apache-2.0
// Causality between hosts: who observes an ID draws larger ones, whatever the clocks say.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <set>

#include "core/generator.h"
#include "tests/support/expect_status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_settings.h"

namespace shmflake {
namespace {

using test::FakeClock;
using test::kMs;

class VirtualHost {
 public:
  VirtualHost(std::uint32_t worker_id, std::int64_t skew_ns)
      : clock_(FakeClock::kStartNs + skew_ns) {
    Options options = place_.MakeOptions();
    options.worker_id = worker_id;
    options.id_namespace = "orders";
    options.max_backward_ms = 20;
    generator_ = std::make_unique<Generator>(place_.Resolve(options), nullptr, clock_);
    EXPECT_SUCCEEDS(generator_->Open(false));
  }

  std::uint64_t Next() {
    std::uint64_t id = 0;
    EXPECT_SUCCEEDS(generator_->Next(&id));
    return id;
  }
  DrawError Observe(std::uint64_t id) { return generator_->Observe(id); }
  FakeClock& clock() { return clock_; }

 private:
  test::TestPlace place_;
  FakeClock clock_;
  std::unique_ptr<Generator> generator_;
};

// Three hosts whose clocks are up to 16 ms apart send each other messages that bear an ID.
TEST(ObserveHosts, AnEffectsIdIsLargerThanItsCausesOnAnyOfThreeSkewedHosts) {
  std::array<std::unique_ptr<VirtualHost>, 3> hosts = {std::make_unique<VirtualHost>(7, 0),
                                                       std::make_unique<VirtualHost>(2, -8 * kMs),
                                                       std::make_unique<VirtualHost>(5, 8 * kMs)};
  std::mt19937_64 random(20261121);
  std::set<std::uint64_t> issued;
  std::uint64_t chain = 0;  // each ID's cause is the one before it
  int later_by_clock = 0;
  for (int i = 0; i < 20'000; ++i) {
    VirtualHost& host = *hosts[random() % hosts.size()];
    for (const auto& each : hosts) each->clock().Advance(kMs);
    const std::uint64_t before = host.Next();
    later_by_clock += before > chain ? 1 : 0;
    ASSERT_TRUE(issued.insert(before).second);
    ASSERT_SUCCEEDS(host.Observe(chain));
    const std::uint64_t effect = host.Next();
    ASSERT_GT(effect, chain);
    ASSERT_TRUE(issued.insert(effect).second);
    chain = std::max(effect, before);
  }
  EXPECT_LT(later_by_clock, 15'000) << "without observing, the order would often have been wrong";
}

TEST(ObserveHosts, AnIdFurtherAheadThanMaxBackwardIsRefusedAndChangesNothing) {
  VirtualHost ahead(7, 25 * kMs);
  VirtualHost here(2, 0);
  const std::uint64_t cause = ahead.Next();
  const std::uint64_t before = here.Next();
  EXPECT_FAILS(Code::TOO_FAR_AHEAD, here.Observe(cause));
  const std::uint64_t after = here.Next();
  EXPECT_GT(after, before);
  EXPECT_LT(after, cause);
  here.clock().Advance(6 * kMs);
  EXPECT_SUCCEEDS(here.Observe(cause));
  EXPECT_GT(here.Next(), cause);
}

}  // namespace
}  // namespace shmflake
