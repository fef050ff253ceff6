// SPDX-License-Identifier: Apache-2.0
// Expectations on a Status or a DrawError that show its message when they fail.
#ifndef SHMFLAKE_TESTS_SUPPORT_EXPECT_STATUS_H_
#define SHMFLAKE_TESTS_SUPPORT_EXPECT_STATUS_H_

#include <gtest/gtest.h>

#include <string>

#include "core/draw_error.h"
#include "core/status.h"

namespace shmflake::test {

inline std::string Words(const Status& status) { return status.message(); }
inline std::string Words(const DrawError& error) { return DescribeDrawError(error); }
inline Code CodeOf(const Status& status) { return status.code(); }
inline Code CodeOf(const DrawError& error) { return error.code; }

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace shmflake::test

#define EXPECT_FAILS(expected, expression)                                \
  do {                                                                    \
    const auto outcome = (expression);                                    \
    EXPECT_STREQ(::shmflake::CodeName(expected),                          \
                 ::shmflake::CodeName(::shmflake::test::CodeOf(outcome))) \
        << #expression << ": " << ::shmflake::test::Words(outcome);       \
  } while (false)
#define EXPECT_SUCCEEDS(expression) EXPECT_FAILS(::shmflake::Code::OK, expression)
#define ASSERT_SUCCEEDS(expression)                                                       \
  do {                                                                                    \
    const auto outcome = (expression);                                                    \
    ASSERT_TRUE(outcome.ok()) << #expression << ": " << ::shmflake::test::Words(outcome); \
  } while (false)

#endif  // SHMFLAKE_TESTS_SUPPORT_EXPECT_STATUS_H_
