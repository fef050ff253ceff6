// SPDX-License-Identifier: Apache-2.0
// The handle in a smart pointer, errors as exceptions, and IDs for a whole list of orders at once.
#include <shmflake/shmflake.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

struct Close {
  void operator()(shmflake* flake) const { shmflake_close(flake); }
};
using Flake = std::unique_ptr<shmflake, Close>;

void Check(int code) {
  if (code != SHMFLAKE_OK) throw std::runtime_error(shmflake_last_error());
}

Flake Open(const char* name) {
  shmflake* flake = nullptr;
  Check(shmflake_open(name, nullptr, &flake));
  return Flake(flake);
}

}  // namespace

int main() try {
  const Flake flake = Open("orders");

  std::uint64_t id = 0;
  Check(shmflake_next(flake.get(), &id));
  std::cout << "one order:     " << id << '\n';

  std::vector<std::uint64_t> ids(3);
  Check(shmflake_next_n(flake.get(), ids.data(), ids.size(), nullptr));
  for (const std::uint64_t each : ids) std::cout << "three at once: " << each << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
