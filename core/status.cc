// SPDX-License-Identifier: Apache-2.0
#include "core/status.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace shmflake {

const char* CodeRule(Code code) noexcept {
  switch (code) {
    case Code::OK:
      return "success";
#define SHMFLAKE_CODE(name, number, rule) \
  case Code::name:                        \
    return rule;
      SHMFLAKE_ERROR_CODES(SHMFLAKE_CODE)
#undef SHMFLAKE_CODE
  }
  return "unknown error";
}

const char* CodeName(Code code) noexcept {
  switch (code) {
    case Code::OK:
      return "OK";
#define SHMFLAKE_CODE(name, number, rule) \
  case Code::name:                        \
    return #name;
      SHMFLAKE_ERROR_CODES(SHMFLAKE_CODE)
#undef SHMFLAKE_CODE
  }
  return "UNKNOWN";
}

namespace {

std::string FormatList(const char* format, va_list arguments) {
  char text[512];
  va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(text, sizeof(text), format, arguments);
  std::string whole = size < 0 ? "" : text;
  if (size >= static_cast<int>(sizeof(text))) {
    whole.resize(static_cast<std::size_t>(size));
    std::vsnprintf(whole.data(), whole.size() + 1, format, again);
  }
  va_end(again);
  return whole;
}

}  // namespace

std::string Format(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = FormatList(format, arguments);
  va_end(arguments);
  return text;
}

Status Fail(Code code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Status status(code, FormatList(format, arguments));
  va_end(arguments);
  return status;
}

Status FailErrno(int error, std::string_view what, std::string_view path, Code fallback) {
  Code code = fallback;
  switch (error) {
    case EACCES:
    case EPERM:
      code = Code::PERMISSION;
      break;
    case EROFS:
      code = Code::READ_ONLY;
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // RLIMIT_FSIZE
      code = Code::NO_SPACE;
      break;
    case ENOMEM:
      code = Code::NO_MEMORY;
      break;
    case EMFILE:
    case ENFILE:
      code = Code::TOO_MANY_FILES;
      break;
    default:
      break;
  }
  std::string message = "cannot ";
  message.append(what).append(" ").append(path).append(": ").append(std::strerror(error));
  return {code, std::move(message)};
}

}  // namespace shmflake
