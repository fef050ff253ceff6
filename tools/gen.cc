// SPDX-License-Identifier: Apache-2.0
// shmflake gen: draws IDs and prints them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "command.h"
#include "forms.h"
#include "id_writer.h"
#include "key_file.h"

namespace tool {
namespace {

// Drawn and printed at a time, so that a count of any size runs in the same memory.
constexpr std::size_t kChunk = 4096;

struct GenOptions {
  std::uint64_t count = 1;
  Form form = Form::kDecimal;
  std::string form_name = "decimal";
  std::string key_file;  // "" for none
};

// Draws up to `want` and writes them. Returns the library's code, after what was drawn.
using Draw = int (*)(shmflake* flake, std::size_t want, Form form, const std::optional<Key>& key,
                     IdWriter* writer);

int DrawNumbers(shmflake* flake, std::size_t want, Form form, const std::optional<Key>& key,
                IdWriter* writer) {
  std::array<std::uint64_t, kChunk> ids;
  std::size_t filled = 0;
  const int code = shmflake_next_n(flake, ids.data(), want, &filled);
  for (std::size_t i = 0; i < filled; ++i) {
    std::uint64_t id = ids[i];
    if (key) {
      if (const int failed = shmflake_mask(key->data(), id, &id); failed != 0) return failed;
    }
    char text[SHMFLAKE_TEXT_SIZE];
    if (const int failed = shmflake_format(id, LibraryForm(form), text, sizeof text); failed != 0)
      return failed;
    writer->Write(text);
  }
  return code;
}

int DrawUuids(shmflake* flake, std::size_t want, Form /*form*/, const std::optional<Key>& /*key*/,
              IdWriter* writer) {
  unsigned char uuids[kChunk][16];
  std::size_t filled = 0;
  const int code = shmflake_uuid7_n(flake, uuids, want, &filled);
  for (std::size_t i = 0; i < filled; ++i) {
    char text[SHMFLAKE_TEXT_SIZE];
    if (const int failed = shmflake_format_uuid(uuids[i], text); failed != 0) return failed;
    writer->Write(text);
  }
  return code;
}

int DrawUlids(shmflake* flake, std::size_t want, Form /*form*/, const std::optional<Key>& /*key*/,
              IdWriter* writer) {
  for (std::size_t i = 0; i < want; ++i) {
    char text[SHMFLAKE_TEXT_SIZE];
    if (const int code = shmflake_ulid(flake, text); code != SHMFLAKE_OK) return code;
    writer->Write(text);
  }
  return SHMFLAKE_OK;
}

int Gen(Session* session, const GenOptions& options) {
  Failure failure;
  std::optional<Key> key;
  if (!options.key_file.empty()) {
    key = ReadKeyFile(options.key_file, &failure);
    if (!key) return session->Fail(failure);
  }
  Flake flake;
  if (const int code = session->region.Open(false, &flake); code != SHMFLAKE_OK) {
    return session->FailLibrary(code);
  }
  const Draw draw = options.form == Form::kUuid   ? DrawUuids
                    : options.form == Form::kUlid ? DrawUlids
                                                  : DrawNumbers;
  IdWriter writer(session, options.form_name, !options.key_file.empty());
  while (writer.written() < options.count && !session->out.failed()) {
    const std::uint64_t before = writer.written();
    const std::size_t want = std::min<std::uint64_t>(options.count - before, kChunk);
    const int code = draw(flake.get(), want, options.form, key, &writer);
    // A small layout may not give a whole chunk within the wait timeout: go on while it gives any.
    if (code == SHMFLAKE_OK || (code == SHMFLAKE_E_EXHAUSTED && writer.written() > before))
      continue;
    failure = LibraryFailure(code);
    return writer.End(&failure);
  }
  return writer.End(nullptr);
}

constexpr char kGenTeaching[] =
    "One a line, ascending. Makes the region if there is none. IDs that were printed\n"
    "before a failure are drawn and yours.\n"
    "\n"
    "Forms: decimal, hex, base36, base58, base62, crockford32 write an ID of 63 bits;\n"
    "uuid7 and ulid draw a UUIDv7 or a ULID.\n"
    "\n"
    "Masked IDs are hidden under a key of 128 bits: without it they tell neither\n"
    "order nor time (man shmflake). The file must be readable by its owner only.\n"
    "\n"
    "Examples:\n"
    "  shmflake gen                        one ID\n"
    "  shmflake gen -n 1000000 > ids       a million, one a line\n"
    "  shmflake gen -n 2 --json            {\"ids\": [\"...\", \"...\"], \"count\": 2, ...}\n"
    "  shmflake gen --name orders          from a region of its own\n"
    "  shmflake gen --format uuid7         a UUID; also ulid, base62 ...\n"
    "  (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' > mask.key)\n"
    "  shmflake gen --mask-key-file mask.key";

std::string TakeKeyFile(const std::string& text, GenOptions* options) {
  if (text.empty()) return "must not be empty";
  // --format is declared first, hence taken first.
  if (!Is64Bit(options->form)) return "a UUIDv7 or ULID has 128 bits and is never masked";
  options->key_file = text;
  return "";
}

std::string TakeForm(const std::string& text, GenOptions* options) {
  Form form{};
  if (text == "uuid" || !FindForm(text, &form)) {
    return "must be decimal, hex, base36, base58, base62, crockford32, uuid7 or ulid";
  }
  options->form = form;
  options->form_name = text;
  return "";
}

}  // namespace

void AddGen(CLI::App* app, Session* session) {
  const auto options = std::make_shared<GenOptions>();
  CLI::App* command = AddSubcommand(app, session, "gen", "draw IDs and print them", kGenTeaching,
                                    [=] { return Gen(session, *options); });
  AddNumber(command, "-n,--count", &options->count, 1, std::numeric_limits<std::uint64_t>::max(),
            "how many [1]");
  AddOption(command, "--format", "FORM", "how they are written [decimal]", "",
            [options](const std::string& text) { return TakeForm(text, options.get()); });
  AddOption(command, "--mask-key-file", "FILE", "print masked IDs; the key, 32 hex digits", "",
            [options](const std::string& text) { return TakeKeyFile(text, options.get()); });
}

}  // namespace tool
