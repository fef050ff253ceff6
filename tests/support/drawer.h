// SPDX-License-Identifier: Apache-2.0
// Draws IDs, logs every one of them, and checks the order that strict ordering promises.
#ifndef SHMFLAKE_TESTS_SUPPORT_DRAWER_H_
#define SHMFLAKE_TESTS_SUPPORT_DRAWER_H_

#include <cstddef>
#include <cstdint>

#include "shmflake/shmflake.h"
#include "tests/support/id_log.h"

namespace flake::test {

enum class Order { kStrict, kRelaxed };

// All functions return the library's code. TryNext is async-signal-safe, on a Drawer of the
// handler's own.
class Drawer {
 public:
  Drawer(::shmflake* flake, IdLog& log, Order order = Order::kStrict)
      : flake_(flake), log_(log), writer_(log), order_(order) {}

  int Next();
  int TryNext() noexcept;
  int NextNowait();          // and Next where it would wait
  int NextN(std::size_t n);  // n <= 256
  int NextBlock(std::uint64_t want);
  // One of the above, by the random number.
  int Any(std::uint64_t random);
  // `n` of Next.
  int Times(int n);

  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] ::shmflake* flake() const { return flake_; }

 private:
  void Note(std::uint64_t before, std::uint64_t id) noexcept;

  ::shmflake* flake_;
  IdLog& log_;
  IdLog::Writer writer_;
  Order order_;
  std::uint64_t last_ = 0;
};

// splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // 0..end - 1.
  std::uint64_t Below(std::uint64_t end) { return (*this)() % end; }

 private:
  std::uint64_t state_;
};

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_DRAWER_H_
