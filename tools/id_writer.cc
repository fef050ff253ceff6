// SPDX-License-Identifier: Apache-2.0
#include "id_writer.h"

#include <nlohmann/json.hpp>

namespace tool {

void IdWriter::Write(std::string_view id) {
  Output& out = session_->out;
  if (session_->json) {
    out.Write(written_ == 0 ? "{\n  \"ids\": [\n    \"" : ",\n    \"");
    out.Write(id);
    out.Write("\"");
  } else {
    out.Write(id);
    out.Write("\n");
  }
  ++written_;
}

int IdWriter::End(const Failure* failure) const {
  if (!session_->json || written_ == 0) return failure == nullptr ? kOk : session_->Fail(*failure);
  session_->out.Write("\n  ],\n  \"count\": " + std::to_string(written_) + ",\n  \"format\": \"" +
                      form_name_ + "\",\n  \"masked\": " + (masked_ ? "true" : "false"));
  if (failure != nullptr) {
    session_->out.Write(",\n  \"error\": " +
                        failure->ToJson().dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  session_->out.Write("\n}\n");
  return failure == nullptr ? kOk : kFailed;
}

}  // namespace tool
