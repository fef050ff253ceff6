// SPDX-License-Identifier: Apache-2.0
// shmflake gen: draws IDs and prints them.
#include <charconv>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "command.h"

namespace tool {
namespace {

// Drawn and printed at a time, so that a count of any size runs in the same memory.
constexpr std::uint64_t kChunk = 4096;

struct Writer {
  Session* session;
  std::uint64_t written = 0;

  void Write(const std::uint64_t* ids, std::size_t count) {
    Output& out = session->out;
    for (std::size_t i = 0; i < count; ++i) {
      char text[24];
      char* const end = std::to_chars(text, text + sizeof text, ids[i]).ptr;
      const std::string_view digits(text, static_cast<std::size_t>(end - text));
      if (session->json) {
        out.Write(written == 0 ? "{\n  \"ids\": [\n    \"" : ",\n    \"");
        out.Write(digits);
        out.Write("\"");
      } else {
        out.Write(digits);
        out.Write("\n");
      }
      ++written;
    }
  }

  // Ends the document; a failure after some IDs stands beside them, since they are drawn.
  int End(const Failure* failure) const {
    if (!session->json || written == 0) return failure == nullptr ? kOk : session->Fail(*failure);
    session->out.Write("\n  ],\n  \"count\": " + std::to_string(written));
    if (failure != nullptr) {
      session->out.Write(",\n  \"error\": " +
                         failure->ToJson().dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    session->out.Write("\n}\n");
    return failure == nullptr ? kOk : kFailed;
  }
};

int Gen(Session* session, std::uint64_t count) {
  Flake flake;
  if (const int code = session->region.Open(false, &flake); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  Writer writer{session};
  std::vector<std::uint64_t> ids(std::min(count, kChunk));
  while (writer.written < count && !session->out.failed()) {
    std::size_t filled = 0;
    const std::size_t want = std::min<std::uint64_t>(count - writer.written, kChunk);
    const int code = shmflake_next_n(flake.get(), ids.data(), want, &filled);
    writer.Write(ids.data(), filled);
    // A small layout may not give a whole chunk within the wait timeout: go on while it gives any.
    if (code == SHMFLAKE_OK || (code == SHMFLAKE_E_EXHAUSTED && filled > 0)) continue;
    const Failure failure = LibraryFailure(code);
    return writer.End(&failure);
  }
  return writer.End(nullptr);
}

constexpr char kTeaching[] =
    "One a line, ascending. Makes the region if there is none. IDs that were printed\n"
    "before a failure are drawn and yours.\n"
    "\n"
    "Examples:\n"
    "  shmflake gen                        one ID\n"
    "  shmflake gen -n 1000000 > ids       a million, one a line\n"
    "  shmflake gen -n 2 --json            {\"ids\": [\"...\", \"...\"], \"count\": 2}\n"
    "  shmflake gen --name orders          from a region of its own";

}  // namespace

void AddGen(CLI::App* app, Session* session) {
  const auto count = std::make_shared<std::uint64_t>(1);
  CLI::App* command = AddSubcommand(app, session, "gen", "draw IDs and print them", kTeaching,
                                    [=] { return Gen(session, *count); });
  AddNumber(command, "-n,--count", count.get(), 1, std::numeric_limits<std::uint64_t>::max(),
            "how many [1]");
}

}  // namespace tool
