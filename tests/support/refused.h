// SPDX-License-Identifier: Apache-2.0
// What a call that must fail says: its code, and the rule and the values in its message.
#ifndef SHMFLAKE_TESTS_SUPPORT_REFUSED_H_
#define SHMFLAKE_TESTS_SUPPORT_REFUSED_H_

#include <cstdio>
#include <string>
#include <vector>

#include "shmflake/shmflake.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {

// kGood when the code is the expected one and the message has all the parts; else says on stderr
// what is wrong. For tests and for children alike.
inline int Said(int expected, int code, const std::string& message,
                const std::vector<std::string>& parts) {
  int result = kGood;
  if (code != expected) {
    std::fprintf(stderr, "expected %s, got %s: %s\n", shmflake_error_name(expected),
                 code == 0 ? "OK" : shmflake_error_name(code), message.c_str());
    return kBad;
  }
  for (const std::string& part : parts) {
    if (message.find(part) != std::string::npos) continue;
    std::fprintf(stderr, "%s does not say '%s': %s\n", shmflake_error_name(code), part.c_str(),
                 message.c_str());
    result = kBad;
  }
  return result;
}

// The same for this thread's last call.
inline int Refused(int expected, int code, const std::vector<std::string>& parts) {
  return Said(expected, code, shmflake_last_error(), parts);
}

// Of an open that must be refused. A handle that came all the same is closed.
inline int OpenRefused(int expected, const Sandbox& box, const std::vector<std::string>& parts,
                       const shmflake_options* options = nullptr, const char* name = nullptr) {
  int code = 0;
  const Flake flake = box.Open(&code, options, name);
  return Refused(expected, code, parts);
}

}  // namespace flake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_REFUSED_H_
