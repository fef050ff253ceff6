// SPDX-License-Identifier: Apache-2.0
// shmflake segment: dense IDs of a tag, and what the region knows of its tags.
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "forms.h"
#include "id_writer.h"
#include "segment_report.h"
#include "text.h"

namespace tool {
namespace {

struct CloseSegment {
  void operator()(shmflake_segment* segment) const { shmflake_segment_close(segment); }
};
using Segment = std::unique_ptr<shmflake_segment, CloseSegment>;

struct SegmentOptions {
  std::string tag;
  std::uint64_t count = 1;
  Form form = Form::kDecimal;
  std::string form_name = "decimal";
  std::uint64_t step = 0;
  std::uint64_t max_step = 0;
  bool create = false;
};

// Every tag of the region, or a failure.
int ReadSegments(shmflake* flake, std::vector<shmflake_segment_info>* out) {
  for (;;) {
    shmflake_segment_info info{};
    info.struct_size = sizeof info;
    const int code = shmflake_segment_at(flake, out->size(), &info);
    if (code == SHMFLAKE_E_NOT_FOUND) return SHMFLAKE_OK;
    if (code != SHMFLAKE_OK) return code;
    out->push_back(info);
  }
}

int ShowSegments(Session* session) {
  Flake flake;
  std::vector<shmflake_segment_info> segments;
  int code = session->region.Open(true, &flake);
  if (code == SHMFLAKE_OK) code = ReadSegments(flake.get(), &segments);
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);
  if (session->json) {
    Json list = Json::array();
    for (const shmflake_segment_info& info : segments) list.push_back(SegmentToJson(info));
    session->out.WriteJson(Json{{"name", session->region.display_name()}, {"segments", list}});
  } else if (segments.empty()) {
    session->out.Write("region " + session->region.display_name() + " has no tags\n");
  } else {
    session->out.Write(ListSegments(segments));
  }
  return kOk;
}

int ShowStatus(Session* session, const SegmentOptions& options) {
  Flake flake;
  std::vector<shmflake_segment_info> segments;
  int code = session->region.Open(true, &flake);
  if (code == SHMFLAKE_OK) code = ReadSegments(flake.get(), &segments);
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);
  for (const shmflake_segment_info& info : segments) {
    if (options.tag != info.tag) continue;
    if (session->json) {
      session->out.WriteJson(SegmentToJson(info));
    } else {
      session->out.Write("TAG " + Printable(info.tag) + "\n" + DescribeSegment(info));
    }
    return kOk;
  }
  return session->Fail({SHMFLAKE_E_NOT_FOUND, "the region " + session->region.display_name() +
                                                  " has no tag " + Quoted(options.tag)});
}

int Gen(Session* session, const SegmentOptions& options) {
  Flake flake;
  int code = session->region.Open(false, &flake);
  shmflake_segment* opened = nullptr;
  if (code == SHMFLAKE_OK) {
    shmflake_segment_options wanted = SHMFLAKE_SEGMENT_OPTIONS_INIT;
    wanted.step = options.step;
    wanted.max_step = options.max_step;
    if (options.create) wanted.create = SHMFLAKE_ON;
    code = shmflake_segment_open(flake.get(), options.tag.c_str(), &wanted, &opened);
  }
  if (code != SHMFLAKE_OK) return session->FailLibrary(code);
  const Segment segment(opened);
  IdWriter writer(session, options.form_name, false);
  std::array<std::uint64_t, 4096> ids;
  while (writer.written() < options.count && !session->out.failed()) {
    const std::size_t want = std::min<std::uint64_t>(options.count - writer.written(), ids.size());
    std::size_t filled = 0;
    code = shmflake_segment_next_n(segment.get(), ids.data(), want, &filled);
    const Failure failure = code == SHMFLAKE_OK ? Failure{} : LibraryFailure(code);
    for (std::size_t i = 0; i < filled; ++i) {
      char text[SHMFLAKE_TEXT_SIZE];
      (void)shmflake_format(ids[i], LibraryForm(options.form), text, sizeof text);
      writer.Write(text);
    }
    if (code != SHMFLAKE_OK) return writer.End(&failure);
  }
  return writer.End(nullptr);
}

constexpr char kSegmentTeaching[] =
    "Dense IDs, 1, 2, 3 ..., out of a row in a database, in segments that all\n"
    "processes of the host share. Without a database they come from an SQLite file;\n"
    "--segment-store, SHMFLAKE_SEGMENT_STORE or segment_store in snowflake.toml name\n"
    "another store.\n"
    "\n"
    "Examples:\n"
    "  shmflake segment gen orders\n"
    "  shmflake segment gen -n 3 --segment-store mysql://ids@db:3306/ids orders\n"
    "  shmflake segment list\n"
    "  shmflake segment status orders --json | jq .remaining";

constexpr char kSegmentGenTeaching[] =
    "One a line, ascending. A new tag gets a row in SQLite; elsewhere only with\n"
    "--create. IDs that were printed before a failure are drawn and yours.\n"
    "\n"
    "Examples:\n"
    "  shmflake segment gen orders\n"
    "  shmflake segment gen -n 1000 --step 100000 orders";

constexpr char kSegmentListTeaching[] =
    "Asks no store: what the region holds. \"ahead\" is what was fetched ahead of time.\n"
    "\n"
    "Examples:\n"
    "  shmflake segment list\n"
    "  shmflake segment list --json";

constexpr char kSegmentStatusTeaching[] =
    "Asks no store: what the region holds.\n"
    "\n"
    "Examples:\n"
    "  shmflake segment status orders";

void AddTag(CLI::App* command, SegmentOptions* options) {
  AddOneWord(command, "TAG", "the name of the series", [options](const std::string& text) {
    options->tag = text;
    return text.empty() ? "must not be empty" : "";
  });
}

std::string TakeForm(const std::string& text, SegmentOptions* options) {
  Form form{};
  if (!FindForm(text, &form) || !Is64Bit(form)) {
    return "must be decimal, hex, base36, base58, base62 or crockford32";
  }
  options->form = form;
  options->form_name = text;
  return "";
}

}  // namespace

void AddSegment(CLI::App* app, Session* session) {
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t kLongest = 1'000'000'000;
  CLI::App* group =
      AddGroup(app, "segment", "dense IDs of a tag, from a database", kSegmentTeaching);
  const auto options = std::make_shared<SegmentOptions>();
  AddSubcommand(group, session, "list", "the region's tags", kSegmentListTeaching,
                [=] { return ShowSegments(session); });
  CLI::App* gen = AddSubcommand(group, session, "gen", "draw IDs of a tag and print them",
                                kSegmentGenTeaching, [=] { return Gen(session, *options); });
  AddTag(gen, options.get());
  AddNumber(gen, "-n,--count", &options->count, 1, kMostIds, "how many [1]");
  AddNumber(gen, "--step", &options->step, 1, kLongest, "IDs of the first segment [the row's]");
  AddNumber(gen, "--max-step", &options->max_step, 1, kLongest, "of any segment [1000000]");
  AddFlag(gen, "--create", &options->create, "give a new tag a row");
  AddOption(gen, "--format", "FORM", "how they are written [decimal]", "",
            [options](const std::string& text) { return TakeForm(text, options.get()); });
  CLI::App* status =
      AddSubcommand(group, session, "status", "all that is known of a tag", kSegmentStatusTeaching,
                    [=] { return ShowStatus(session, *options); });
  AddTag(status, options.get());
}

}  // namespace tool
