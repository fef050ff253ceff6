// SPDX-License-Identifier: Apache-2.0
// A program of its own: the handler is installed once a process, and its children must start
// without it. Each in a child: a handler stays installed, and some end the process.
#include "core/fault_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "core/platform.h"
#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

constexpr std::size_t kSize = 16384;
int g_passed_on = 0;

void WriteMark(void* memory) { static_cast<unsigned char*>(memory)[5] = 0x77; }

class FaultGuardTest : public ::testing::Test {
 protected:
  // A mapping whose file is gone under it: every access is SIGBUS.
  [[nodiscard]] volatile unsigned char* MapAndTruncate() {
    const UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(0, ::ftruncate(fd.get(), kSize));
    void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    EXPECT_EQ(0, ::ftruncate(fd.get(), 0));
    return static_cast<volatile unsigned char*>(memory);
  }
  static void* Base(volatile unsigned char* memory) { return const_cast<unsigned char*>(memory); }
  static void SetHandler(void (*simple)(int), void (*full)(int, siginfo_t*, void*)) {
    struct sigaction action {};
    if (full != nullptr) {
      action.sa_sigaction = full;
      action.sa_flags = SA_SIGINFO;
    } else {
      action.sa_handler = simple;
    }
    EXPECT_EQ(0, ::sigaction(SIGBUS, &action, nullptr));
  }

  TempDir directory_;
  std::string path_ = directory_.Write("file", "");
};

TEST_F(FaultGuardTest, AnAccessToATruncatedFileGoesOnInATombstone) {
  EXPECT_EQ(0, RunInChild([&] {
              volatile unsigned char* memory = MapAndTruncate();
              EXPECT_SUCCEEDS(GuardMapping(Base(memory), kSize, WriteMark));
              errno = 42;
              EXPECT_EQ(0x77, memory[5]);
              EXPECT_EQ(42, errno);
              memory[kSize - 1] = 9;
              EXPECT_EQ(9, memory[kSize - 1]);
              EXPECT_EQ(0, memory[0]);
              return 0;
            }));
}

TEST_F(FaultGuardTest, AnUnguardedMappingEndsTheProcessAsEver) {
  EXPECT_EQ(-SIGBUS, RunInChild([&] {
    volatile unsigned char* guarded = MapAndTruncate();
    volatile unsigned char* other = MapAndTruncate();
    EXPECT_SUCCEEDS(GuardMapping(Base(guarded), kSize, WriteMark));
    return static_cast<int>(other[5]);
  }));
}

TEST_F(FaultGuardTest, AMappingThatIsGuardedNoMoreEndsTheProcess) {
  EXPECT_EQ(-SIGBUS, RunInChild([&] {
    volatile unsigned char* memory = MapAndTruncate();
    EXPECT_SUCCEEDS(GuardMapping(Base(memory), kSize, WriteMark));
    UnguardMapping(Base(memory));
    return static_cast<int>(memory[5]);
  }));
}

TEST_F(FaultGuardTest, AForeignFaultGoesToAHandlerWithItsDetails) {
  EXPECT_EQ(33, RunInChild([&] {
              SetHandler(nullptr, [](int signal, siginfo_t* info, void* context) {
                ::_exit(signal == SIGBUS && info->si_code > 0 && context != nullptr ? 33 : 2);
              });
              volatile unsigned char* guarded = MapAndTruncate();
              volatile unsigned char* other = MapAndTruncate();
              EXPECT_SUCCEEDS(GuardMapping(Base(guarded), kSize, WriteMark));
              EXPECT_EQ(0x77, guarded[5]);  // its own are not passed on
              return static_cast<int>(other[5]);
            }));
}

TEST_F(FaultGuardTest, AForeignFaultGoesToASimpleHandler) {
  EXPECT_EQ(34, RunInChild([&] {
              SetHandler([](int signal) { ::_exit(signal == SIGBUS ? 34 : 2); }, nullptr);
              volatile unsigned char* guarded = MapAndTruncate();
              volatile unsigned char* other = MapAndTruncate();
              EXPECT_SUCCEEDS(GuardMapping(Base(guarded), kSize, WriteMark));
              return static_cast<int>(other[5]);
            }));
}

TEST_F(FaultGuardTest, ASignalThatWasSentIsPassedOnThoughGuardsExist) {
  EXPECT_EQ(0, RunInChild([&] {
              SetHandler([](int) { ++g_passed_on; }, nullptr);
              EXPECT_SUCCEEDS(GuardMapping(Base(MapAndTruncate()), kSize, WriteMark));
              for (int i = 1; i <= 3; ++i) {
                ::kill(::getpid(), SIGBUS);
                EXPECT_EQ(i, g_passed_on);
              }
              return 0;
            }));
}

TEST_F(FaultGuardTest, ASentSignalEndsAProcessThatHadNoHandler) {
  EXPECT_EQ(-SIGBUS, RunInChild([&] {
    ::signal(SIGBUS, SIG_DFL);
    EXPECT_SUCCEEDS(GuardMapping(Base(MapAndTruncate()), kSize, WriteMark));
    ::kill(::getpid(), SIGBUS);
    return 0;
  }));
}

TEST_F(FaultGuardTest, ASentSignalIsIgnoredWhereItWasIgnoredBefore) {
  EXPECT_EQ(0, RunInChild([&] {
              ::signal(SIGBUS, SIG_IGN);
              volatile unsigned char* memory = MapAndTruncate();
              EXPECT_SUCCEEDS(GuardMapping(Base(memory), kSize, WriteMark));
              ::kill(::getpid(), SIGBUS);
              return memory[5] == 0x77 ? 0 : 1;
            }));
}

TEST_F(FaultGuardTest, ItsTableIsFiniteAndItsEntriesAreReused) {
  EXPECT_EQ(0, RunInChild([&] {
              static unsigned char bases[5000];
              std::size_t count = 0;
              Status status;
              while (count < sizeof(bases)) {
                status = GuardMapping(&bases[count], 1, WriteMark);
                if (!status.ok()) break;
                ++count;
              }
              EXPECT_FAILS(Code::NO_MEMORY, status);
              EXPECT_TRUE(Contains(status.message(), "sigbus_guard")) << status.message();
              UnguardMapping(&bases[7]);
              EXPECT_SUCCEEDS(GuardMapping(&bases[7], 1, WriteMark));
              return 0;
            }));
}

}  // namespace
}  // namespace shmflake::test
