// SPDX-License-Identifier: Apache-2.0
// Programs that close descriptors which they did not open, as daemons do, and then open files of
// their own under the same numbers: draws go on, and the program's files are left alone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/drawer.h"
#include "tests/support/process.h"
#include "tests/support/sandbox.h"

namespace flake::test {
namespace {

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Files of the program's own, under the lowest numbers that are free.
class OwnFiles {
 public:
  OwnFiles(const std::string& directory, int count) : directory_(directory) {
    for (int i = 0; i < count; ++i) {
      const int fd = ::open(PathOf(i).c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
      if (fd < 0 || ::dprintf(fd, "%s", kText) < 0 || ::lseek(fd, i, SEEK_SET) != i) std::abort();
      fds_.push_back(fd);
    }
  }
  ~OwnFiles() {
    for (const int fd : fds_) ::close(fd);
  }
  OwnFiles(const OwnFiles&) = delete;
  OwnFiles& operator=(const OwnFiles&) = delete;

  // Still open, the same files, at their positions, with their flags and bytes, without a lock.
  [[nodiscard]] bool Unharmed() const {
    for (std::size_t i = 0; i < fds_.size(); ++i) {
      struct stat by_fd {};
      struct stat by_name {};
      const std::string path = PathOf(static_cast<int>(i));
      const std::string info = ReadAll("/proc/self/fdinfo/" + std::to_string(fds_[i]));
      if (::fstat(fds_[i], &by_fd) == 0 && ::stat(path.c_str(), &by_name) == 0 &&
          by_fd.st_ino == by_name.st_ino && ::fcntl(fds_[i], F_GETFD) == 0 &&
          ::lseek(fds_[i], 0, SEEK_CUR) == static_cast<off_t>(i) && ReadAll(path) == kText &&
          info.find("lock:") == std::string::npos) {
        continue;
      }
      std::fprintf(stderr, "%s, descriptor %d, was touched\n%s", path.c_str(), fds_[i],
                   info.c_str());
      return false;
    }
    return true;
  }

 private:
  static constexpr char kText[] = "the program's own words";
  [[nodiscard]] std::string PathOf(int i) const { return directory_ + "/own" + std::to_string(i); }
  const std::string directory_;
  std::vector<int> fds_;
};

class LostDescriptors : public ::testing::TestWithParam<Order> {
 protected:
  LostDescriptors() : options_(box_.Options()) {
    options_.ordering =
        GetParam() == Order::kRelaxed ? SHMFLAKE_ORDERING_RELAXED : SHMFLAKE_ORDERING_STRICT;
    options_.horizon_ms = 100;
  }
  ~LostDescriptors() override {
    EXPECT_EQ(0U, log_.CountRepeats());
    EXPECT_EQ(0U, log_.disorder());
    EXPECT_GT(log_.size(), 0U);
  }

  // Longer than the region is believed to be there unseen, and than the lease lasts.
  int DrawForLong(::shmflake* flake) {
    Drawer drawer(flake, log_, GetParam());
    for (int i = 0; i < 150; ++i) {
      const int tried = drawer.TryNext();
      const bool left = tried == SHMFLAKE_E_REGION_LOST || tried == SHMFLAKE_E_RETIRED;
      if (!left && Expect(0, tried) != kGood) return kBad;
      if (Expect(0, i % 4 == 0 ? drawer.NextN(5) : drawer.Next()) != kGood) return kBad;
      SleepMs(1);
    }
    return kGood;
  }

  static int Run(const std::function<int()>& body) { return Process(body).Wait(); }

  Sandbox box_;
  IdLog log_;
  shmflake_options options_;
};

TEST_P(LostDescriptors, DrawsGoOnBesideFilesThatTookTheirNumbers) {
  EXPECT_EQ(kGood, Run([&] {
              Flake flake = box_.MustOpen(&options_);
              Drawer drawer(flake.get(), log_, GetParam());
              if (Expect(0, drawer.Times(10)) != kGood) return kBad;
              ::close_range(3, ~0U, 0);
              const OwnFiles files(box_.state, 12);
              if (DrawForLong(flake.get()) != kGood || !files.Unharmed()) return kBad;
              if (Expect(0, box_.Retire(10'000)) != kGood) return kBad;
              if (DrawForLong(flake.get()) != kGood || !files.Unharmed()) return kBad;
              flake.reset();
              return files.Unharmed() ? kGood : kBad;
            }));
}

TEST_P(LostDescriptors, AHandleThatIsClosedUnusedClosesNothingOfTheProgram) {
  EXPECT_EQ(kGood, Run([&] {
              Flake flake = box_.MustOpen(&options_);
              Drawer drawer(flake.get(), log_, GetParam());
              if (Expect(0, drawer.Times(10)) != kGood) return kBad;
              ::close_range(3, ~0U, 0);
              const OwnFiles files(box_.state, 12);
              flake.reset();
              return files.Unharmed() ? kGood : kBad;
            }));
}

TEST_P(LostDescriptors, AChildThatInheritedTheLossDrawsOnToo) {
  EXPECT_EQ(kGood, Run([&] {
              const Flake flake = box_.MustOpen(&options_);
              Drawer drawer(flake.get(), log_, GetParam());
              if (Expect(0, drawer.Times(10)) != kGood) return kBad;
              ::close_range(3, ~0U, 0);
              const OwnFiles files(box_.state, 12);
              Process child([&] {
                return DrawForLong(flake.get()) == kGood && files.Unharmed() ? kGood : kBad;
              });
              const int mine = DrawForLong(flake.get());
              return child.Wait() == kGood && mine == kGood && files.Unharmed() ? kGood : kBad;
            }));
}

// fork, setsid, fork, everything closed, standard streams on /dev/null.
TEST_P(LostDescriptors, ADaemonDrawsOnWithTheHandleOfTheProgramThatBecameIt) {
  Shared<std::atomic<int>> result;
  result->store(-1);
  EXPECT_EQ(kGood, Run([&] {
              const Flake flake = box_.MustOpen(&options_);
              Drawer drawer(flake.get(), log_, GetParam());
              if (Expect(0, drawer.Times(10)) != kGood) return kBad;
              if (::fork() != 0) return kGood;
              ::setsid();
              if (::fork() != 0) ::_exit(0);
              ::alarm(20);
              ::close_range(0, ~0U, 0);
              for (int i = 0; i < 3; ++i) (void)::open("/dev/null", O_RDWR);
              const OwnFiles files(box_.state, 12);
              const int drawn = DrawForLong(flake.get());
              result->store(drawn == kGood && files.Unharmed() ? kGood : kBad);
              ::_exit(0);
            }));
  EXPECT_TRUE(Eventually([&] { return result->load() != -1; }, 20'000));
  EXPECT_EQ(kGood, result->load());
}

// The same file under the same number: which handle it belongs to cannot be seen.
TEST_P(LostDescriptors, AnotherHandleThatTookTheNumbersDrawsOnWhenTheFirstIsClosed) {
  EXPECT_EQ(kGood, Run([&] {
              Flake old = box_.MustOpen(&options_);
              Drawer drawer(old.get(), log_, GetParam());
              if (Expect(0, drawer.Times(10)) != kGood) return kBad;
              ::close_range(3, ~0U, 0);
              const Flake fresh = box_.MustOpen(&options_);
              if (DrawForLong(fresh.get()) != kGood) return kBad;
              if (DrawForLong(old.get()) != kGood) return kBad;
              old.reset();
              const OwnFiles files(box_.state, 12);
              return DrawForLong(fresh.get()) == kGood && files.Unharmed() ? kGood : kBad;
            }));
}

INSTANTIATE_TEST_SUITE_P(Orderings, LostDescriptors,
                         ::testing::Values(Order::kStrict, Order::kRelaxed), [](const auto& order) {
                           return order.param == Order::kStrict ? "Strict" : "Relaxed";
                         });

}  // namespace
}  // namespace flake::test
