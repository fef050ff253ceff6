// SPDX-License-Identifier: Apache-2.0
// A stranger's C++11 program: two threads on one handle. Prints 1,000 IDs of the worker ID that its
// argument names.
#include <shmflake/shmflake.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

namespace {

void Draw(shmflake* flake, std::vector<std::uint64_t>* ids) {
  for (std::uint64_t& id : *ids) {
    if (shmflake_next(flake, &id) != SHMFLAKE_OK) {
      std::cerr << shmflake_last_error() << '\n';
      std::exit(1);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  shmflake* flake = nullptr;
  if (shmflake_open("default", nullptr, &flake) != SHMFLAKE_OK) {
    std::cerr << shmflake_last_error() << '\n';
    return 1;
  }
  std::vector<std::uint64_t> mine(500), theirs(500);
  std::thread thread(Draw, flake, &theirs);
  Draw(flake, &mine);
  thread.join();
  mine.insert(mine.end(), theirs.begin(), theirs.end());
  for (const std::uint64_t id : mine) {
    shmflake_parts parts;
    if (shmflake_decode(flake, id, &parts) != SHMFLAKE_OK ||
        parts.worker_id != std::strtoul(argv[1], nullptr, 10)) {
      std::cerr << id << " is of worker " << parts.worker_id << '\n';
      return 1;
    }
    std::cout << id << '\n';
  }
  shmflake_close(flake);
  return 0;
}
