// SPDX-License-Identifier: Apache-2.0
// Ends or stops the process that calls, when it reaches a point of core/failpoint.h.
#ifndef SHMFLAKE_TESTS_SUPPORT_KILL_POINT_H_
#define SHMFLAKE_TESTS_SUPPORT_KILL_POINT_H_

#include <cstddef>
#include <string>
#include <vector>

namespace flake::test {

// In the order of kPointNames.
[[nodiscard]] std::vector<std::string> AllPoints();
// Those that segment mode passes, and the others.
[[nodiscard]] std::vector<std::string> SegmentPoints();
[[nodiscard]] std::vector<std::string> RegionPoints();

// The calling process, and children that it forks later, run `action` when they reach the point for
// the `occurrence`th time (1 is the first) since now, and at no other time. It may not return.
void ArmPoint(const std::string& point, int occurrence, void (*action)());
void DisarmPoints();
// How often the armed point was reached since.
[[nodiscard]] int TimesReached();

// The calling process, and children that it forks later, run `action` at every point that they
// reach, with its index in AllPoints(). Null: no more.
void AtEveryPoint(void (*action)(std::size_t point));

void KillMyself();
void StopMyself();

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_KILL_POINT_H_
