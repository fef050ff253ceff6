// SPDX-License-Identifier: Apache-2.0
// What a step that can fail returns off the draw path: a pinned code and a message with rule and
// value.
#ifndef SHMFLAKE_CORE_STATUS_H_
#define SHMFLAKE_CORE_STATUS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/error_codes.h"

namespace shmflake {

enum class Code : std::int32_t {
  OK = 0,
#define SHMFLAKE_CODE(name, number, rule) name = (number),
  SHMFLAKE_ERROR_CODES(SHMFLAKE_CODE)
#undef SHMFLAKE_CODE
};

// The rule behind a code, and its name ("CEILING"). Static strings, never null.
[[nodiscard]] const char* CodeRule(Code code) noexcept;
[[nodiscard]] const char* CodeName(Code code) noexcept;

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] static Status Ok() { return {}; }

  [[nodiscard]] bool ok() const { return code_ == Code::OK; }
  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  Code code_ = Code::OK;
  std::string message_;
};

// printf into a string. Where sums of strings would be several times the code.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

// printf into a Status: Fail(Code::NAME, "name must be 1..63 characters: %zu", n).
[[gnu::format(printf, 2, 3)]] Status Fail(Code code, const char* format, ...);

// A failed system call: the code that fits the errno (or `fallback`), with what was done, to what,
// and why. "cannot create /dev/shm/x: No space left on device".
[[nodiscard]] Status FailErrno(int error, std::string_view what, std::string_view path,
                               Code fallback = Code::SYSTEM);

#define SHMFLAKE_RETURN_IF_ERROR(expression)                                      \
  do {                                                                            \
    if (::shmflake::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_STATUS_H_
