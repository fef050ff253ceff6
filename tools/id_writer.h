// SPDX-License-Identifier: Apache-2.0
// IDs as a subcommand prints them while it draws: one a line, or one JSON document.
#ifndef SHMFLAKE_TOOLS_ID_WRITER_H_
#define SHMFLAKE_TOOLS_ID_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "command.h"

namespace tool {

class IdWriter {
 public:
  IdWriter(Session* session, std::string form_name, bool masked)
      : session_(session), form_name_(std::move(form_name)), masked_(masked) {}

  void Write(std::string_view id);
  // Ends the document; a failure after some IDs stands beside them, since they are drawn. Null:
  // all went well. Returns the ExitCode.
  [[nodiscard]] int End(const Failure* failure) const;

  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  Session* session_;
  std::string form_name_;
  bool masked_;
  std::uint64_t written_ = 0;
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_ID_WRITER_H_
