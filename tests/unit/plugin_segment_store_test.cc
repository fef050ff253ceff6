// SPDX-License-Identifier: Apache-2.0
// What the core does with a plug-in, on a fake one (support/segment_fake_plugin.c).
#include "core/store/plugin_segment_store.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

const std::string kPlugins = SHMFLAKE_TEST_PLUGINS;  // a directory for each kind
constexpr std::int64_t kTimeoutMs = 1234;

class PluginSegmentStoreTest : public ::testing::Test {
 protected:
  PluginSegmentStoreTest() { UsePlugin("sound"); }
  ~PluginSegmentStoreTest() override {
    ::unsetenv("SHMFLAKE_PLUGIN_DIR");
    ::unsetenv("SHMFLAKE_STORE_PASSWORD");
  }
  static void UseDirectory(const std::string& directory) {
    ::setenv("SHMFLAKE_PLUGIN_DIR", directory.c_str(), 1);
  }
  static void UsePlugin(const std::string& kind) { UseDirectory(kPlugins + "/" + kind); }
  static Status Open(const std::string& url_text, std::unique_ptr<SegmentStore>* out) {
    StoreUrl url;
    const Status status = ParseStoreUrl(url_text, &url);
    EXPECT_TRUE(status.ok()) << status.message();
    return OpenSegmentStore(url, "/nonexistent", 0600, out);
  }
  // The status of opening it.
  static Status Open() {
    std::unique_ptr<SegmentStore> store;
    Status status = Open("mysql://h/d", &store);
    EXPECT_EQ(status.ok(), store != nullptr);
    return status;
  }
  // Takes 10 from a store that behaves so.
  Status Take(const std::string& behaviour, const std::string& rest = "") {
    return TakeBy(behaviour + rest, [this](const SegmentRow* found, SegmentRow* write) {
      ++plans_;
      seen_ = found == nullptr ? SegmentRow{-1, -1} : *found;
      *write = {seen_.max_id + 10, seen_.step};
      return Status::Ok();
    });
  }
  static Status TakeBy(const std::string& behaviour, const SegmentPlan& plan) {
    std::unique_ptr<SegmentStore> store;
    SHMFLAKE_RETURN_IF_ERROR(Open("mysql://app@db:3307/" + behaviour, &store));
    return store->Take("orders", kTimeoutMs, plan);
  }
  static Status Init(const std::string& behaviour) {
    std::unique_ptr<SegmentStore> store;
    SHMFLAKE_RETURN_IF_ERROR(Open("mysql://db:3307/" + behaviour, &store));
    return store->Init(kTimeoutMs);
  }
  // The row as it stands.
  std::int64_t MaxId() {
    EXPECT_FAILS(Code::STORE_UNAVAILABLE, Take("unavailable"));
    return seen_.max_id;
  }

  int plans_ = 0;
  SegmentRow seen_;
  TempDir directory_;
};

// ------------------------------------------------------------------ finding it

TEST_F(PluginSegmentStoreTest, OneThatIsThereIsLoaded) { EXPECT_SUCCEEDS(Open()); }

TEST_F(PluginSegmentStoreTest, OneThatIsMissingIsSaidWithWhereItWasLookedFor) {
  UseDirectory(directory_.path());
  EXPECT_FAILS(Code::STORE_PLUGIN, Open());
  EXPECT_EQ("there is no plug-in store-mysql.so (looked in " + directory_.path() +
                "); install it, or set SHMFLAKE_PLUGIN_DIR",
            Open().message());
}

TEST_F(PluginSegmentStoreTest,
       WithoutTheVariableItIsLookedForBesideTheLibraryAndWhereItIsInstalled) {
  for (const char* value : {"", static_cast<const char*>(nullptr)}) {
    value == nullptr ? ::unsetenv("SHMFLAKE_PLUGIN_DIR")
                     : ::setenv("SHMFLAKE_PLUGIN_DIR", value, 1);
    std::unique_ptr<SegmentStore> store;
    StoreUrl url;
    url.scheme = "none-such";
    const Status status = OpenPluginSegmentStore(url, &store);
    EXPECT_FAILS(Code::STORE_PLUGIN, status);
    EXPECT_TRUE(Contains(status.message(), "store-none-such.so (looked in ")) << status.message();
    EXPECT_TRUE(Contains(status.message(), "/shmflake, /")) << status.message();
  }
}

TEST_F(PluginSegmentStoreTest, OneOfAnotherVersionIsRefusedWithBoth) {
  UsePlugin("version");
  EXPECT_FAILS(Code::STORE_PLUGIN, Open());
  EXPECT_EQ(kPlugins +
                "/version/store-mysql.so must be a plug-in of version 2 for mysql: it is for "
                "mysql, version 3",
            Open().message());
}

TEST_F(PluginSegmentStoreTest, OneForAnotherSchemeIsRefusedWithBoth) {
  UsePlugin("scheme");
  EXPECT_FAILS(Code::STORE_PLUGIN, Open());
  EXPECT_TRUE(Contains(Open().message(), "of version 2 for mysql: it is for postgres, version 2"))
      << Open().message();
}

TEST_F(PluginSegmentStoreTest, ALibraryThatIsNoPluginIsRefused) {
  for (const std::string kind : {"without_entry", "null"}) {
    UsePlugin(kind);
    EXPECT_FAILS(Code::STORE_PLUGIN, Open());
    EXPECT_EQ(kPlugins + "/" + kind +
                  "/store-mysql.so must be a plug-in of version 2 for mysql: it is none",
              Open().message());
  }
}

TEST_F(PluginSegmentStoreTest, AFileThatIsNoLibraryIsRefusedWithTheLoadersWords) {
  const std::string path = directory_.Write("store-mysql.so", "text");
  UseDirectory(directory_.path());
  EXPECT_FAILS(Code::STORE_PLUGIN, Open());
  EXPECT_TRUE(Contains(Open().message(), "cannot load the plug-in " + path + ": "))
      << Open().message();
  EXPECT_TRUE(Contains(Open().message(), "file too short")) << Open().message();
}

// ------------------------------------------------------------------ taking

TEST_F(PluginSegmentStoreTest, ThePlanSeesTheRowAndItsChangeIsMade) {
  ASSERT_SUCCEEDS(Take("ok"));
  EXPECT_EQ(1, plans_);
  const std::int64_t before = seen_.max_id;
  EXPECT_EQ(7, seen_.step);
  ASSERT_SUCCEEDS(Take("ok"));
  EXPECT_EQ(before + 10, seen_.max_id);
}

TEST_F(PluginSegmentStoreTest, AMissingRowIsNone) {
  ASSERT_SUCCEEDS(Take("none"));
  EXPECT_EQ(-1, seen_.max_id);
}

TEST_F(PluginSegmentStoreTest, ThePlanIsAskedAgainWhenSomebodyElseWasQuicker) {
  const std::int64_t before = MaxId();
  ASSERT_SUCCEEDS(Take("twice"));
  EXPECT_EQ(3, plans_);
  EXPECT_EQ(before + 1000, seen_.max_id);
  EXPECT_EQ(before + 1010, MaxId());
}

TEST_F(PluginSegmentStoreTest, APlansErrorIsReturnedAsItIsWhateverThePluginSays) {
  const std::int64_t before = MaxId();
  for (const char* behaviour : {"ok", "stubborn", "none"}) {
    const Status status = TakeBy(behaviour, [](const SegmentRow*, SegmentRow* write) {
      *write = {999'999, 1};
      return Fail(Code::SEGMENT_BACKWARDS, "it went backwards");
    });
    EXPECT_FAILS(Code::SEGMENT_BACKWARDS, status);
    EXPECT_EQ("it went backwards", status.message());
  }
  EXPECT_EQ(before, MaxId());
}

TEST_F(PluginSegmentStoreTest, APlanThatThrowsIsARefusal) {
  const std::int64_t before = MaxId();
  const Status status = TakeBy("ok", [](const SegmentRow*, SegmentRow*) -> Status {
    throw std::runtime_error("out of something");
  });
  EXPECT_FAILS(Code::NO_MEMORY, status);
  EXPECT_EQ("unexpected: out of something", status.message());
  EXPECT_EQ(before, MaxId());
}

TEST_F(PluginSegmentStoreTest, EveryResultHasItsCodeAndThePluginsWords) {
  const std::pair<const char*, Code> results[] = {
      {"unavailable", Code::STORE_UNAVAILABLE}, {"timed_out", Code::STORE_UNAVAILABLE},
      {"denied", Code::STORE_DENIED},           {"schema", Code::STORE_SCHEMA},
      {"locked", Code::STORE_LOCKED},           {"range", Code::SEGMENT_RANGE},
      {"strange", Code::STORE_UNAVAILABLE}};
  for (const auto& [behaviour, code] : results) {
    const Status taken = Take(behaviour);
    EXPECT_FAILS(code, taken);
    EXPECT_EQ("mysql://db:3307/" + std::string(behaviour) + ": " + behaviour, taken.message());
    const Status made = Init(behaviour);
    EXPECT_FAILS(code, made);
    EXPECT_EQ(taken.message(), made.message());
  }
  EXPECT_SUCCEEDS(Init("ok"));
}

TEST_F(PluginSegmentStoreTest, AMessageIsOneLineOfTextWhateverThePluginWrites) {
  EXPECT_EQ("one\\x0atwo\\xff", Take("lines").message());
  EXPECT_EQ(std::string(511, 'x'), Take("endless").message());
}

// ------------------------------------------------------------------ what it is told

TEST_F(PluginSegmentStoreTest, ThePluginIsToldAllThatTheUrlSays) {
  ::setenv("SHMFLAKE_STORE_PASSWORD", "hunter2", 1);
  EXPECT_EQ(
      "1 hosts, db:3307, socket , user app, password hunter2, table ids, tls 2 /ca /cert /key, tag "
      "orders, 1234 ms",
      Take("tell", "?table=ids&tls_ca=/ca&tls_cert=/cert&tls_key=/key").message());
  std::unique_ptr<SegmentStore> store;
  ASSERT_SUCCEEDS(Open("mysql:///tell?socket=/s", &store));
  EXPECT_EQ(
      "0 hosts, -:0, socket /s, user , password hunter2, table id_segments, tls 0   , tag -, 5 ms",
      store->Init(5).message());
}

TEST_F(PluginSegmentStoreTest, APasswordIsReadAnewForEachCall) {
  const std::string file = directory_.Write("password", "first\n");
  std::unique_ptr<SegmentStore> store;
  ASSERT_SUCCEEDS(Open("mysql://h/tell?password_file=" + file, &store));
  EXPECT_TRUE(Contains(store->Init(5).message(), "password first,"));
  (void)directory_.Write("password", "second\n");
  EXPECT_TRUE(Contains(store->Init(5).message(), "password second,"));
  std::filesystem::remove(file);
  const Status status = store->Init(5);
  EXPECT_FAILS(Code::STORE_DENIED, status);
  EXPECT_TRUE(Contains(status.message(), file)) << status.message();
}

TEST_F(PluginSegmentStoreTest, NoMessageOfOursHasThePassword) {
  ::setenv("SHMFLAKE_STORE_PASSWORD", "hunter2", 1);
  for (const char* behaviour : {"unavailable", "denied", "schema", "strange"}) {
    EXPECT_FALSE(Contains(Take(behaviour).message(), "hunter2"));
    EXPECT_FALSE(Contains(Init(behaviour).message(), "hunter2"));
  }
}

// ------------------------------------------------------------------ SIGPIPE

TEST_F(PluginSegmentStoreTest, ABrokenPipeInAClientLibraryDoesNotEndTheProcess) {
  EXPECT_EQ(0, RunInChild([&] {
              ::signal(SIGPIPE, SIG_DFL);
              EXPECT_SUCCEEDS(Take("pipe"));
              sigset_t mask;
              ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
              EXPECT_EQ(0, ::sigismember(&mask, SIGPIPE)) << "the mask is as it was";
              EXPECT_SUCCEEDS(Take("pipe"));
              return 0;
            }));
}

TEST_F(PluginSegmentStoreTest, ASignalThatThisThreadHeldBackBeforeStaysPending) {
  EXPECT_EQ(0, RunInChild([&] {
              sigset_t pipe;
              ::sigemptyset(&pipe);
              ::sigaddset(&pipe, SIGPIPE);
              ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
              EXPECT_SUCCEEDS(Take("pipe"));
              sigset_t pending;
              ::sigpending(&pending);
              EXPECT_EQ(0, ::sigismember(&pending, SIGPIPE));
              ::raise(SIGPIPE);
              EXPECT_SUCCEEDS(Take("pipe"));
              ::sigpending(&pending);
              EXPECT_EQ(1, ::sigismember(&pending, SIGPIPE)) << "it was the application's";
              ::pthread_sigmask(SIG_SETMASK, nullptr, &pipe);
              EXPECT_EQ(1, ::sigismember(&pipe, SIGPIPE));
              return 0;
            }));
}

}  // namespace
}  // namespace shmflake::test
