// SPDX-License-Identifier: Apache-2.0
#include "tests/support/point_scenario.h"

#include <chrono>

#include "tests/support/process.h"

namespace flake::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool BeginsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

bool IsBlockPoint(const std::string& point) { return BeginsWith(point, "kBlock"); }

}  // namespace

shmflake_options OptionsFor(const std::string& point, const Sandbox& sandbox) {
  shmflake_options options = sandbox.Options();
  options.ordering = IsBlockPoint(point) ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
  options.horizon_ms = 100;
  options.wait_timeout_ms = 400;
  return options;
}

Order OrderFor(const std::string& point) {
  return IsBlockPoint(point) ? Order::kRelaxed : Order::kStrict;
}

int DrawFor(::shmflake* flake, IdLog& log, Order order, long ms) {
  Drawer drawer(flake, log, order);
  const auto end = SteadyClock::now() + std::chrono::milliseconds(ms);
  for (int i = 0; SteadyClock::now() < end; ++i) {
    if (const int code = drawer.Next(); code != 0) return code;
    if (i % 16 == 0) SleepMs(1);
  }
  return 0;
}

int PassPoint(const std::string& point, const Sandbox& sandbox, IdLog& log, long ms) {
  const shmflake_options options = OptionsFor(point, sandbox);
  const Order order = OrderFor(point);
  const auto end = SteadyClock::now() + std::chrono::milliseconds(ms);
  const bool renews = BeginsWith(point, "kCreate") || BeginsWith(point, "kRetire");
  const bool attaches = BeginsWith(point, "kAttach") || BeginsWith(point, "kSlot");
  while (SteadyClock::now() < end) {
    int code = 0;
    const Flake flake = sandbox.Open(&code, &options);
    if (flake == nullptr) return code;
    Drawer drawer(flake.get(), log, order);
    if (attaches) {
      code = drawer.Times(3);
    } else if (renews) {
      code = drawer.Times(3);
      if (code == 0) {
        code = shmflake_retire(nullptr, &options);
        if (code == SHMFLAKE_E_NOT_FOUND) code = 0;  // others retire too
      }
    } else if (BeginsWith(point, "kExtend")) {
      code = DrawFor(flake.get(), log, order, 100);
    } else {
      code = drawer.Times(2000);
    }
    if (code != 0) return code;
  }
  return 0;
}

}  // namespace flake::test
