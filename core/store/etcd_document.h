// SPDX-License-Identifier: Apache-2.0
// A tag's row as the value of a key in etcd:
//
//   {"v":1,"max_id":"123","step":"1000"}
//
// The numbers are texts, so that no tool rounds them; plain JSON integers are read as well. "v" may
// be missing. Persisted: what is written here is never changed; another form gets another v.
#ifndef SHMFLAKE_CORE_STORE_ETCD_DOCUMENT_H_
#define SHMFLAKE_CORE_STORE_ETCD_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/store/etcd_text.h"
#include "core/store/store_plugin.h"

namespace shmflake {

class EtcdDocument {
 public:
  // SCHEMA or RANGE with what the text has.
  static EtcdResult Parse(const std::string& text, EtcdDocument* out);
  static std::string OfNewRow(const shmflake_store_row& row);

  [[nodiscard]] const shmflake_store_row& row() const { return row_; }
  // The same document, byte for byte, with another max_id.
  [[nodiscard]] std::string WithMaxId(std::int64_t max_id) const;

 private:
  shmflake_store_row row_{};
  std::string text_;
  std::size_t max_id_begin_ = 0;  // where the value of max_id stands in the text
  std::size_t max_id_size_ = 0;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STORE_ETCD_DOCUMENT_H_
