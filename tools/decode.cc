// SPDX-License-Identifier: Apache-2.0
// shmflake decode: what an ID says, in whichever form it is written.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "decode_report.h"
#include "decoder.h"
#include "forms.h"
#include "key_file.h"

namespace tool {
namespace {

struct DecodeOptions {
  std::vector<std::string> texts;
  std::optional<Form> form;
  std::string key_file;  // "" for none
};

// UUIDs and ULIDs need no layout, hence neither a region nor a configuration that is right.
bool NeedsLayout(const DecodeOptions& options) {
  if (options.form) return Is64Bit(*options.form);
  return std::any_of(options.texts.begin(), options.texts.end(), [](const std::string& text) {
    const std::vector<Form> forms = FormsOf(text);
    return std::any_of(forms.begin(), forms.end(), Is64Bit);
  });
}

void PrintFrom(Output* out, const Decoder& decoder, const RegionOptions& region) {
  const std::string no_region = "\nThere is no region \"" + region.display_name() + "\"";
  if (decoder.from() == LayoutFrom::kSettings && !region.layout_given()) {
    out->Write(no_region + ": read with the configured layout.\n");
  }
  if (decoder.from() == LayoutFrom::kDefault) {
    out->Write(no_region + ", and no layout is said: read with the default one.\n");
  }
}

int Decode(Session* session, const DecodeOptions& options) {
  Decoder decoder;
  Failure failure;
  if (!options.key_file.empty()) {
    const std::optional<Key> key = ReadKeyFile(options.key_file, &failure);
    if (!key) return session->Fail(failure);
    decoder.set_key(*key);
  }
  if (options.form) decoder.set_form(*options.form);
  const bool with_layout = NeedsLayout(options);
  if (with_layout && !decoder.Open(session->region, &failure)) return session->Fail(failure);
  std::vector<Decoded> all;
  for (const std::string& text : options.texts) {
    Decoded decoded;
    if (!decoder.Decode(text, &decoded, &failure)) return session->Fail(failure);
    all.push_back(std::move(decoded));
  }
  if (!session->json) {
    PrintDecoded(&session->out, decoder, all);
    if (with_layout) PrintFrom(&session->out, decoder, session->region);
    return kOk;
  }
  Json list = Json::array();
  for (const Decoded& decoded : all) list.push_back(ToJson(decoder, decoded));
  Json document{{"ids", list}};
  if (with_layout) {
    document["layout"] = decoder.layout().ToJson();
    document["layout_from"] = LayoutFromName(decoder.from());
  }
  session->out.WriteJson(document);
  return kOk;
}

constexpr char kDecodeTeaching[] =
    "A text is known by its shape:\n"
    "  36 characters          UUID; UUIDv7 has an instant\n"
    "  26                     ULID\n"
    "  0x...                  hex, before what follows\n"
    "  digits                 decimal, before what follows\n"
    "  16 hex digits          hex\n"
    "  13, hyphens aside      crockford32, then base36; in small letters base36, then\n"
    "                         crockford32\n"
    "  11                     base62, then base58\n"
    "The first that gives an instant between 2006 and tomorrow is taken, else the\n"
    "first that is an ID; what else was considered is said. --format settles it, and\n"
    "reads fewer digits, too: decimal, hex, base36, base58, base62, crockford32, uuid\n"
    "or ulid.\n"
    "\n"
    "The layout is the one of --layout; else the region's; without a region, or with\n"
    "another option of the ID layout, the configured one (shmflake check-config).\n"
    "If nothing says a layout, the known ones that would make sense are listed.\n"
    "\n"
    "Examples:\n"
    "  shmflake decode 815613041287823361\n"
    "  shmflake gen -n 5 --format base62 | xargs shmflake decode\n"
    "  shmflake decode --layout twitter 1541815603606036480\n"
    "  shmflake decode 017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n"
    "  shmflake decode --unmask-key-file mask.key 7567232762319151202";

}  // namespace

void AddDecode(CLI::App* app, Session* session) {
  const auto options = std::make_shared<DecodeOptions>();
  CLI::App* command =
      AddSubcommand(app, session, "decode", "take IDs apart: when, where and as which drawn",
                    kDecodeTeaching, [=] { return Decode(session, *options); });
  AddWords(command, "ID", "in any form", [options](const std::string& text) {
    options->texts.push_back(text);
    return "";
  });
  AddOption(command, "--format", "FORM", "the form: decimal, hex, base62, ... (see below)", "",
            [options](const std::string& text) {
              Form form{};
              if (!FindForm(text, &form)) {
                return "must be decimal, hex, base36, base58, base62, crockford32, uuid or ulid";
              }
              options->form = form;
              return "";
            });
  AddOption(command, "--unmask-key-file", "FILE", "the key that hid them: 32 hex digits", "",
            [options](const std::string& text) {
              options->key_file = text;
              return text.empty() ? "must not be empty" : "";
            });
}

}  // namespace tool
