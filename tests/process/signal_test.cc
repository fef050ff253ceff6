// SPDX-License-Identifier: Apache-2.0
// Signal handlers that draw, whatever they interrupt: what shmflake.h calls async-signal-safe is.
#include <gtest/gtest.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/kill_point.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

// What the handler works with; one process sets it up once, before its first signal.
Drawer* g_drawer = nullptr;
IdLog* g_log = nullptr;
Order g_order = Order::kStrict;
std::atomic<bool> g_forks{false};
std::atomic<int> g_handled{0};
std::atomic<int> g_drawn{0};
std::atomic<int> g_bad{0};  // the first code that no handler should get, or the line of what failed
int g_reached[64];

void NoteBad(int what) {
  int none = 0;
  g_bad.compare_exchange_strong(none, what);
}

bool IsRefusal(int code) {
  return code == SHMFLAKE_E_EXHAUSTED || code == SHMFLAKE_E_CEILING || code == SHMFLAKE_E_RETIRED ||
         code == SHMFLAKE_E_REGION_LOST;
}

void DrawOnce(Drawer& drawer) {
  const int code = drawer.TryNext();
  if (code == 0) {
    g_drawn.fetch_add(1, std::memory_order_relaxed);
  } else if (!IsRefusal(code)) {
    NoteBad(code);
  }
}

// The other functions that a handler may call, on an ID that it drew.
void UseTheRest(::shmflake* flake, std::uint64_t id) {
  shmflake_parts parts{};
  if (shmflake_decode(flake, id, &parts) != 0) NoteBad(__LINE__);
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
  if (shmflake_bounds(flake, parts.unix_ms, &lowest, &highest) != 0) NoteBad(__LINE__);
  if (id < lowest || id > highest) NoteBad(__LINE__);
  std::uint64_t mark = 0;
  const int code = shmflake_watermark(flake, &mark);
  if (code == 0 ? mark < id : !IsRefusal(code) && g_order == Order::kStrict) NoteBad(__LINE__);
  const int observed = shmflake_observe(flake, id);
  const bool born_ahead = observed == SHMFLAKE_E_TOO_FAR_AHEAD;  // the region, of the clock
  if (observed != 0 && !born_ahead && !IsRefusal(observed)) NoteBad(observed);
  if (*shmflake_strerror(code) == '\0' || *shmflake_error_name(code) == '\0') NoteBad(__LINE__);
  if (shmflake_version() == nullptr || shmflake_try_next(nullptr, &id) == 0) NoteBad(__LINE__);
}

// The child must not return into the draw that it may be a copy of (CAVEATS).
void ForkAndDraw() {
  const pid_t pid = ::fork();
  if (pid < 0) NoteBad(__LINE__);
  if (pid != 0) return;
  Drawer mine(g_drawer->flake(), *g_log, g_order);
  for (int i = 0; i < 10; ++i) DrawOnce(mine);
  ::_exit(g_bad.load() == 0 ? kGood : kBad);
}

void OnSignal(int) {
  constexpr int kErrno = 4242;
  const int saved = errno;
  errno = kErrno;
  DrawOnce(*g_drawer);
  if (errno != kErrno) NoteBad(__LINE__);
  const int handled = g_handled.fetch_add(1, std::memory_order_relaxed);
  if (handled % 64 == 63 && g_drawer->last() != 0) UseTheRest(g_drawer->flake(), g_drawer->last());
  if (g_forks.load(std::memory_order_relaxed)) ForkAndDraw();
  errno = saved;
}

// No SA_RESTART: whatever the library waits in is interrupted.
void HandleUsr1() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  ::sigaction(SIGUSR1, &action, nullptr);
}

class Timer {
 public:
  explicit Timer(long period_us) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) std::_Exit(98);
    itimerspec when{};
    when.it_value.tv_nsec = period_us * 1000;
    when.it_interval = when.it_value;
    ::timer_settime(timer_, 0, &when, nullptr);
  }
  ~Timer() { ::timer_delete(timer_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  timer_t timer_{};
};

enum class Handle { kSame, kItsOwn };

class Signals : public ::testing::TestWithParam<std::tuple<Order, Handle>> {
 protected:
  Signals() : order_(std::get<0>(GetParam())), options_(box_.Options()) {
    options_.ordering =
        order_ == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
    options_.horizon_ms = 100;  // so that the lease is extended often
    options_.wait_timeout_ms = 10'000;
  }
  ~Signals() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }

  // Runs the body in a process whose handlers draw on the handle that the body works with, or on
  // another one.
  int InAProcess(const std::function<int(::shmflake*)>& body) {
    Process process([&] {
      const Flake flake = box_.MustOpen(&options_);
      const Flake own = box_.MustOpen(&options_);
      Drawer drawer(std::get<1>(GetParam()) == Handle::kSame ? flake.get() : own.get(), log_,
                    order_);
      g_drawer = &drawer;
      g_log = &log_;
      g_order = order_;
      HandleUsr1();
      int result = body(flake.get());
      ::signal(SIGUSR1, SIG_IGN);
      for (int status = 0; ::waitpid(-1, &status, 0) > 0 || errno == EINTR;) {
        if (status != kGood) result = kBad;
      }
      if (g_bad != 0) std::fprintf(stderr, "in a handler: %d\n", g_bad.load());
      if (g_drawn < 50) std::fprintf(stderr, "drew %d in %d\n", g_drawn.load(), g_handled.load());
      return result == kGood && g_bad == 0 && g_drawn >= 50 ? kGood : kBad;
    });
    return process.Wait(30'000);
  }

  // All ways to draw, for a while.
  int DrawFor(::shmflake* flake, long ms, std::uint64_t seed) {
    Drawer drawer(flake, log_, order_);
    Random random(seed);
    const std::int64_t end = NowMs() + ms;
    for (int i = 0; NowMs() < end; ++i) {
      const int code = drawer.Any(random());
      if (code != 0 && !IsRefusal(code)) return Expect(0, code);
      // In bursts: within one tick several blocks are used up, yet not all that may be drawn.
      if (i % 128 == 0) ::usleep(500);
    }
    return kGood;
  }

  const Order order_;
  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(Signals, HandlersDrawWhileTheMainThreadDrawsAndExtends) {
  EXPECT_EQ(kGood, InAProcess([&](::shmflake* flake) {
              const Timer timer(100);
              return DrawFor(flake, 500, 1);
            }));
}

TEST_P(Signals, HandlersDrawWhileTheMainThreadOpensRetiresAndCloses) {
  EXPECT_EQ(kGood, InAProcess([&](::shmflake* flake) {
              const Timer timer(150);
              for (int round = 0; round < 12; ++round) {
                Drawer old(flake, log_, order_);
                if (Expect(0, old.Times(5)) != kGood) return kBad;  // follows
                Drawer handlers(g_drawer->flake(), log_, order_);
                if (Expect(0, handlers.Times(5)) != kGood) return kBad;
                int code = 0;
                const Flake fresh = box_.Open(&code, &options_);
                if (Expect(0, code) != kGood) return kBad;
                if (DrawFor(fresh.get(), 10, 2) != kGood) return kBad;
                if (Expect(0, box_.Retire(10'000)) != kGood) return kBad;
              }
              return kGood;
            }));
}

TEST_P(Signals, ChildrenForkedInHandlersDrawWhateverWasInterrupted) {
  EXPECT_EQ(kGood, InAProcess([&](::shmflake* flake) {
              g_forks = true;
              const Timer timer(3'000);
              return DrawFor(flake, 400, 3);
            }));
}

// The handler runs exactly at every point that lies on the way, once with a fork in it.
TEST_P(Signals, AHandlerAtEveryNamedPointDraws) {
  EXPECT_EQ(kGood, InAProcess([&](::shmflake* flake) {
              AtEveryPoint([](std::size_t point) {
                static bool inside = false;
                if (inside) return;
                inside = true;
                // At one point in three, by chance: a draw that lost its step to the handler tries
                // again, and a handler at each point of a refill would always leave a fresh block.
                static Random random(7);
                g_forks = ++g_reached[point] % 50 == 3;
                if (random.Below(3) == 0) ::raise(SIGUSR1);
                inside = false;
              });
              for (int round = 0; round < 3; ++round) {
                if (DrawFor(flake, 110, 4) != kGood) return kBad;
                const Flake fresh = box_.MustOpen(&options_);
                if (Expect(0, box_.Retire(10'000)) != kGood) return kBad;
              }
              AtEveryPoint(nullptr);
              int missing = 0;
              const std::vector<std::string> names = AllPoints();
              for (std::size_t i = 0; i < names.size(); ++i) {
                const std::string& name = names[i];
                const bool of_relaxed = name.rfind("kBlock", 0) == 0;
                const bool of_strict = name.find("FetchAdd") != std::string::npos;
                const auto region = RegionPoints();
                const bool lies_on_the_way =
                    std::find(region.begin(), region.end(), name) != region.end() &&
                    (order_ == Order::kRelaxed ? !of_strict : !of_relaxed);
                if (g_reached[i] != 0 || !lies_on_the_way) continue;
                std::fprintf(stderr, "%s was not reached\n", name.c_str());
                ++missing;
              }
              return missing == 0 ? kGood : kBad;
            }));
}

INSTANTIATE_TEST_SUITE_P(
    Handles, Signals,
    ::testing::Combine(::testing::Values(Order::kStrict, Order::kRelaxed),
                       ::testing::Values(Handle::kSame, Handle::kItsOwn)),
    [](const auto& which) {
      return std::string(std::get<0>(which.param) == Order::kStrict ? "Strict" : "Relaxed") +
             (std::get<1>(which.param) == Handle::kSame ? "OnTheSameHandle" : "OnItsOwnHandle");
    });

}  // namespace
}  // namespace flake::test
