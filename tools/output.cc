// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <fcntl.h>
#include <shmflake/shmflake.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace tool {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 16;

// 0, or the errno of the write that failed.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void ReserveStandardDescriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free descriptor is this one. Opened the wrong way round, so that using it still
    // fails.
    if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) _exit(kFailed);
  }
}

void Output::Write(std::string_view text) {
  if (failed()) return;
  buffer_.append(text);
  if (buffer_.size() >= kBufferSize) Flush();
}

void Output::Print(const char* format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length <= 0) return;
  if (static_cast<std::size_t>(length) < sizeof line) {
    Write(std::string_view(line, static_cast<std::size_t>(length)));
    return;
  }
  std::string longer(static_cast<std::size_t>(length) + 1, '\0');
  va_start(arguments, format);
  vsnprintf(longer.data(), longer.size(), format, arguments);
  va_end(arguments);
  longer.pop_back();
  Write(longer);
}

void Output::WriteJson(const Json& document) {
  Write(document.dump(2, ' ', false, Json::error_handler_t::replace));
  Write("\n");
}

void Output::Flush() {
  if (!failed()) error_ = WriteAll(STDOUT_FILENO, buffer_);
  buffer_.clear();
}

bool Output::Close(int* error) {
  Flush();
  // Some file systems tell of a full quota only now.
  if (close(STDOUT_FILENO) != 0 && !failed() && errno != EINTR) error_ = errno;
  *error = error_;
  return !failed();
}

void PrintError(std::string_view message) {
  std::string line = "shmflake: ";
  line.append(message).append("\n");
  // There is nobody left to tell when standard error cannot be written.
  (void)WriteAll(STDERR_FILENO, line);
}

Json Failure::ToJson() const {
  return {{"code", code}, {"name", shmflake_error_name(code)}, {"message", message}};
}

Failure LibraryFailure(int code) {
  std::string message = shmflake_last_error();
  if (message.empty()) message = shmflake_strerror(code);
  return {code, std::move(message)};
}

int Fail(Output* out, bool json, const Failure& failure) {
  if (json) {
    out->WriteJson(Json{{"error", failure.ToJson()}});
  } else {
    PrintError(failure.message);
  }
  return kFailed;
}

}  // namespace tool
