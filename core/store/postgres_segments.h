// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's table of (biz_tag, max_id, step), as Leaf's deployments have it.
#ifndef SHMFLAKE_CORE_STORE_POSTGRES_SEGMENTS_H_
#define SHMFLAKE_CORE_STORE_POSTGRES_SEGMENTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/store/mysql_postgres_take.h"
#include "core/store/postgres_session.h"

namespace shmflake {

[[nodiscard]] SqlTable PostgresSegmentTable(const std::string& name);

class PostgresSegments : public SqlSegments {
 public:
  PostgresSegments(PostgresSession* session, const std::string& table);

  Outcome ReadRow(const std::string& tag, std::optional<shmflake_store_row>* row) override;
  Outcome UpdateRow(const std::string& tag, std::int64_t old_max_id, std::int64_t new_max_id,
                    bool* done) override;
  Outcome InsertRow(const std::string& tag, const shmflake_store_row& row, bool* done,
                    std::string* words) override;

 private:
  Outcome ReadColumn(const PGresult* result, int column, std::int64_t* value) const;

  PostgresSession& session_;
  std::string table_;  // quoted
  std::string name_;
  std::string is_tag_;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_POSTGRES_SEGMENTS_H_
