// SPDX-License-Identifier: Apache-2.0
// A log function that forks: both sides return from the call that logged, with IDs of their own.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "tests/support/id_log.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

struct Forker {
  bool armed = false;
  pid_t child = -1;  // 0 in the child
};

void ForkOnce(void* context, int /*level*/, const char* event, const shmflake_log_field* /*fields*/,
              std::size_t /*count*/) {
  auto* forker = static_cast<Forker*>(context);
  if (!forker->armed || std::strcmp(event, "lease_extended") != 0) return;
  forker->armed = false;
  forker->child = ::fork();
}

enum class Call { kNext, kNextN, kNextBlock, kUuid7, kUuid7N };

class ForkInLog : public ::testing::TestWithParam<Call> {
 protected:
  int Draw(::shmflake* flake, IdLog::Writer* writer) {
    std::uint64_t ids[3000] = {};
    static unsigned char uuids[3000][16];
    std::size_t count = 1;
    int code = 0;
    switch (GetParam()) {
      case Call::kNext:
        code = shmflake_next(flake, ids);
        break;
      case Call::kNextN:
        code = shmflake_next_n(flake, ids, 3000, &count);
        break;
      case Call::kNextBlock: {
        std::uint64_t got = 0;
        code = shmflake_next_block(flake, 100, ids, &got);
        count = got;
        for (std::size_t i = 1; i < count; ++i) ids[i] = ids[0] + i;
        break;
      }
      case Call::kUuid7:
        code = shmflake_uuid7(flake, uuids[0]);
        break;
      case Call::kUuid7N:
        code = shmflake_uuid7_n(flake, uuids, 3000, &count);
        break;
    }
    if (code != 0) return code;
    const bool of_uuids = GetParam() == Call::kUuid7 || GetParam() == Call::kUuid7N;
    for (std::size_t i = 0; i < count; ++i) {
      if (of_uuids) {  // milliseconds and counter, which are unique before any random bit
        const unsigned char* u = uuids[i];
        ids[i] = 0;
        for (int byte = 0; byte < 6; ++byte) ids[i] = ids[i] << 8 | u[byte];
        ids[i] = ids[i] << 16 | (u[6] & 0xfU) << 12 | static_cast<unsigned>(u[7]) << 4 |
                 (u[8] & 0x3fU) >> 2;
      }
      writer->Append(ids[i]);
    }
    return 0;
  }
};

TEST_P(ForkInLog, ParentAndChildGetDifferentIds) {
  const Sandbox box;
  IdLog log;
  Forker forker;
  shmflake_options options = box.Options();
  options.horizon_ms = 100;
  options.sequence_bits = 10;  // so that many IDs take several steps
  options.log = ForkOnce;
  options.log_context = &forker;
  options.log_level = SHMFLAKE_LOG_DEBUG;
  const Flake flake = box.MustOpen(&options);
  IdLog::Writer writer(log);
  for (int round = 0; round < 10; ++round) {
    SleepMs(round % 2 == 0 ? 60 : 120);  // the lease is half used, or used up
    forker = {true, -1};
    const int code = Draw(flake.get(), &writer);
    if (forker.child == 0) ::_exit(code == 0 ? 0 : 1);
    ASSERT_EQ(0, code) << shmflake_last_error();
    if (forker.child < 0) continue;  // another call had extended it
    int status = -1;
    ASSERT_EQ(forker.child, ::waitpid(forker.child, &status, 0));
    EXPECT_EQ(0, status);
  }
  EXPECT_FALSE(forker.armed && forker.child < 0) << "nothing was extended";
  EXPECT_EQ(0U, log.CountRepeats());
}

INSTANTIATE_TEST_SUITE_P(Calls, ForkInLog,
                         ::testing::Values(Call::kNext, Call::kNextN, Call::kNextBlock,
                                           Call::kUuid7, Call::kUuid7N));

}  // namespace
}  // namespace flake::test
