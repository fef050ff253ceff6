// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres_session.h"

#include <poll.h>

#include <map>
#include <string_view>

#include "core/store/postgres_errors.h"

namespace shmflake {
namespace {

constexpr char kConnecting[] = "connect to";
constexpr char kDefaultPort[] = "5432";
// A path that no file can have: libpq ignores files that do not exist, and takes its own for "".
constexpr char kNoFile[] = "/dev/null/none";

// How libpq's connection strings have a value.
std::string Quoted(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted += "'";
}

// The same for every address of the host: lists of equal length.
std::string Repeated(std::string_view text, std::size_t times) {
  std::string list;
  for (std::size_t i = 0; i < times; ++i) list.append(i == 0 ? "" : ",").append(text);
  return list;
}

// A socket may be named by its directory, or by itself, as /run/postgresql/.s.PGSQL.5433.
std::string SocketDirectory(const std::string& socket, std::string* port) {
  static constexpr std::string_view kPrefix = "/.s.PGSQL.";
  const std::size_t end = socket.rfind('/');
  if (end == std::string::npos || socket.compare(end, kPrefix.size(), kPrefix) != 0) return socket;
  *port = socket.substr(end + kPrefix.size());
  return end == 0 ? "/" : socket.substr(0, end);
}

const char* TlsMode(std::uint32_t tls) {
  if (tls == SHMFLAKE_TLS_OFF) return "disable";
  return tls == SHMFLAKE_TLS_REQUIRE ? "require" : "verify-full";
}

std::string OrNoFile(const char* path) { return path[0] == '\0' ? kNoFile : path; }

}  // namespace

PostgresSession::PostgresSession(const shmflake_store_target& target) : target_(target) {}

PostgresSession::~PostgresSession() {
  if (connection_ != nullptr) PQfinish(connection_);
}

Outcome PostgresSession::MakeConnectionString(const shmflake_store_host* host, std::string* text) {
  std::string port = kDefaultPort;
  if (host != nullptr && host->port != 0) port = std::to_string(host->port);
  const std::string socket = host == nullptr ? SocketDirectory(target_.socket, &port) : "";
  std::map<std::string, std::string> values = {
      {"host", socket},
      {"hostaddr", ""},
      {"port", port},
      {"user", target_.user[0] != '\0' ? std::string(target_.user) : LoginName()},
      {"password", target_.password},
      {"dbname", target_.database},
      {"passfile", kNoFile},
      {"sslmode", TlsMode(target_.tls)},
      {"sslcert", OrNoFile(target_.tls_cert)},
      {"sslkey", OrNoFile(target_.tls_key)},
      {"sslrootcert", kNoFile},
      {"sslcrl", kNoFile},
      {"gssencmode", "disable"},
      {"connect_timeout", "0"},
      {"client_encoding", "UTF8"},
      {"application_name", "shmflake"},
      // Of several hosts, the one that takes writes.
      {"target_session_attrs", target_.host_count > 1 ? "read-write" : "any"}};
  if (target_.database[0] == '\0') values["dbname"] = values["user"];
  if (host != nullptr) {
    std::string words;
    const std::vector<std::string> addresses = ResolveHost(host->host, *deadline_, &words);
    if (addresses.empty()) return Error(SHMFLAKE_STORE_UNAVAILABLE, kConnecting, words);
    // libpq's own look-up would wait without a limit; the name is for the certificate.
    values["host"] = Repeated(host->host, addresses.size());
    values["port"] = Repeated(port, addresses.size());
    std::string list;
    for (const std::string& address : addresses) list += (list.empty() ? "" : ",") + address;
    values["hostaddr"] = list;
  }
  if (target_.tls == SHMFLAKE_TLS_VERIFY) {
    values["sslrootcert"] = target_.tls_ca[0] != '\0' ? target_.tls_ca : SystemCaFile();
    if (values["sslrootcert"].empty()) {
      return Error(SHMFLAKE_STORE_DENIED, kConnecting,
                   "no certificate authorities are installed: set tls_ca");
    }
  }
  // What the environment could say is said here: as it was compiled in. Only a service's name cannot
  // be taken back; all that it could set is set.
  PQconninfoOption* defaults = PQconndefaults();
  if (defaults == nullptr) return Error(SHMFLAKE_STORE_UNAVAILABLE, kConnecting, "out of memory");
  for (const PQconninfoOption* one = defaults; one->keyword != nullptr; ++one) {
    if (one->envvar == nullptr || one->keyword == std::string_view("service")) continue;
    values.try_emplace(one->keyword, one->compiled == nullptr ? "" : one->compiled);
  }
  PQconninfoFree(defaults);
  for (const auto& [key, value] : values) text->append(key + "=" + Quoted(value) + " ");
  return {};
}

void PostgresSession::Note(void* session, const PGresult* notice) {
  auto* self = static_cast<PostgresSession*>(session);
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char* words = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  if (severity != nullptr && words != nullptr && severity == std::string_view("WARNING") &&
      self->warning_.empty()) {
    self->warning_ = words;
  }
}

Outcome PostgresSession::Connect(const shmflake_store_host* host, const std::string& where,
                                 const CallDeadline& share, const CallDeadline& deadline) {
  where_ = where;
  deadline_ = share;
  std::string text;
  if (Outcome made = MakeConnectionString(host, &text); !made.ok()) return made;
  connection_ = PQconnectStart(text.c_str());
  if (connection_ == nullptr) {
    return Error(SHMFLAKE_STORE_UNAVAILABLE, kConnecting, "out of memory");
  }
  // So that words about a connection have the SQLSTATE, which libpq does not tell otherwise.
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection_, Note, this);
  bool in_tls = false;
  PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
  while (PQstatus(connection_) != CONNECTION_BAD && wants != PGRES_POLLING_OK) {
    const short events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (PollUntil(PQsocket(connection_), events, *deadline_) == 0) {
      return TimedOut(kConnecting, where_, *deadline_);
    }
    in_tls = PQstatus(connection_) == CONNECTION_SSL_STARTUP;
    wants = PQconnectPoll(connection_);
    if (wants == PGRES_POLLING_FAILED) break;
  }
  if (PQstatus(connection_) != CONNECTION_OK) return ConnectionError(in_tls);
  deadline_ = deadline;
  return SetUp();
}

Outcome PostgresSession::ConnectionError(bool in_tls) {
  std::string words = PQerrorMessage(connection_);
  const std::string state = TakeSqlState(&words);
  int code = PostgresErrorCode(state);
  // Values that the server does not take come from libpq's environment (PGTZ), not from the schema.
  if (code == SHMFLAKE_STORE_SCHEMA && state != kPostgresNoDatabase) {
    code = SHMFLAKE_STORE_UNAVAILABLE;
  }
  // libpq's own refusals: it has no password to give, or does not trust the server.
  const bool distrusts =
      in_tls && !IsConnectionEnd(words) &&
      (words.find("SSL") != std::string::npos || words.find("certificate") != std::string::npos);
  if (state.empty() && (PQconnectionNeedsPassword(connection_) != 0 || distrusts)) {
    code = SHMFLAKE_STORE_DENIED;
  }
  Outcome refused = Error(code, kConnecting, words);
  refused.full = PostgresIsFull(state);
  return refused;
}

Outcome PostgresSession::SetUp() {
  if (PQsetnonblocking(connection_, 1) != 0) return Lost(kConnecting);
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  return {};
}

Outcome PostgresSession::Lost(const char* what) {
  const char* words = PQerrorMessage(connection_);
  return Error(SHMFLAKE_STORE_UNAVAILABLE, what,
               words[0] == '\0' ? "the connection was lost" : words);
}

Outcome PostgresSession::Run(const char* what, const std::string& sql,
                             const std::vector<std::string>& parameters, PostgresResult* result) {
  static constexpr Oid kText = 25;
  sqlstate_.clear();
  words_.clear();
  warning_.clear();
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  const std::vector<Oid> types(values.size(), kText);
  const int sent =
      values.empty() ? PQsendQuery(connection_, sql.c_str())
                     : PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()),
                                         types.data(), values.data(), nullptr, nullptr, 0);
  if (sent == 0) return Lost(what);
  bool is_error = false;
  for (;;) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) return Lost(what);
    if (PQisBusy(connection_) != 0) {
      const short events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0));
      const short came = PollUntil(PQsocket(connection_), events, *deadline_);
      if (came == 0) return TimedOut(what, where_, *deadline_);
      if ((came & ~POLLOUT) != 0 && PQconsumeInput(connection_) == 0) return Lost(what);
      continue;
    }
    PGresult* next = PQgetResult(connection_);
    if (next == nullptr) break;
    if (!is_error)
      result->reset(next);
    else
      PQclear(next);
    const ExecStatusType status = PQresultStatus(result->get());
    is_error = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
    // A copy would never end.
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) break;
  }
  if (*result == nullptr) return Lost(what);
  if (!is_error) return {};
  const char* state = PQresultErrorField(result->get(), PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result->get(), PG_DIAG_MESSAGE_PRIMARY);
  sqlstate_ = state == nullptr ? "" : state;
  words_ = primary == nullptr ? PQresultErrorMessage(result->get()) : primary;
  if (sqlstate_.empty()) return Lost(what);
  Outcome outcome = Error(PostgresErrorCode(sqlstate_), what, words_ + " (" + sqlstate_ + ")");
  outcome.again = PostgresUndidAll(sqlstate_);
  outcome.other_host = PostgresIsReadOnly(sqlstate_);
  return outcome;
}

}  // namespace shmflake
