// SPDX-License-Identifier: Apache-2.0
// Standard output that notices when it cannot be written, and the one way in which failures are
// told.
#ifndef SHMFLAKE_TOOLS_OUTPUT_H_
#define SHMFLAKE_TOOLS_OUTPUT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tool {

// Keeps the order in which keys were added: the one in which a person wants to read them.
using Json = nlohmann::ordered_json;

// The process's exit code; part of the manual.
enum ExitCode { kOk = 0, kFailed = 1, kUsage = 2 };

// Makes sure that descriptors 0, 1 and 2 are open: else the next file that is opened (a region, a
// store) would become standard output, and IDs would be written into it.
void ReserveStandardDescriptors();

// Standard output, buffered. After the first failure everything is dropped; Close() reports it.
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view text);
  [[gnu::format(printf, 2, 3)]] void Print(const char* format, ...);
  // The one document of --json. Bytes that are not UTF-8 (a path may have them) are replaced.
  void WriteJson(const Json& document);

  void Flush();
  // True once a write failed: a long output can stop early.
  [[nodiscard]] bool failed() const { return error_ != 0; }
  // Flushes and closes standard output. False, with the errno in *error, if anything could not be
  // written.
  [[nodiscard]] bool Close(int* error);

 private:
  std::string buffer_;
  int error_ = 0;
};

// A failure as people read it: "shmflake: <message>" on standard error.
void PrintError(std::string_view message);

// What went wrong: a library code with its message.
struct Failure {
  int code = 0;
  std::string message;

  [[nodiscard]] Json ToJson() const;  // {"code": -80, "name": "CEILING", "message": "..."}
};

// The failure of the library call that just returned `code`.
[[nodiscard]] Failure LibraryFailure(int code);

// Tells the failure, as {"error": {...}} on standard output or as text on standard error. Returns
// kFailed.
int Fail(Output* out, bool json, const Failure& failure);

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_OUTPUT_H_
