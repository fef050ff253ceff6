// SPDX-License-Identifier: Apache-2.0
// The layout that IDs are read with, and what a text says in it.
#ifndef SHMFLAKE_TOOLS_DECODER_H_
#define SHMFLAKE_TOOLS_DECODER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "forms.h"
#include "key_file.h"
#include "layout.h"
#include "region_options.h"

namespace tool {

// Where the layout is from: --layout; a region; options, environment or file; or nothing said any.
enum class LayoutFrom : std::uint32_t { kName, kRegion, kSettings, kDefault };
[[nodiscard]] const char* LayoutFromName(LayoutFrom from);

// An ID in some layout.
struct InLayout {
  Layout layout;
  shmflake_parts parts{};
};

// One of the forms that a text may be in.
struct Considered {
  Form form = Form::kDecimal;
  std::optional<std::uint64_t> id;  // nothing when the text is none in that form
  bool makes_sense = false;
};

// What a text says.
struct Decoded {
  std::string text;
  Reading reading;                     // the form that was taken
  std::vector<Considered> considered;  // this one and others, in order
  bool masked = false;                 // reading.id was
  std::uint64_t id = 0;                // unmasked
  shmflake_parts parts{};
  std::vector<InLayout> also;  // the other layouts by name that would make sense of it
};

class Decoder {
 public:
  // Finds the layout. False with the failure.
  [[nodiscard]] bool Open(const RegionOptions& region, Failure* failure);

  // Reads texts as that form only; unmasks IDs before they are taken apart.
  void set_form(Form form) { form_ = form; }
  void set_key(const Key& key) { key_ = key; }

  // The first form in which the text is an ID that makes sense, else the first that it is an ID in
  // at all. False with the failure.
  [[nodiscard]] bool Decode(const std::string& text, Decoded* out, Failure* failure) const;

  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] LayoutFrom from() const { return from_; }
  // Does the ID's instant lie between 2006 and tomorrow? No system's IDs are older.
  [[nodiscard]] static bool MakesSense(const shmflake_parts& parts);

 private:
  bool OpenRegion(const RegionOptions& region, Failure* failure);
  bool OpenSettings(const RegionOptions& region, Failure* failure);
  bool OpenNamed(const RegionOptions& region, Failure* failure);
  bool SplitId(std::uint64_t id, shmflake_parts* parts, Failure* failure) const;
  bool TakeApart(const Reading& reading, Decoded* out, Failure* failure) const;
  void FindOthers(Decoded* decoded) const;

  Flake flake_;  // when the layout is a region's
  Layout layout_;
  LayoutFrom from_ = LayoutFrom::kDefault;
  std::vector<Layout> named_;
  std::optional<Form> form_;
  std::optional<Key> key_;
};

}  // namespace tool

#endif  // SHMFLAKE_TOOLS_DECODER_H_
