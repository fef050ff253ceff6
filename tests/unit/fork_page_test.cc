// SPDX-License-Identifier: Apache-2.0
#include "core/fork_page.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"

namespace shmflake::test {
namespace {

bool IsZero(const ForkPage& page) {
  const auto* bytes = static_cast<const unsigned char*>(page.data());
  return std::all_of(bytes, bytes + ForkPage::kSize, [](unsigned char byte) { return byte == 0; });
}
void Fill(const ForkPage& page) { std::memset(page.data(), 0xa5, ForkPage::kSize); }

class ForkPageTest : public ::testing::TestWithParam<bool> {};

TEST_P(ForkPageTest, StartsAsZerosAndIsZerosInEveryChild) {
  ForkPage page;
  ASSERT_SUCCEEDS(page.Make(GetParam()));
  EXPECT_TRUE(IsZero(page));
  Fill(page);
  EXPECT_EQ(0, RunInChild([&] {
              if (!IsZero(page)) return 2;
              Fill(page);
              return RunInChild([&] { return IsZero(page) ? 0 : 3; });  // a fork of a fork
            }));
  EXPECT_FALSE(IsZero(page)) << "the parent keeps its own";
}

TEST_P(ForkPageTest, ManyPagesAreWipedAndGoneOnesAreForgotten) {
  std::vector<std::unique_ptr<ForkPage>> pages;
  for (int i = 0; i < 40; ++i) {
    pages.push_back(std::make_unique<ForkPage>());
    ASSERT_SUCCEEDS(pages.back()->Make(GetParam()));
    Fill(*pages.back());
  }
  for (int i = 0; i < 40; i += 2) pages[static_cast<std::size_t>(i)].reset();
  EXPECT_EQ(0, RunInChild([&] {
              for (const auto& page : pages) {
                if (page && !IsZero(*page)) return 1;
              }
              return 0;
            }));
}

TEST_P(ForkPageTest, ItsOwnerIsKnownFromItsAddressAndStaysInEveryChild) {
  ForkPage page;
  int owner = 0;
  ASSERT_SUCCEEDS(page.Make(GetParam(), true));
  EXPECT_EQ(nullptr, ForkPage::OwnerOf(page.data()));
  ForkPage::OwnerOf(page.data()) = &owner;
  EXPECT_TRUE(IsZero(page)) << "it lies behind the page";
  Fill(page);
  EXPECT_EQ(&owner, ForkPage::OwnerOf(page.data()));
  EXPECT_EQ(0, RunInChild([&] {
              if (!IsZero(page) || ForkPage::OwnerOf(page.data()) != &owner) return 2;
              return RunInChild([&] { return ForkPage::OwnerOf(page.data()) == &owner ? 0 : 3; });
            }));
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutTheKernel, ForkPageTest, ::testing::Bool());

TEST(ForkPageFallbackTest, SaysThatTheKernelDoesNotWipe) {
  ForkPage page;
  ASSERT_SUCCEEDS(page.Make(false));
  EXPECT_FALSE(page.wiped_by_kernel());
}

TEST(ForkPageFallbackTest, ItsTableIsFiniteAndItsEntriesAreReused) {
  std::vector<std::unique_ptr<ForkPage>> pages;
  Status status;
  while (status.ok() && pages.size() < 5000) {
    pages.push_back(std::make_unique<ForkPage>());
    status = pages.back()->Make(false);
  }
  EXPECT_FAILS(Code::NO_MEMORY, status);
  EXPECT_EQ(1025U, pages.size());
  pages.clear();
  ForkPage page;
  EXPECT_SUCCEEDS(page.Make(false));
}

TEST(ForkPageKernelTest, ARawCloneThatSkipsEveryHandlerFindsZerosToo) {
  ForkPage page;
  ASSERT_SUCCEEDS(page.Make());
  if (!page.wiped_by_kernel()) GTEST_SKIP() << "a kernel without MADV_WIPEONFORK";
  Fill(page);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) ::_exit(IsZero(page) ? 0 : 1);
  EXPECT_EQ(0, WaitForChild(pid));
}

TEST(ForkPageKernelTest, OneThatWasNeverMadeMayGo) {
  const ForkPage page;
  EXPECT_EQ(nullptr, page.data());
}

}  // namespace
}  // namespace shmflake::test
