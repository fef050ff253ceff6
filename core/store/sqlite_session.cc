// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite_session.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/store/sqlite_file.h"

namespace shmflake {
namespace {

// STRICT tables came with 3.37; the file is useless to anything older.
constexpr int kOldestSqlite = 3'037'000;

int WaitForLock(void* patience, int /*attempt*/) {
  return static_cast<Patience*>(patience)->Sleep() ? 1 : 0;
}

}  // namespace

SqliteSession::SqliteSession(std::string path, const char* advice)
    : path_(std::move(path)), advice_(advice) {}

SqliteSession::~SqliteSession() {
  // In a copy of the process, to roll back would delete the journal that the original still needs.
  if (db_ != nullptr && pid_ == ::getpid()) sqlite3_close_v2(db_);
}

Status SqliteSession::Open(Patience* patience) {
  if (sqlite3_libversion_number() < kOldestSqlite) {
    return Fail(Code::STORE_UNAVAILABLE, "SQLite must be 3.37 or newer for %s: %s", path_.c_str(),
                sqlite3_libversion());
  }
  patience_ = patience;
  pid_ = ::getpid();
  // By the name "unix", since a program may have made another file layer its default, one without
  // locks.
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                         SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2(path_.c_str(), &db_, kFlags, "unix") != SQLITE_OK) {
    return db_ == nullptr ? Fail(Code::NO_MEMORY, "no memory for SQLite") : Error();
  }
  sqlite3_busy_handler(db_, WaitForLock, patience);
  if (sqlite3_db_readonly(db_, "main") == 1) return ReadOnlyError("opened read-only");
  return Configure();
}

Status SqliteSession::Configure() {
  // What a damaged or doctored schema could make a connection do is switched off.
  constexpr std::pair<int, int> kSwitches[] = {{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                               {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                               {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                               {SQLITE_DBCONFIG_DEFENSIVE, 1}};
  for (const auto& [option, value] : kSwitches) {
    if (sqlite3_db_config(db_, option, value, nullptr) != SQLITE_OK) return Error();
  }
  // EXTRA is FULL, and a sync of the directory once the journal is unlinked. In DELETE mode that
  // unlink is the commit: with FULL alone, a power loss may bring the journal back, and with it the
  // horizon before the last (www.sqlite.org/pragma.html#pragma_synchronous). mmap_size 0: else a
  // file that is truncated under us raises SIGBUS.
  SHMFLAKE_RETURN_IF_ERROR(Run("PRAGMA locking_mode = NORMAL"));
  SHMFLAKE_RETURN_IF_ERROR(Run("PRAGMA synchronous = EXTRA"));
  SHMFLAKE_RETURN_IF_ERROR(Run("PRAGMA mmap_size = 0"));
  SHMFLAKE_RETURN_IF_ERROR(Run("PRAGMA temp_store = MEMORY"));
  SHMFLAKE_RETURN_IF_ERROR(Run("PRAGMA cell_size_check = ON"));
  std::int64_t synchronous = 0;
  SHMFLAKE_RETURN_IF_ERROR(ReadInteger("PRAGMA synchronous", &synchronous));
  if (synchronous != 3) {
    return Fail(Code::STORE_UNAVAILABLE,
                "%s: SQLite must obey PRAGMA synchronous = EXTRA: it is %s", path_.c_str(),
                std::to_string(synchronous).c_str());
  }
  return Status::Ok();
}

Status SqliteSession::Run(const char* sql) {
  SqliteStatement statement(this, sql);
  bool has_row = true;
  while (has_row) SHMFLAKE_RETURN_IF_ERROR(statement.Step(&has_row));
  return Status::Ok();
}

Status SqliteSession::ReadInteger(const char* sql, std::int64_t* value) {
  SqliteStatement statement(this, sql);
  bool has_row = false;
  SHMFLAKE_RETURN_IF_ERROR(statement.Step(&has_row));
  if (!has_row || !statement.Read(value)) return Corrupt(std::string("no answer to ") + sql);
  return Status::Ok();
}

Status SqliteSession::ReadText(const char* sql, std::string* value) {
  SqliteStatement statement(this, sql);
  bool has_row = false;
  SHMFLAKE_RETURN_IF_ERROR(statement.Step(&has_row));
  if (!has_row || !statement.Read(value)) return Corrupt(std::string("no answer to ") + sql);
  return Status::Ok();
}

bool SqliteSession::BrokeConstraint() const {
  return (sqlite3_extended_errcode(db_) & 0xff) == SQLITE_CONSTRAINT;
}

int SqliteSession::changes() const { return sqlite3_changes(db_); }

Status SqliteSession::CheckOwnProcess() const {
  // getpid() is no test for a process in general, as PIDs recur; it is for the time of one
  // callback.
  if (pid_ == ::getpid()) return Status::Ok();
  return Fail(Code::STORE_UNAVAILABLE,
              "%s: the process was forked in the middle of a step; the copy does not end it",
              path_.c_str());
}

Status SqliteSession::Corrupt(const std::string& what) const {
  return Fail(Code::STORE_CORRUPT, "%s is damaged: %s; %s", path_.c_str(), what.c_str(), advice_);
}

Status SqliteSession::ReadOnlyError(const std::string& words) const {
  const std::string directory = path_.substr(0, path_.rfind('/') + 1);
  for (const std::string& place : {path_, directory}) {
    if (::faccessat(AT_FDCWD, place.c_str(), W_OK, AT_EACCESS) != 0) {
      return FailErrno(errno, "write to", place, Code::STORE_UNAVAILABLE);
    }
  }
  return Fail(Code::READ_ONLY, "%s cannot be written: %s", path_.c_str(), words.c_str());
}

Status SqliteSession::Error() const {
  const int code = sqlite3_extended_errcode(db_);
  const std::string words = sqlite3_errmsg(db_);
  switch (code) {
    case SQLITE_READONLY_DBMOVED:
      return Fail(Code::STORE_REPLACED, "%s was removed or replaced while it was in use: %s",
                  path_.c_str(), words.c_str());
    case SQLITE_CANTOPEN_SYMLINK:
      return Fail(Code::SYMLINK, "%s must not be a symbolic link: %s", path_.c_str(),
                  words.c_str());
    case SQLITE_IOERR_CORRUPTFS:
      return Corrupt(words);
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Fail(Code::STORE_LOCKED, "%s is locked by another process%s for longer than %s ms: %s",
                  path_.c_str(), DescribePosixLockHolders(path_).c_str(),
                  std::to_string(patience_->total_ms()).c_str(), words.c_str());
    case SQLITE_ERROR:  // our statements are fixed: what they do not find is wrong in the file
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Corrupt(words);
    case SQLITE_FULL:
      return Fail(Code::NO_SPACE, "no space to write %s: %s", path_.c_str(), words.c_str());
    case SQLITE_NOMEM:
      return Fail(Code::NO_MEMORY, "no memory to use %s: %s", path_.c_str(), words.c_str());
    case SQLITE_READONLY:
      return ReadOnlyError(words);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      if (const int error = sqlite3_system_errno(db_); error != 0 && error != EAGAIN) {
        const Status status = FailErrno(error, "use", path_, Code::STORE_UNAVAILABLE);
        return Fail(status.code(), "%s (%s)", status.message().c_str(), words.c_str());
      }
      break;
    default:
      break;
  }
  return Fail(Code::STORE_UNAVAILABLE, "cannot use %s: %s (SQLite's error %s)", path_.c_str(),
              words.c_str(), std::to_string(code).c_str());
}

SqliteStatement::SqliteStatement(SqliteSession* session, const char* sql)
    : session_(session),
      result_(sqlite3_prepare_v2(session->handle(), sql, -1, &statement_, nullptr)) {}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

SqliteStatement& SqliteStatement::Bind(std::int64_t value) {
  if (result_ == SQLITE_OK) result_ = sqlite3_bind_int64(statement_, ++parameter_, value);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(std::string_view value) {
  if (result_ == SQLITE_OK) {
    result_ = sqlite3_bind_text64(statement_, ++parameter_, value.data(), value.size(),
                                  SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}

Status SqliteStatement::Step(bool* has_row) {
  *has_row = false;
  column_ = 0;
  if (result_ != SQLITE_OK) return session_->Error();
  const int result = sqlite3_step(statement_);
  if (result != SQLITE_ROW && result != SQLITE_DONE) return session_->Error();
  *has_row = result == SQLITE_ROW;
  return Status::Ok();
}

bool SqliteStatement::Read(std::int64_t* value) {
  const int column = column_++;
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) return false;
  *value = sqlite3_column_int64(statement_, column);
  return true;
}

bool SqliteStatement::Read(std::string* value) {
  const int column = column_++;
  if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) return false;
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return false;
  value->assign(reinterpret_cast<const char*>(text),
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  return true;
}

}  // namespace shmflake
