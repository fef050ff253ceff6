// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite_segment_store.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/store/sqlite_file.h"
#include "core/store/sqlite_session.h"
#include "core/store/store_step.h"
#include "core/text.h"

namespace shmflake {
namespace {

constexpr char kIfSegmentsDamaged[] =
    "restore it, and then raise every max_id above all IDs that were ever issued";

// Of a column that keeps texts as texts (www.sqlite.org/datatype3.html, section 3.1).
bool IsTextType(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return type.find("CHAR") != std::string::npos || type.find("TEXT") != std::string::npos ||
         type.find("CLOB") != std::string::npos;
}

class SqliteSegmentStore final : public SegmentStore {
 public:
  SqliteSegmentStore(std::string path, std::uint32_t mode, std::string table)
      : path_(std::move(path)),
        mode_(mode),
        table_(std::move(table)),
        quoted_("\"" + table_ + "\"") {}

  Status Take(const std::string& tag, std::int64_t timeout_ms, const SegmentPlan& plan) override {
    return Transact(timeout_ms, [&](SqliteSession* session) {
      bool exists = false;
      SegmentRow row;
      SHMFLAKE_RETURN_IF_ERROR(ReadRow(session, tag, &exists, &row));
      SegmentRow change;
      SHMFLAKE_RETURN_IF_ERROR(plan(exists ? &row : nullptr, &change));
      SHMFLAKE_RETURN_IF_ERROR(session->CheckOwnProcess());
      return WriteRow(session, tag, exists, change);
    });
  }

  Status Init(std::int64_t timeout_ms) override {
    return Transact(timeout_ms, [](SqliteSession*) { return Status::Ok(); });
  }

 private:
  using Work = FunctionRef<Status(SqliteSession* session)>;

  // The work in one durable transaction on a file that has the table, or nothing.
  Status Transact(std::int64_t timeout_ms, const Work& work);
  Status ReadRow(SqliteSession* session, const std::string& tag, bool* exists, SegmentRow* row);
  Status WriteRow(SqliteSession* session, const std::string& tag, bool exists,
                  const SegmentRow& row);
  Status CheckTable(SqliteSession* session);
  Status WrongShape(const std::string& what) const {
    return Fail(Code::STORE_SCHEMA, "%s: the table %s %s", path_.c_str(), table_.c_str(),
                what.c_str());
  }

  const std::string path_;
  const std::uint32_t mode_;
  const std::string table_;
  const std::string quoted_;  // its characters are ParseStoreUrl's to check
};

Status SqliteSegmentStore::Transact(std::int64_t timeout_ms, const Work& work) {
  Patience patience(static_cast<std::uint32_t>(std::clamp<std::int64_t>(timeout_ms, 1, 3'600'000)));
  StoreStep step;
  SHMFLAKE_RETURN_IF_ERROR(step.Begin(path_, &patience));
  bool exists = false;
  SHMFLAKE_RETURN_IF_ERROR(CheckStoreFile(path_, mode_, &exists));
  if (!exists) SHMFLAKE_RETURN_IF_ERROR(CreateStoreFile(path_, mode_));
  SqliteSession session(path_, kIfSegmentsDamaged);
  SHMFLAKE_RETURN_IF_ERROR(session.Open(&patience));
  SHMFLAKE_RETURN_IF_ERROR(session.Run("BEGIN IMMEDIATE"));
  SHMFLAKE_RETURN_IF_ERROR(CheckTable(&session));
  SHMFLAKE_RETURN_IF_ERROR(work(&session));
  SHMFLAKE_RETURN_IF_ERROR(session.CheckOwnProcess());
  return session.Run("COMMIT");
}

Status SqliteSegmentStore::CheckTable(SqliteSession* session) {
  const std::string make = "CREATE TABLE IF NOT EXISTS " + quoted_ +
                           " (\n"
                           "  biz_tag TEXT NOT NULL PRIMARY KEY,\n"
                           "  max_id INTEGER NOT NULL DEFAULT 0,\n"
                           "  step INTEGER NOT NULL DEFAULT 1000,\n"
                           "  description TEXT,\n"
                           "  update_time TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP\n"
                           ") STRICT";
  SHMFLAKE_RETURN_IF_ERROR(session->Run(make.c_str()));
  std::string kind;
  SqliteStatement look(session, "SELECT type FROM sqlite_schema WHERE name = ? COLLATE NOCASE");
  look.Bind(table_);
  bool found = false;
  SHMFLAKE_RETURN_IF_ERROR(look.Step(&found));
  if (found && look.Read(&kind) && kind != "table")
    return WrongShape("must be a table: it is a " + kind);
  SqliteStatement query(session, "SELECT name, type FROM pragma_table_info(?)");
  query.Bind(table_);
  std::string missing = " biz_tag max_id step ";
  for (bool has_row = true; has_row;) {
    SHMFLAKE_RETURN_IF_ERROR(query.Step(&has_row));
    std::string name;
    std::string type;
    if (!has_row || !query.Read(&name) || !query.Read(&type)) continue;
    if (name == "biz_tag" && !IsTextType(type)) {
      return WrongShape("must have a text as biz_tag: it is " + Quote(type));
    }
    if (const std::size_t at = missing.find(" " + name + " "); at != std::string::npos) {
      missing.erase(at, name.size() + 1);
    }
  }
  if (missing == " ") return Status::Ok();
  return WrongShape("must have the columns biz_tag, max_id and step: it has no" +
                    missing.substr(0, missing.size() - 1));
}

Status SqliteSegmentStore::ReadRow(SqliteSession* session, const std::string& tag, bool* exists,
                                   SegmentRow* row) {
  const std::string sql =
      "SELECT max_id, step FROM " + quoted_ + " WHERE biz_tag = ? COLLATE BINARY";
  SqliteStatement query(session, sql.c_str());
  query.Bind(tag);
  SHMFLAKE_RETURN_IF_ERROR(query.Step(exists));
  if (!*exists) return Status::Ok();
  const bool sound = query.Read(&row->max_id) && query.Read(&row->step);
  bool another = false;
  if (!sound) return WrongShape("must have integers as max_id and step of tag " + Quote(tag));
  SHMFLAKE_RETURN_IF_ERROR(query.Step(&another));
  return another ? WrongShape("has several rows of tag " + Quote(tag)) : Status::Ok();
}

Status SqliteSegmentStore::WriteRow(SqliteSession* session, const std::string& tag, bool exists,
                                    const SegmentRow& row) {
  const std::string update =
      "UPDATE " + quoted_ + " SET max_id = ? WHERE biz_tag = ? COLLATE BINARY";
  const std::string insert = "INSERT INTO " + quoted_ + " (max_id, biz_tag, step) VALUES (?, ?, ?)";
  SqliteStatement write(session, exists ? update.c_str() : insert.c_str());
  write.Bind(row.max_id).Bind(tag);
  if (!exists) write.Bind(row.step);
  bool has_row = false;
  const Status written = write.Step(&has_row);
  if (session->BrokeConstraint()) return WrongShape("does not take the row: " + written.message());
  SHMFLAKE_RETURN_IF_ERROR(written);
  if (session->changes() == 1) return Status::Ok();
  return WrongShape("did not take the new max_id of tag " + Quote(tag));
}

}  // namespace

Status OpenSqliteSegmentStore(const StoreUrl& url, const std::string& state_directory,
                              std::uint32_t mode, std::unique_ptr<SegmentStore>* out) {
  std::string directory = state_directory;
  std::string file = kSegmentFile;
  if (!url.path.empty()) {
    const std::size_t slash = url.path.rfind('/');
    directory = slash == 0 ? "/" : url.path.substr(0, slash);
    file = url.path.substr(slash + 1);
  }
  if (file.empty() || url.table.find('.') != std::string::npos) {
    return Fail(Code::STORE_URL, "an SQLite store must be a file and a table without a dot: %s, %s",
                Quote(url.path).c_str(), Quote(url.table).c_str());
  }
  std::string path;
  SHMFLAKE_RETURN_IF_ERROR(LocateStoreFile(directory, file, mode, &path));
  *out = std::make_unique<SqliteSegmentStore>(std::move(path), mode, url.table);
  return Status::Ok();
}

}  // namespace shmflake
