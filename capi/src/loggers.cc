// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <vector>

#include "capi/src/convert_options.h"

namespace shmflake::capi {
namespace {

class CallbackLogger final : public Logger {
 public:
  CallbackLogger(shmflake_log_function function, void* context, int level)
      : function_(function), context_(context), level_(level) {}

  void Log(LogLevel level, const char* event, std::initializer_list<LogField> fields) override {
    if (static_cast<int>(level) < level_) return;
    std::vector<shmflake_log_field> passed;
    passed.reserve(fields.size());
    for (const LogField& field : fields) passed.push_back({field.key, field.value.c_str()});
    function_(context_, static_cast<int>(level), event, passed.data(), passed.size());
  }

 private:
  shmflake_log_function function_;
  void* context_;
  int level_;
};

// `shmflake: warning clock_rollback count=1 path="/dev/shm/..."`, a line a write(2).
class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(int level) : level_(level) {}

  void Log(LogLevel level, const char* event, std::initializer_list<LogField> fields) override {
    static constexpr const char* kNames[] = {"", "debug", "info", "warning", "error"};
    if (static_cast<int>(level) < level_) return;
    std::string line = std::string("shmflake: ") + kNames[static_cast<int>(level)] + " " + event;
    for (const LogField& field : fields) {
      line += std::string(" ") + field.key + "=";
      if (field.value.find_first_of(" \"=") == std::string::npos && !field.value.empty()) {
        line += field.value;
        continue;
      }
      line += '"';
      for (const char c : field.value) {
        if (c == '"' || c == '\\') line += '\\';
        line += c == '\n' ? ' ' : c;
      }
      line += '"';
    }
    line += '\n';
    // What cannot be written to standard error has nowhere else to go.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  }

 private:
  int level_;
};

}  // namespace

std::unique_ptr<Logger> MakeLogger(const shmflake_options& options, const Settings& settings) {
  const int level =
      options.log_level == 0 ? SHMFLAKE_LOG_INFO : static_cast<int>(options.log_level);
  if (options.log != nullptr) {
    return std::make_unique<CallbackLogger>(options.log, options.log_context, level);
  }
  if (settings.log.value == "stderr") return std::make_unique<StderrLogger>(level);
  return nullptr;
}

}  // namespace shmflake::capi
