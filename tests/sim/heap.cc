// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/heap.h"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace shmflake::sim {
namespace {

Heap* g_current = nullptr;

void Remove(Heap::Block* block) noexcept {
  block->previous->next = block->next;
  block->next->previous = block->previous;
}

// malloc, a block's head, and then what the caller gets.
void* Allocate(std::size_t size, std::size_t alignment) {
  void* memory = std::malloc(size + sizeof(Heap::Block) + alignment);
  if (memory == nullptr) throw std::bad_alloc();
  const std::uintptr_t least = reinterpret_cast<std::uintptr_t>(memory) + sizeof(Heap::Block);
  const std::uintptr_t given = (least + alignment - 1) / alignment * alignment;
  auto* block = new (reinterpret_cast<void*>(given - sizeof(Heap::Block))) Heap::Block;
  block->memory = memory;
  if (g_current != nullptr) g_current->Add(block);
  return reinterpret_cast<void*>(given);
}

void Free(void* given) noexcept {
  if (given == nullptr) return;
  auto* block = static_cast<Heap::Block*>(given) - 1;
  Remove(block);
  std::free(block->memory);
}

}  // namespace

Heap* Heap::Current() noexcept { return g_current; }
void Heap::SetCurrent(Heap* heap) noexcept { g_current = heap; }

void Heap::Add(Block* block) noexcept {
  block->next = blocks_.next;
  block->previous = &blocks_;
  blocks_.next->previous = block;
  blocks_.next = block;
}

void Heap::FreeAll() noexcept {
  while (blocks_.next != &blocks_) {
    Block* block = blocks_.next;
    Remove(block);
    std::free(block->memory);
  }
}

}  // namespace shmflake::sim

// The other forms of the standard library end in these.
void* operator new(std::size_t size) { return shmflake::sim::Allocate(size, 16); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto wanted = static_cast<std::size_t>(alignment);
  return shmflake::sim::Allocate(size, wanted < 16 ? 16 : wanted);
}
void operator delete(void* given) noexcept { shmflake::sim::Free(given); }
void operator delete(void* given, std::size_t /*size*/) noexcept { shmflake::sim::Free(given); }
void operator delete(void* given, std::align_val_t /*alignment*/) noexcept {
  shmflake::sim::Free(given);
}
void operator delete(void* given, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  shmflake::sim::Free(given);
}
