// SPDX-License-Identifier: Apache-2.0
// What a process does so that it passes a point of core/failpoint.h again and again.
#ifndef SHMFLAKE_TESTS_SUPPORT_POINT_SCENARIO_H_
#define SHMFLAKE_TESTS_SUPPORT_POINT_SCENARIO_H_

#include <string>

#include "tests/support/drawer.h"
#include "tests/support/sandbox.h"

namespace flake::test {

// The options under which the point is passed: relaxed for the block's points; a short lease, so
// that it is extended often; short waits.
[[nodiscard]] shmflake_options OptionsFor(const std::string& point, const Sandbox& sandbox);
[[nodiscard]] Order OrderFor(const std::string& point);

// Creates, attaches, draws, extends or retires, as the point wants it, until `ms` have passed. The
// first code that is no success and not among those that others may cause, or 0.
int PassPoint(const std::string& point, const Sandbox& sandbox, IdLog& log, long ms);

// Draws with a short pause after each until `ms` have passed. The first code that is no success.
int DrawFor(::shmflake* flake, IdLog& log, Order order, long ms);

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_POINT_SCENARIO_H_
