// SPDX-License-Identifier: Apache-2.0
// What the operating system refuses, or another process holds up: each with a code of its own, who
// holds it up where that can be known, and the errno's words.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/refused.h"

namespace flake::test {
namespace {

class SystemRefusal : public ::testing::Test {
 protected:
  SystemRefusal() : options_(box_.Options()) { options_.wait_timeout_ms = 5000; }

  // A process that holds something of the file until it is killed.
  Process Hold(const std::string& path, int flags, const std::function<int(int)>& take) {
    Shared<std::atomic<bool>> holds;
    Process holder([&] {
      ::signal(SIGIO, SIG_IGN);
      const int fd = ::open(path.c_str(), flags);
      if (fd < 0 || take(fd) != 0) {
        std::perror(path.c_str());
        return kBad;
      }
      holds->store(true);
      for (;;) SleepMs(1000);
    });
    EXPECT_TRUE(Eventually([&] { return holds->load(); }));
    return holder;
  }
  void ExpectWorks() {
    const Flake flake = box_.Open(nullptr, &options_);
    ASSERT_NE(nullptr, flake) << shmflake_last_error();
    std::uint64_t id = 0;
    EXPECT_EQ(0, shmflake_next(flake.get(), &id)) << shmflake_last_error();
  }

  const Sandbox box_;
  shmflake_options options_;
};

TEST_F(SystemRefusal, WhoHoldsABirthUpIsNamedAfterTheWait) {
  { const Flake first = box_.MustOpen(&options_); }
  box_.RemoveRegion();
  const std::string lock = box_.state + "/default.lock";
  Process holder = Hold(lock, O_RDWR, [](int fd) {
    struct flock byte {};
    byte.l_type = F_WRLCK;
    byte.l_len = 1;
    return ::fcntl(fd, F_OFD_SETLK, &byte);
  });
  options_.wait_timeout_ms = 200;
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_TIMEOUT, box_,
                               {lock, "pid " + std::to_string(holder.pid())}, &options_));
  EXPECT_EQ("", box_.ListRegions());
  options_.wait_timeout_ms = 5000;
  holder.Kill();
  ExpectWorks();
}

// A lease of the fcntl kind, on the region's file: the one thing that makes its open fail with an
// errno that has no code of its own.
TEST_F(SystemRefusal, AnErrnoWithoutACodeOfItsOwnIsSystemWithItsWords) {
  { const Flake first = box_.MustOpen(&options_); }
  Process holder =
      Hold(box_.region, O_RDONLY, [](int fd) { return ::fcntl(fd, F_SETLEASE, F_RDLCK); });
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_SYSTEM, box_, {box_.region, "temporarily unavailable"},
                               &options_));
  holder.Kill();
  ExpectWorks();
}

TEST_F(SystemRefusal, NoFreeDescriptorIsTooManyFilesWithTheFile) {
  { const Flake first = box_.MustOpen(&options_); }
  Process limited([&] {
    const int spare = ::dup(0);  // for the configuration file, which is closed again
    const rlimit limit{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    while (::dup(0) >= 0) {
    }
    ::close(spare);
    return OpenRefused(SHMFLAKE_E_TOO_MANY_FILES, box_, {box_.state, "Too many open files"},
                       &options_);
  });
  EXPECT_EQ(kGood, limited.Wait());
  ExpectWorks();
}

TEST_F(SystemRefusal, AJournalThatIsADirectoryMakesTheStoreUnavailable) {
  { const Flake first = box_.MustOpen(&options_); }
  box_.RemoveRegion();
  const std::string journal = box_.state + "/leases.db-journal";
  ASSERT_EQ(0, ::mkdir(journal.c_str(), 0700));
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STORE_UNAVAILABLE, box_, {box_.state + "/leases.db"},
                               &options_));
  EXPECT_EQ("", box_.ListRegions());
  ASSERT_EQ(0, ::rmdir(journal.c_str()));
  ExpectWorks();
}

TEST_F(SystemRefusal, ANamespaceOfAnotherLayoutIsRefusedWithBothLayouts) {
  { const Flake first = box_.MustOpen(&options_); }
  ASSERT_EQ(0, box_.Retire());
  options_.sequence_bits = 10;
  EXPECT_EQ(kGood, OpenRefused(SHMFLAKE_E_STORE_LAYOUT, box_,
                               {"45/2+6/10", "43/2+6/12", "id_namespace"}, &options_));
  EXPECT_EQ("", box_.ListRegions());
  options_.sequence_bits = 0;
  ExpectWorks();
}

}  // namespace
}  // namespace flake::test
