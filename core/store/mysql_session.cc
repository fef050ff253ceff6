// SPDX-License-Identifier: Apache-2.0
#include "core/store/mysql_session.h"

#include <errmsg.h>
#include <fcntl.h>
#include <mariadb_version.h>
#include <mysqld_error.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "core/store/mysql_errors.h"

namespace shmflake {
namespace {

constexpr unsigned int kDefaultPort = 3306;
constexpr int kMostResumes = 1000;  // of a call whose time is over

// In a TLS handshake, and to write through TLS, the library waits by itself, here, and has no argument
// of ours.
thread_local const CallDeadline* waiting_until = nullptr;

int WaitWithinLibrary(my_socket descriptor, my_bool is_read, int /*timeout*/) {
  if (waiting_until == nullptr) return -1;
  return PollUntil(descriptor, is_read != 0 ? POLLIN : POLLOUT, *waiting_until) != 0 ? 1 : 0;
}

class WaitingUntil {
 public:
  explicit WaitingUntil(const CallDeadline* deadline) { waiting_until = deadline; }
  WaitingUntil(const WaitingUntil&) = delete;
  WaitingUntil& operator=(const WaitingUntil&) = delete;
  ~WaitingUntil() { waiting_until = nullptr; }
};

// The library reads from TLS as the descriptor is: it would block there, its own calls' mode or not.
void SetNonBlocking(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

// Once in a process. The library ignores SIGPIPE for the whole process as it starts: put back.
bool StartLibrary() {
  static const bool started = [] {
    struct sigaction before {};
    sigaction(SIGPIPE, nullptr, &before);
    const bool ok = mysql_server_init(0, nullptr, nullptr) == 0;
    sigaction(SIGPIPE, &before, nullptr);
    return ok;
  }();
  return started;
}

const char* OrNull(const char* text) { return text[0] == '\0' ? nullptr : text; }

}  // namespace

MysqlSession::MysqlSession(const shmflake_store_target& target) : target_(target) {}

MysqlSession::~MysqlSession() {
  if (mysql_ == nullptr) return;
  // Saying goodbye must not wait for a server that stopped listening.
  if (timed_out_) (void)shutdown(mysql_get_socket(mysql_), SHUT_RDWR);
  mysql_close(mysql_);
}

int MysqlSession::Wait(int waits_for) {
  short events = 0;
  if ((waits_for & MYSQL_WAIT_READ) != 0) events |= POLLIN;
  if ((waits_for & MYSQL_WAIT_WRITE) != 0) events |= POLLOUT;
  if ((waits_for & MYSQL_WAIT_EXCEPT) != 0) events |= POLLPRI;
  const int descriptor = mysql_get_socket(mysql_);
  SetNonBlocking(descriptor);
  const int came = timed_out_ ? 0 : PollUntil(descriptor, events, *deadline_);
  if (came == 0) {
    // A call that was left in the middle would keep its memory and descriptor: it is made to fail.
    timed_out_ = true;
    (void)shutdown(descriptor, SHUT_RDWR);
    return MYSQL_WAIT_TIMEOUT;
  }
  int ready = 0;
  if ((came & (POLLIN | POLLERR | POLLHUP)) != 0) ready |= MYSQL_WAIT_READ;
  if ((came & (POLLOUT | POLLERR | POLLHUP)) != 0) ready |= MYSQL_WAIT_WRITE;
  if ((came & POLLPRI) != 0) ready |= MYSQL_WAIT_EXCEPT;
  return ready & waits_for;
}

template <typename Start, typename Continue>
void MysqlSession::Finish(Start start, Continue go_on) {
  const WaitingUntil waiting(&*deadline_);
  int waits_for = start();
  for (int resumes = 0; waits_for != 0 && resumes < kMostResumes;) {
    const int ready = Wait(waits_for);
    if (timed_out_) ++resumes;
    waits_for = go_on(ready);
  }
}

Outcome MysqlSession::SetTls() {
  my_bool enforce = target_.tls == SHMFLAKE_TLS_OFF ? 0 : 1;
  my_bool verify = target_.tls == SHMFLAKE_TLS_VERIFY ? 1 : 0;
  mysql_options(mysql_, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(mysql_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (enforce == 0) return {};
  mysql_options(mysql_, MYSQL_OPT_SSL_CERT, OrNull(target_.tls_cert));
  mysql_options(mysql_, MYSQL_OPT_SSL_KEY, OrNull(target_.tls_key));
  mysql_options(mysql_, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
  if (verify == 0) return {};
  // Without one the library would not check the name.
  const std::string ca = target_.tls_ca[0] != '\0' ? std::string(target_.tls_ca) : SystemCaFile();
  if (ca.empty()) {
    return Failed(SHMFLAKE_STORE_DENIED, "connect to", where_,
                  "no certificate authorities are installed: set tls_ca");
  }
  mysql_options(mysql_, MYSQL_OPT_SSL_CA, ca.c_str());
  return {};
}

Outcome MysqlSession::SetOptions(const shmflake_store_host* host) {
  const unsigned int protocol = host == nullptr ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
  mysql_options(mysql_, MYSQL_OPT_NONBLOCK, nullptr);
  mysql_options(mysql_, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(mysql_, MARIADB_OPT_IO_WAIT, WaitWithinLibrary);
  // Only for a read from TLS before we had the descriptor: in whole seconds.
  const unsigned int seconds = static_cast<unsigned int>(deadline_->LeftSeconds());
  mysql_options(mysql_, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  const unsigned int no_files = 0;  // a server may ask for any file of the client's
  mysql_options(mysql_, MYSQL_OPT_LOCAL_INFILE, &no_files);
  // Where somebody else could listen, a server gets no password in the clear, whatever it asks for.
  if (host != nullptr && target_.tls != SHMFLAKE_TLS_VERIFY) {
    mysql_optionsv(mysql_, MARIADB_OPT_RESTRICTED_AUTH,
                   "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password,"
                   "parsec,auth_gssapi_client");
  }
  return SetTls();
}

Outcome MysqlSession::Connect(const shmflake_store_host* host, const std::string& where,
                              const CallDeadline& share, const CallDeadline& deadline) {
  static constexpr char kWhat[] = "connect to";
  where_ = where;
  deadline_ = share;
  if (!StartLibrary() || (mysql_ = mysql_init(nullptr)) == nullptr) {
    return Failed(SHMFLAKE_STORE_UNAVAILABLE, kWhat, where_, "the client library does not start");
  }
  if (host != nullptr) {
    std::string words;
    if (ResolveHost(host->host, share, &words).empty()) {
      return Failed(SHMFLAKE_STORE_UNAVAILABLE, kWhat, where_, words);
    }
  }
  if (Outcome set = SetOptions(host); !set.ok()) return set;
  const std::string user = target_.user[0] != '\0' ? std::string(target_.user) : LoginName();
  const char* socket = target_.socket[0] != '\0' ? target_.socket : MARIADB_UNIX_ADDR;
  const unsigned int port = host != nullptr && host->port != 0 ? host->port : kDefaultPort;
  MYSQL* connected = nullptr;
  Finish(
      [&] {
        return mysql_real_connect_start(&connected, mysql_, host != nullptr ? host->host : nullptr,
                                        user.c_str(), target_.password, OrNull(target_.database),
                                        port, host != nullptr ? nullptr : socket,
                                        CLIENT_FOUND_ROWS);
      },
      [&](int ready) { return mysql_real_connect_cont(&connected, mysql_, ready); });
  if (connected == nullptr) return Error(kWhat);
  SetNonBlocking(mysql_get_socket(mysql_));
  // Unless it is to verify, the library takes a server without TLS for good enough.
  if (target_.tls != SHMFLAKE_TLS_OFF && mysql_get_ssl_cipher(mysql_) == nullptr) {
    return Failed(SHMFLAKE_STORE_DENIED, kWhat, where_, "the server does not support TLS");
  }
  deadline_ = deadline;
  is_mariadb_ = mariadb_connection(mysql_) != 0;
  return SetLimits();
}

Outcome MysqlSession::SetLimits() {
  // Whatever the server's settings: a value that does not fit is refused, and a client that was
  // stopped in a transaction loses its lock.
  static constexpr char kWhat[] = "set up the session in";
  const std::string mode = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'";
  const std::string seconds = std::to_string(deadline_->LeftSeconds());
  const std::string idle = std::to_string(deadline_->LeftSeconds() + 1);
  std::string limits = mode + ", lock_wait_timeout = " + seconds + ", wait_timeout = " + idle +
                       ", innodb_lock_wait_timeout = " + seconds;
  limits += is_mariadb_ ? ", max_statement_time = " + seconds
                        : ", max_execution_time = " + std::to_string(deadline_->LeftMs());
  Outcome set = Run(kWhat, limits);
  // Until it is set, a statement has no more time than the server's own limit, of a moment perhaps.
  while (error() == ER_STATEMENT_TIMEOUT && deadline_->LeftMs() > 0) set = Run(kWhat, limits);
  // A server may know fewer limits.
  if (!set.ok() && error() == ER_UNKNOWN_SYSTEM_VARIABLE) set = Run(kWhat, mode);
  return set.ok() ? CheckDurability() : set;
}

// With 0 a commit is written about a second later: a server that is killed would grant IDs twice.
Outcome MysqlSession::CheckDurability() {
  static constexpr char kWhat[] = "rely on the commits of";
  if (Outcome asked = Run(kWhat, "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit"); !asked.ok()) {
    return error() == ER_UNKNOWN_SYSTEM_VARIABLE ? Outcome() : asked;
  }
  MysqlResult rows;
  if (Outcome stored = Store(kWhat, &rows); !stored.ok()) return stored;
  MYSQL_ROW row = rows == nullptr ? nullptr : mysql_fetch_row(rows.get());
  if (row == nullptr || row[0] == nullptr || row[0] != std::string("0")) return {};
  return SchemaError(kWhat, "innodb_flush_log_at_trx_commit must be 1: it is 0");
}

Outcome MysqlSession::Run(const char* what, const std::string& sql, bool limited) {
  std::string text = sql;
  if (limited && is_mariadb_) {
    // A little less than we have, so that the server's word comes before our time is over.
    char prefix[64];
    std::snprintf(prefix, sizeof(prefix), "SET STATEMENT max_statement_time = %.3f FOR ",
                  std::max(1, deadline_->LeftMs() * 9 / 10) / 1000.0);
    text.insert(0, prefix);
  }
  int failed = 0;
  Finish([&] { return mysql_real_query_start(&failed, mysql_, text.data(), text.size()); },
         [&](int ready) { return mysql_real_query_cont(&failed, mysql_, ready); });
  return failed != 0 || timed_out_ ? Error(what) : Outcome();
}

Outcome MysqlSession::Store(const char* what, MysqlResult* rows) {
  MYSQL_RES* stored = nullptr;
  Finish([&] { return mysql_store_result_start(&stored, mysql_); },
         [&](int ready) { return mysql_store_result_cont(&stored, mysql_, ready); });
  rows->reset(stored);
  return timed_out_ || (stored == nullptr && error() != 0) ? Error(what) : Outcome();
}

Outcome MysqlSession::Error(const char* what) {
  const unsigned int number = error();
  const bool is_own = number >= CR_MIN_ERROR && number <= CR_MAX_ERROR;
  if (timed_out_ || (is_own && deadline_->LeftMs() == 0)) {
    timed_out_ = true;
    return TimedOut(what, where_, *deadline_);
  }
  Outcome outcome =
      Failed(MysqlErrorCode(number), what, where_, words() + " (" + std::to_string(number) + ")");
  if (number == CR_SSL_CONNECTION_ERROR && IsConnectionEnd(words())) {
    outcome.code = SHMFLAKE_STORE_UNAVAILABLE;
  }
  outcome.again = MysqlUndidAll(number);
  outcome.other_host = MysqlIsReadOnly(number);
  outcome.full = MysqlIsFull(number, words());
  return outcome;
}

Outcome MysqlSession::SchemaError(const char* what, const std::string& words) const {
  return Failed(SHMFLAKE_STORE_SCHEMA, what, where_, words);
}

}  // namespace shmflake
