// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_url.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/expect_status.h"
#include "tests/support/temp_dir.h"

namespace shmflake::test {
namespace {

StoreUrl Parse(const std::string& text) {
  StoreUrl url;
  const Status status = ParseStoreUrl(text, &url);
  EXPECT_TRUE(status.ok()) << text << ": " << status.message();
  return url;
}
Status Refuse(const std::string& text) {
  StoreUrl url;
  url.database = "untouched";
  Status status = ParseStoreUrl(text, &url);
  EXPECT_FAILS(Code::STORE_URL, status);
  EXPECT_EQ("untouched", url.database) << text;
  EXPECT_EQ(std::string::npos, status.message().find('\n'));
  return status;
}

// ------------------------------------------------------------------ good ones

TEST(StoreUrlTest, SqliteNeedsNothingBehindItsScheme) {
  for (const char* text : {"sqlite:", "sqlite://"}) {
    const StoreUrl url = Parse(text);
    EXPECT_EQ("sqlite", url.scheme);
    EXPECT_EQ("", url.path);
    EXPECT_EQ("id_segments", url.table);
    EXPECT_EQ(StoreTls::kOff, url.tls);
    EXPECT_EQ(SegmentConvention::kShmflake, url.convention);
    EXPECT_EQ("sqlite:", url.Shown());
  }
}

TEST(StoreUrlTest, SqliteTakesAPathInTwoSpellings) {
  for (const char* text : {"sqlite:/var/lib/ids.db", "sqlite:///var/lib/ids.db"}) {
    EXPECT_EQ("/var/lib/ids.db", Parse(text).path);
    EXPECT_EQ("sqlite:/var/lib/ids.db", Parse(text).Shown());
  }
  EXPECT_EQ("/a b?.db", Parse("sqlite:/a%20b%3f.db").path);
  EXPECT_EQ("ids", Parse("sqlite:/a.db?table=ids").table);
}

TEST(StoreUrlTest, AServersUrlHasUserHostPortAndDatabase) {
  const StoreUrl url = Parse("mysql://app@db.example:3307/ids");
  EXPECT_EQ("mysql", url.scheme);
  EXPECT_EQ("app", url.user);
  ASSERT_EQ(1U, url.hosts.size());
  EXPECT_EQ("db.example", url.hosts[0].host);
  EXPECT_EQ(3307U, url.hosts[0].port);
  EXPECT_EQ("ids", url.database);
  EXPECT_EQ("mysql://db.example:3307/ids", url.Shown());
}

TEST(StoreUrlTest, SchemesHaveSynonyms) {
  EXPECT_EQ("mysql", Parse("mariadb://h/d").scheme);
  EXPECT_EQ("postgres", Parse("postgresql://h/d").scheme);
}

TEST(StoreUrlTest, APortMayBeLeftOutAndIsOneOf1To65535) {
  EXPECT_EQ(0U, Parse("mysql://h/d").hosts[0].port);
  EXPECT_EQ(1U, Parse("mysql://h:1/d").hosts[0].port);
  EXPECT_EQ(65535U, Parse("mysql://h:65535/d").hosts[0].port);
}

TEST(StoreUrlTest, HostsMayBeAList) {
  const StoreUrl url = Parse("postgres://a:5432,b.example,[::1]:7/d");
  ASSERT_EQ(3U, url.hosts.size());
  EXPECT_EQ("b.example", url.hosts[1].host);
  EXPECT_EQ(0U, url.hosts[1].port);
  EXPECT_EQ("::1", url.hosts[2].host);
  EXPECT_EQ(7U, url.hosts[2].port);
  EXPECT_EQ("postgres://a:5432,b.example,[::1]:7/d", url.Shown());
}

TEST(StoreUrlTest, AnIpv6AddressIsInBrackets) {
  EXPECT_EQ("fe80::1", Parse("mysql://[fe80::1]/d").hosts[0].host);
  EXPECT_EQ(0U, Parse("mysql://[fe80::1]/d").hosts[0].port);
  EXPECT_EQ("mysql://[fe80::1]:3306/d", Parse("mysql://u@[fe80::1]:3306/d").Shown());
}

TEST(StoreUrlTest, ASocketNeedsNoHost) {
  const StoreUrl url = Parse("mysql:///ids?socket=/run/mysqld/mysqld.sock");
  EXPECT_TRUE(url.hosts.empty());
  EXPECT_EQ("/run/mysqld/mysqld.sock", url.socket);
  EXPECT_EQ("mysql:///ids?socket=/run/mysqld/mysqld.sock", url.Shown());
}

TEST(StoreUrlTest, EtcdNeedsNoPrefix) {
  EXPECT_EQ("", Parse("etcd://a:2379,b:2379").database);
  EXPECT_EQ("", Parse("etcd://a:2379/").database);
  EXPECT_EQ("ids/prod", Parse("etcd://a:2379/ids/prod").database);
}

TEST(StoreUrlTest, PercentEncodingIsDecoded) {
  const StoreUrl url = Parse("mysql://us%40er%2f@h/my%20ids?socket=/tmp/a%26b%3D%25");
  EXPECT_EQ("us@er/", url.user);
  EXPECT_EQ("my ids", url.database);
  EXPECT_EQ("/tmp/a&b=%", url.socket);
}

TEST(StoreUrlTest, AllKeysAreTaken) {
  const StoreUrl url = Parse(
      "postgres://h/d?table=app.ids&password_file=/etc/p&tls=require&tls_ca=/ca&tls_cert=/c"
      "&tls_key=/k&convention=leaf");
  EXPECT_EQ("app.ids", url.table);
  EXPECT_EQ("/etc/p", url.password_file);
  EXPECT_EQ(StoreTls::kRequire, url.tls);
  EXPECT_EQ("/ca", url.tls_ca);
  EXPECT_EQ("/c", url.tls_cert);
  EXPECT_EQ("/k", url.tls_key);
  EXPECT_EQ(SegmentConvention::kLeaf, url.convention);
}

TEST(StoreUrlTest, TlsIsVerifiedEverywhereButOnThisHost) {
  for (const char* text : {"mysql://localhost/d", "mysql://127.0.0.1/d", "mysql://127.8.9.1/d",
                           "mysql://[::1]/d", "mysql:///d?socket=/s", "mysql://localhost,[::1]/d"})
    EXPECT_EQ(StoreTls::kOff, Parse(text).tls) << text;
  for (const char* text : {"mysql://h/d", "mysql://10.0.0.1/d", "mysql://localhost,h/d",
                           "mysql://localhost.example/d", "etcd://[fe80::1]"})
    EXPECT_EQ(StoreTls::kVerify, Parse(text).tls) << text;
  EXPECT_EQ(StoreTls::kOff, Parse("mysql://h/d?tls=off").tls);
  EXPECT_EQ(StoreTls::kVerify, Parse("mysql://localhost/d?tls=verify").tls);
}

// ------------------------------------------------------------------ bad ones

TEST(StoreUrlTest, WhatIsNoUrlIsRefusedWithTheRuleAndTheValue) {
  struct Bad {
    std::string text, part;
  };
  for (const Bad& bad : std::vector<Bad>{
           {"",
            "a store's URL must be sqlite:[PATH], or mysql://, postgres:// or etcd:// and then "
            "[user@]host[:port]/database[?key=value&...]"},
           {"sqlite", "must be sqlite:[PATH]"},
           {"redis://h/d", ": \"redis\""},
           {"MYSQL://h/d", "must be sqlite:[PATH]"},
           {"mysql:h/d", "must be sqlite:[PATH]"},
           {"mysql:/h/d", "must be sqlite:[PATH]"},
           {"sqlite:ids.db", "the path of an SQLite store must be absolute"},
           {"sqlite:%2", "the path of an SQLite store must be absolute"},
           {"mysql://h", "a store's URL must name a database behind the host"},
           {"mysql://h/", "must name a database"},
           {"postgres:///", "must name a database"},
           {"mysql://h:0/d", "a host must be a name or an address, with :1..65535: \"h:0\""},
           {"mysql://h:65536/d", "\"h:65536\""},
           {"mysql://h:/d", "\"h:\""},
           {"mysql://h:x/d", "\"h:x\""},
           {"mysql://h:-1/d", "\"h:-1\""},
           {"mysql://h:99999999999999999999/d", "\"h:99999999999999999999\""},
           {"mysql://a,,b/d", "a host must be a name"},
           {"mysql://:3306/d", "\":3306\""},
           {"mysql://a b/d", "\"a b\""},
           {"mysql://[::1/d", "\"[::1\""},
           {"mysql://[]/d", "\"[]\""},
           {"mysql://[::1]x/d", "\"[::1]x\""},
           {"mysql://::1/d", "\"::1\""},
           {"mysql://" + std::string(254, 'h') + "/d", "a host must be"},
           {"mysql://u%zz@h/d", "a user in a URL must be percent-encoded text"},
           {"mysql://h/d%0a", "a database in a URL must be percent-encoded text"},
           {"mysql://h/d%00", "percent-encoded text"},
           {"mysql://h/d?socket=%7f",
            "a value in a URL must be percent-encoded text, that of: \"socket\""},
           {"mysql://h/d?socket=run/s", "socket must be an absolute path"},
           {"mysql://h/d?tls_ca=ca.pem", "tls_ca must be an absolute path"},
           {"mysql://h/d?tls=yes", "tls must be off, require or verify: \"yes\""},
           {"mysql://h/d?convention=mid", "convention must be shmflake or leaf: \"mid\""},
           {"mysql://h/d?table=a;b", "table must be [A-Za-z0-9_], with at most one dot: \"a;b\""},
           {"mysql://h/d?table=", "table must be"},
           {"mysql://h/d?table=a.b.c", "\"a.b.c\""},
           {"mysql://h/d?table=.a", "\".a\""},
           {"mysql://h/d?table=a.", "\"a.\""},
           {"mysql://h/d?table=" + std::string(129, 't'), "table must be"},
           {"mysql://h/d?tabel=a", "perhaps table was meant: \"tabel\""},
           {"mysql://h/d?nothing_like_it=a",
            "a store's URL has the keys table, socket, password_file, tls, tls_ca, tls_cert, "
            "tls_key and convention, no other: \"nothing_like_it\""},
           {"mysql://h/d?&table=a", "no other: \"\""},
           {"sqlite:/a?nope=1", "no other"}}) {
    const Status status = Refuse(bad.text);
    EXPECT_TRUE(Contains(status.message(), bad.part)) << bad.text << "\n" << status.message();
  }
}

TEST(StoreUrlTest, APasswordIsNeverShownWhereverItWasPut) {
  for (const char* text :
       {"mysql://user:topsecret@h/d", "mysql://user:topsecret/x@h/d",
        "mysql://user:topsecret?x@h/d", "mysql://h/d?password=topsecret",
        "mysql://h?password=topsecret", "postgres://u@h/?password=topsecret",
        "mysql://h/d?password=100%topsecret", "mysql://h/d?password_file=topsecret",
        "sqlite:user:topsecret@h", "mysql:///u:topsecret@h/d", "mysql://h/u:topsecret%zz@d",
        "topsecret@h", "topsecret:x@h/d", "x://u:topsecret@h"}) {
    const Status status = Refuse(text);
    EXPECT_FALSE(Contains(status.message(), "topsecret")) << text << "\n" << status.message();
  }
}

TEST(StoreUrlTest, AUrlOfUpTo1024BytesIsTaken) {
  const std::string front = "sqlite:/";
  EXPECT_EQ(1017U, Parse(front + std::string(1016, 'x')).path.size());
  EXPECT_EQ("a store's URL has at most 1024 bytes: 1025",
            Refuse(front + std::string(1017, 'x')).message());
}

TEST(StoreUrlTest, APasswordIsRefusedAndNeverShown) {
  for (const char* text :
       {"mysql://app:hunter2@h/d", "postgres://app:hunter2@h:5432,h2/d?table=x",
        "etcd://:hunter2@h", "mysql://app:hun@ter2@h/d", "mysql://app:hunter2@h/d?password=hunter2",
        "mysql://app:hunter2@/", "mysql://app:hunter2@bad host/d"}) {
    const Status status = Refuse(text);
    EXPECT_TRUE(Contains(status.message(), "SHMFLAKE_STORE_PASSWORD")) << status.message();
    EXPECT_FALSE(Contains(status.message(), "hun")) << status.message();
  }
  EXPECT_FALSE(Contains(Refuse("mysql://h/d?password=hunter2").message(), "hunter2"));
  EXPECT_FALSE(Contains(Refuse("mysq//app:hunter2@h/d").message(), "hunter2"));
}

TEST(StoreUrlTest, WhatIsShownHasNeitherUserNorFiles) {
  const StoreUrl url = Parse("mysql://app%3Ahunter2@h/d?password_file=/etc/hunter2&table=t");
  EXPECT_EQ("app:hunter2", url.user);
  EXPECT_EQ("mysql://h/d", url.Shown());
}

TEST(StoreUrlTest, WhatIsShownIsOneLineOfText) {
  StoreUrl url = Parse("sqlite:/a%ffb");
  EXPECT_EQ("sqlite:/a\\xffb", url.Shown());
}

// ------------------------------------------------------------------ fingerprints

TEST(StoreUrlTest, UrlsOfTheSameRowsHaveOneFingerprint) {
  const std::uint64_t print = Parse("mysql://a@h:1,g:2/d?table=t").Fingerprint();
  for (const char* text : {"mysql://h:1,g:2/d?table=t", "mariadb://b@g:2,h:1/d?table=t",
                           "mysql://h:1,g:2/d?tls=off&table=t&password_file=/p&tls_ca=/ca"}) {
    EXPECT_EQ(print, Parse(text).Fingerprint()) << text;
  }
  EXPECT_EQ(Parse("sqlite:").Fingerprint(), Parse("sqlite://?table=id_segments").Fingerprint());
}

TEST(StoreUrlTest, UrlsOfOtherRowsHaveOthers) {
  std::set<std::uint64_t> prints;
  const std::vector<std::string> texts = {
      "sqlite:",        "sqlite:/a",          "sqlite:/a?table=t",     "mysql://h/d",
      "mysql://h/e",    "mysql://g/d",        "mysql://h:1/d",         "mysql://h/d?table=t",
      "postgres://h/d", "etcd://h/d",         "mysql:///d?socket=/s",  "mysql:///d?socket=/t",
      "etcd://h",       "mysql://h,g/d",      "mysql://h,h/d",         "mysql://h/d?table=td",
      "mysql:///dt",    "mysql:///d?table=t", "mysql:///id_segmentsd", "etcd://h/did_segments"};
  for (const std::string& text : texts) prints.insert(Parse(text).Fingerprint());
  EXPECT_EQ(texts.size(), prints.size());
}

// ------------------------------------------------------------------ passwords

class StorePasswordTest : public ::testing::Test {
 protected:
  ~StorePasswordTest() override { ::unsetenv("SHMFLAKE_STORE_PASSWORD"); }
  std::string FromFile(const std::string& bytes) {
    StoreUrl url;
    url.password_file = directory_.Write("password", bytes);
    std::string password = "untouched";
    EXPECT_SUCCEEDS(ReadStorePassword(url, &password));
    return password;
  }
  TempDir directory_;
};

TEST_F(StorePasswordTest, IsEmptyUnlessTheEnvironmentHasOne) {
  ::unsetenv("SHMFLAKE_STORE_PASSWORD");
  std::string password = "untouched";
  ASSERT_SUCCEEDS(ReadStorePassword({}, &password));
  EXPECT_EQ("", password);
  ::setenv("SHMFLAKE_STORE_PASSWORD", "hunter2", 1);
  ASSERT_SUCCEEDS(ReadStorePassword({}, &password));
  EXPECT_EQ("hunter2", password);
}

TEST_F(StorePasswordTest, IsTheFilesFirstLineWhateverTheEnvironmentSays) {
  ::setenv("SHMFLAKE_STORE_PASSWORD", "other", 1);
  EXPECT_EQ("hunter2", FromFile("hunter2"));
  EXPECT_EQ("hunter2", FromFile("hunter2\n"));
  EXPECT_EQ("hunter2", FromFile("hunter2\r\nmore\n"));
  EXPECT_EQ(" with spaces ", FromFile(" with spaces \n"));
  EXPECT_EQ("", FromFile(""));
  EXPECT_EQ("", FromFile("\nhunter2"));
  EXPECT_EQ(std::string(1000, 'x'), FromFile(std::string(1000, 'x')));
}

TEST_F(StorePasswordTest, AFileThatCannotBeReadIsDeniedWithItsName) {
  StoreUrl url;
  std::string password;
  url.password_file = directory_.path() + "/missing";
  Status status = ReadStorePassword(url, &password);
  EXPECT_FAILS(Code::STORE_DENIED, status);
  EXPECT_TRUE(Contains(status.message(), url.password_file)) << status.message();
  EXPECT_TRUE(Contains(status.message(), "No such file")) << status.message();
  url.password_file = directory_.path();
  status = ReadStorePassword(url, &password);
  EXPECT_FAILS(Code::STORE_DENIED, status);
  EXPECT_TRUE(Contains(status.message(), url.password_file)) << status.message();
}

TEST_F(StorePasswordTest, AFileThatOnlyOthersMayReadIsRefusedWithItsName) {
  StoreUrl url;
  url.password_file = directory_.Write("password", "hunter2");
  ASSERT_EQ(0, ::chmod(directory_.path().c_str(), 0755));
  ASSERT_EQ(0, ::chmod(url.password_file.c_str(), 0));
  const int code = RunInChild([&] {
    if (!BecomeOrdinaryUser()) return kSkipped;
    std::string password;
    const Status status = ReadStorePassword(url, &password);
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(Contains(status.message(), url.password_file)) << status.message();
    EXPECT_TRUE(Contains(status.message(), "Permission denied")) << status.message();
    EXPECT_EQ("", password);
    return 0;
  });
  if (code == kSkipped) GTEST_SKIP() << "no other user to become";
  EXPECT_EQ(0, code);
}

}  // namespace
}  // namespace shmflake::test
