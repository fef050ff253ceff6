// SPDX-License-Identifier: Apache-2.0
// What virtual processes do.
#ifndef SHMFLAKE_TESTS_SIM_PROGRAM_H_
#define SHMFLAKE_TESTS_SIM_PROGRAM_H_

#include "tests/sim/witness.h"
#include "tests/sim/world.h"

namespace shmflake::sim {

// Before any of them starts.
void SetWitness(Witness* witness);

// Opens a generator and draws in every way that there is, until it is killed, or has had enough.
void Draw(Process& self);
// As `shmflake retire`.
void Retire(Process& self);

}  // namespace shmflake::sim

#endif  // SHMFLAKE_TESTS_SIM_PROGRAM_H_
