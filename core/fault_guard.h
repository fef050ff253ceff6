// SPDX-License-Identifier: Apache-2.0
// A file that is truncated under its mapping raises SIGBUS in whoever touches it. For guarded
// mappings the handler puts a private tombstone in the mapping's place, so that the access goes on
// and finds it. Every other SIGBUS goes to the handler that was there before.
#ifndef SHMFLAKE_CORE_FAULT_GUARD_H_
#define SHMFLAKE_CORE_FAULT_GUARD_H_

#include <cstddef>

#include "core/status.h"

namespace shmflake {

// Fills a fresh zeroed copy of the mapping. Async-signal-safe.
using TombstoneFiller = void (*)(void* memory);

// Thread safety: any thread. Guard installs the handler at first use and never removes it.
Status GuardMapping(void* base, std::size_t size, TombstoneFiller fill);
// What the handler does, for a mapping that is known to have lost its file: for threads that block
// SIGBUS. False when it is not guarded. Async-signal-safe.
bool ReplaceGuardedMapping(void* base) noexcept;
void UnguardMapping(void* base);

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_FAULT_GUARD_H_
