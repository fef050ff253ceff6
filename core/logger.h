// SPDX-License-Identifier: Apache-2.0
// Rare events, for people: a level, an event's name, and key-value fields.
#ifndef SHMFLAKE_CORE_LOGGER_H_
#define SHMFLAKE_CORE_LOGGER_H_

#include <initializer_list>
#include <string>

namespace shmflake {

enum class LogLevel : int { kDebug = 1, kInfo = 2, kWarning = 3, kError = 4 };

struct LogField {
  const char* key;
  std::string value;
};

// Thread safety: Log may be called by any thread at once.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, const char* event, std::initializer_list<LogField> fields) = 0;
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_LOGGER_H_
