// SPDX-License-Identifier: Apache-2.0
// Which virtual process a block of memory belongs to, so that a killed one leaves nothing behind:
// operator new counts for whoever is at work.
#ifndef SHMFLAKE_TESTS_SIM_HEAP_H_
#define SHMFLAKE_TESTS_SIM_HEAP_H_

#include <cstddef>

namespace shmflake::sim {

class Heap {
 public:
  Heap() noexcept = default;
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  ~Heap() { FreeAll(); }
  // Without a destructor being called.
  void FreeAll() noexcept;

  // Whose allocations are made now; null: the simulation's own.
  static Heap* Current() noexcept;
  static void SetCurrent(Heap* heap) noexcept;

  struct alignas(16) Block {
    Block* previous = this;
    Block* next = this;
    void* memory = nullptr;  // what malloc gave
  };
  void Add(Block* block) noexcept;

 private:
  Block blocks_;  // a ring
};

// For a scope: allocations are the simulation's own, or a given process's.
class HeapScope {
 public:
  explicit HeapScope(Heap* heap = nullptr) noexcept : before_(Heap::Current()) {
    Heap::SetCurrent(heap);
  }
  ~HeapScope() { Heap::SetCurrent(before_); }
  HeapScope(const HeapScope&) = delete;
  HeapScope& operator=(const HeapScope&) = delete;

 private:
  Heap* before_;
};

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_HEAP_H_
