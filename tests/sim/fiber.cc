// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/fiber.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/sim/kernel.h"

namespace shmflake::sim {
namespace {

constexpr std::size_t kStackSize = 256 << 10;  // what is not touched takes no memory
constexpr std::size_t kGuardSize = 4 << 10;

std::vector<void*>& FreeStacks() {
  static std::vector<void*> stacks;
  return stacks;
}

void* TakeStack() {
  std::vector<void*>& stacks = FreeStacks();
  if (!stacks.empty()) {
    void* stack = stacks.back();
    stacks.pop_back();
    return stack;
  }
  void* stack = kernel::Map(kStackSize);
  if (stack == nullptr || ::mprotect(stack, kGuardSize, PROT_NONE) != 0) {
    std::perror("map a stack");
    std::abort();
  }
  return stack;
}

Fiber* g_starting = nullptr;

}  // namespace

Fiber::Fiber(Body body, void* argument) : body_(body), argument_(argument), stack_(TakeStack()) {
  ::getcontext(&here_);
  here_.uc_stack.ss_sp = stack_;
  here_.uc_stack.ss_size = kStackSize;
  here_.uc_link = nullptr;
  ::makecontext(&here_, &Fiber::Run, 0);
}

Fiber::~Fiber() { FreeStacks().push_back(stack_); }

void Fiber::Run() {
  Fiber* self = g_starting;
  self->body_(self->argument_);
  self->ended_ = true;
  self->Leave();
}

void Fiber::Resume() {
  g_starting = this;
  ::swapcontext(&there_, &here_);
}

void Fiber::Leave() { ::swapcontext(&here_, &there_); }

}  // namespace shmflake::sim
