// SPDX-License-Identifier: Apache-2.0
// MariaDB's table of (biz_tag, max_id, step), as Leaf's deployments have it.
#ifndef SHMFLAKE_CORE_STORE_MYSQL_SEGMENTS_H_
#define SHMFLAKE_CORE_STORE_MYSQL_SEGMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/store/mysql_postgres_take.h"
#include "core/store/mysql_session.h"

namespace shmflake {

[[nodiscard]] SqlTable MysqlSegmentTable(const std::string& name);

class MysqlSegments : public SqlSegments {
 public:
  MysqlSegments(MysqlSession* session, const std::string& table);

  Outcome ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) override;
  Outcome UpdateRow(const std::string& tag, std::int64_t old_max_id, std::int64_t new_max_id,
                    bool* done) override;
  Outcome InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                    std::string* words) override;

 private:
  Outcome ReadColumn(const MYSQL_FIELD& field, const char* text, std::size_t size,
                     std::int64_t* value) const;

  MysqlSession& session_;
  std::string table_;  // quoted
  std::string name_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_MYSQL_SEGMENTS_H_
