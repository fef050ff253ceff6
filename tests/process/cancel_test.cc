// SPDX-License-Identifier: Apache-2.0
// pthread_cancel() of threads that are in a call: the call is carried through, and leaves nothing
// locked, open or lost. Deferred cancellation only: the manual makes no function async-cancel-safe.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

// A thread that can be cancelled, which std::thread's cannot.
class Thread {
 public:
  explicit Thread(std::function<void()> body) : body_(std::move(body)) {
    if (::pthread_create(&thread_, nullptr, Run, this) != 0) std::abort();
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  void Cancel() const { ::pthread_cancel(thread_); }
  [[nodiscard]] bool WasCancelled() const {
    void* result = nullptr;
    return ::pthread_join(thread_, &result) == 0 && result == PTHREAD_CANCELED;
  }

 private:
  static void* Run(void* self) {
    static_cast<Thread*>(self)->body_();
    return nullptr;
  }
  const std::function<void()> body_;
  pthread_t thread_{};
};

std::ptrdiff_t CountDescriptors() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return std::distance(begin, std::filesystem::directory_iterator());
}

class Cancel : public ::testing::TestWithParam<Order> {
 protected:
  Cancel() : options_(box_.Options()) {
    options_.ordering =
        GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
    options_.horizon_ms = 100;  // so that some are cancelled while they extend the lease
    options_.wait_timeout_ms = 10'000;
  }
  ~Cancel() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_FALSE(log_.overflowed());
  }

  // Cancels threads at random moments of their draws; afterwards every ID is accounted for.
  int CancelDraws() {
    const Flake flake = box_.MustOpen(&options_);
    Drawer main(flake.get(), log_, GetParam());
    Random random(static_cast<std::uint64_t>(NowMs()));
    for (int round = 0; round < 40; ++round) {
      const auto draw = [&](int how) {
        Drawer drawer(flake.get(), log_, GetParam());
        for (;;) {
          const int code = how == 0   ? drawer.Next()
                           : how == 1 ? drawer.NextN(7)
                                      : drawer.NextBlock(7);
          if (Expect(0, code) != kGood) std::_Exit(kBad);
          ::pthread_testcancel();
        }
      };
      const Thread threads[] = {Thread([&] { draw(0); }), Thread([&] { draw(1); }),
                                Thread([&] { draw(2); })};
      for (const Thread& thread : threads) {
        ::usleep(static_cast<useconds_t>(random.Below(4'000)));
        thread.Cancel();
      }
      for (const Thread& thread : threads) {
        if (!thread.WasCancelled()) return kBad;
      }
      if (Expect(0, main.Times(3)) != kGood) return kBad;
    }
    const shmflake_status_info status = StatusOf(flake.get());
    std::fprintf(stderr, "%lu issued, %zu logged, %lu waits, %lu extensions\n",
                 static_cast<unsigned long>(status.ids_issued), log_.size(),
                 static_cast<unsigned long>(status.waits),
                 static_cast<unsigned long>(status.lease_extensions));
    return status.ids_issued == log_.size() && status.lease_extensions > 0 ? kGood : kBad;
  }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(Cancel, ADrawIsCarriedThroughAndItsIdIsNotLost) {
  Process process([&] { return CancelDraws(); });
  EXPECT_EQ(kGood, process.Wait(30'000));
}

TEST_P(Cancel, ADrawThatSleepsIsCarriedThroughToo) {
  options_.sequence_bits = 3;  // 8 IDs a tick: nearly every draw waits
  options_.tick_us = 5'000;
  options_.horizon_ms = 200;
  Process process([&] { return CancelDraws(); });
  EXPECT_EQ(kGood, process.Wait(30'000));
}

TEST_P(Cancel, AnOpenIsCarriedThroughAndLeavesNoDescriptor) {
  Process process([&] {
    Random random(static_cast<std::uint64_t>(NowMs()));
    { const Flake first = box_.MustOpen(&options_); }
    const std::ptrdiff_t before = CountDescriptors();
    for (int round = 0; round < 40; ++round) {
      std::vector<::shmflake*> opened(1000, nullptr);
      const Thread thread([&] {
        for (::shmflake*& flake : opened) {
          if (Expect(0, shmflake_open(nullptr, &options_, &flake)) != kGood) std::_Exit(kBad);
          ::pthread_testcancel();
        }
        for (;;) ::pause();
      });
      ::usleep(static_cast<useconds_t>(random.Below(3'000)));
      thread.Cancel();
      if (!thread.WasCancelled()) return kBad;
      for (::shmflake* flake : opened) shmflake_close(flake);
      if (round % 4 == 0 && Expect(0, box_.Retire(10'000)) != kGood) return kBad;
    }
    const std::ptrdiff_t after = CountDescriptors();
    if (after != before) std::fprintf(stderr, "%td descriptors, then %td\n", before, after);
    return after == before ? kGood : kBad;
  });
  EXPECT_EQ(kGood, process.Wait(30'000));
}

TEST_P(Cancel, AThreadWithACancellationPendingGetsToTheEndOfEveryCall) {
  Process process([&] {
    std::atomic<bool> at_the_end{false};
    const Thread thread([&] {
      ::pthread_cancel(::pthread_self());  // acted on at the next cancellation point
      const auto must = [](int code) {
        if (Expect(0, code) != kGood) std::_Exit(kBad);
      };
      ::shmflake* flake = nullptr;
      must(shmflake_open(nullptr, &options_, &flake));
      Drawer drawer(flake, log_, GetParam());
      must(drawer.Next());
      must(drawer.NextN(3));
      must(drawer.NextBlock(3));
      shmflake_status_info info{};
      info.struct_size = sizeof(info);
      must(shmflake_status(flake, &info));
      std::size_t count = 0;
      must(shmflake_processes(flake, nullptr, 0, &count));
      must(shmflake_settings(nullptr, &options_, nullptr, 0, &count));
      must(shmflake_retire(nullptr, &options_));
      must(drawer.Next());
      shmflake_close(flake);
      at_the_end = true;
      ::pthread_testcancel();
    });
    const bool cancelled = thread.WasCancelled();
    return cancelled && at_the_end ? kGood : kBad;
  });
  EXPECT_EQ(kGood, process.Wait(30'000));
}

INSTANTIATE_TEST_SUITE_P(Orderings, Cancel, ::testing::Values(Order::kStrict, Order::kRelaxed),
                         [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
