// SPDX-License-Identifier: Apache-2.0
#include "decoder.h"

#include <ctime>
#include <utility>

#include "text.h"

namespace tool {
namespace {

constexpr std::int64_t kYear2006Ms = 1'136'073'600'000;
constexpr std::int64_t kDayMs = 86'400'000;

std::string Rule(const std::string& message, Form form) {
  return std::string("as ") + FormName(form) + ", " + message;
}

}  // namespace

const char* LayoutFromName(LayoutFrom from) {
  constexpr const char* kNames[] = {"name", "region", "settings", "default"};
  return kNames[static_cast<std::size_t>(from)];
}

bool Decoder::OpenNamed(const RegionOptions& region, Failure* failure) {
  from_ = LayoutFrom::kName;
  const shmflake_options options = region.Build();
  for (const Layout& layout : named_) {
    if (layout.name != options.layout) continue;
    layout_ = layout;
    if ((options.set & SHMFLAKE_SET_EPOCH) == 0 || options.epoch_ms == layout.epoch_ms) return true;
    layout_.epoch_ms = options.epoch_ms;
    layout_.name.clear();
    return true;
  }
  shmflake_parts parts;  // the library knows no such name, either, and says which it knows
  *failure = LibraryFailure(shmflake_decode_layout(options.layout, 0, &parts));
  return false;
}

bool Decoder::OpenRegion(const RegionOptions& region, Failure* failure) {
  int code = region.Open(true, &flake_);
  if (code == SHMFLAKE_OK) {
    shmflake_status_info info{};
    info.struct_size = sizeof info;
    code = shmflake_status(flake_.get(), &info);
    layout_ = LayoutOf(info);
    from_ = LayoutFrom::kRegion;
  }
  if (code == SHMFLAKE_OK) return true;
  *failure = LibraryFailure(code);
  flake_.reset();
  return false;
}

bool Decoder::OpenSettings(const RegionOptions& region, Failure* failure) {
  std::vector<shmflake_setting> settings;
  if (const int code = ReadSettings(region, &settings); code != SHMFLAKE_OK) {
    *failure = LibraryFailure(code);
    return false;
  }
  from_ = LayoutIsSaid(settings) ? LayoutFrom::kSettings : LayoutFrom::kDefault;
  if (LayoutOf(settings, &layout_)) return true;
  *failure = {SHMFLAKE_E_LAYOUT, shmflake_strerror(SHMFLAKE_E_LAYOUT)};
  return false;
}

bool Decoder::Open(const RegionOptions& region, Failure* failure) {
  for (const shmflake_layout_info& info : NamedLayouts()) named_.push_back(LayoutOf(info));
  if (region.named_layout_given()) return OpenNamed(region, failure);
  if (region.layout_given()) return OpenSettings(region, failure);
  if (OpenRegion(region, failure)) return true;
  if (failure->code != SHMFLAKE_E_NOT_FOUND && failure->code != SHMFLAKE_E_RETIRED) return false;
  return OpenSettings(region, failure);
}

bool Decoder::MakesSense(const shmflake_parts& parts) {
  const std::int64_t now_ms = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
  return parts.unix_ms >= kYear2006Ms && parts.unix_ms <= now_ms + kDayMs;
}

bool Decoder::SplitId(std::uint64_t id, shmflake_parts* parts, Failure* failure) const {
  int code = SHMFLAKE_OK;
  if (flake_ != nullptr) {
    code = shmflake_decode(flake_.get(), id, parts);
  } else if (!layout_.name.empty()) {
    code = shmflake_decode_layout(layout_.name.c_str(), id, parts);
  } else if (!layout_.Decode(id, parts)) {
    *failure = {SHMFLAKE_E_ID, "an ID of this layout has " + std::to_string(layout_.id_bits) +
                                   " bits, the sign bit stays 0: " + std::to_string(id)};
    return false;
  }
  if (code != SHMFLAKE_OK) *failure = LibraryFailure(code);
  return code == SHMFLAKE_OK;
}

bool Decoder::TakeApart(const Reading& reading, Decoded* out, Failure* failure) const {
  out->reading = reading;
  out->id = reading.id;
  if (!Is64Bit(reading.form)) {
    if (!key_) return true;
    *failure = {SHMFLAKE_E_ID, "a UUID or ULID has 128 bits and is never masked"};
    return false;
  }
  if (key_) {
    const int code = shmflake_unmask(key_->data(), reading.id, &out->id);
    if (code != SHMFLAKE_OK) {
      *failure = LibraryFailure(code);
      return false;
    }
    out->masked = true;
  }
  return SplitId(out->id, &out->parts, failure);
}

void Decoder::FindOthers(Decoded* decoded) const {
  for (const Layout& layout : named_) {
    InLayout other{layout, {}};
    if (layout.name == layout_.name || !layout.Decode(decoded->id, &other.parts)) continue;
    if (MakesSense(other.parts)) decoded->also.push_back(std::move(other));
  }
}

bool Decoder::Decode(const std::string& text, Decoded* out, Failure* failure) const {
  enum Rank { kNothing, kReads, kIsAnId, kMakesSense };  // the best so far
  Rank best = kNothing;
  Decoded decoded;
  Failure refused;
  std::string messages;
  for (const Form form : form_ ? std::vector<Form>{*form_} : FormsOf(text)) {
    Considered considered{form, {}, false};
    Decoded one;
    Reading reading;
    Failure why;
    Rank rank = kNothing;
    if (ReadAs(text, form, &reading, &why)) {
      rank = TakeApart(reading, &one, &why) ? kIsAnId : kReads;
      considered.makes_sense = rank == kIsAnId && (!Is64Bit(form) || MakesSense(one.parts));
      if (considered.makes_sense) rank = kMakesSense;
      if (Is64Bit(form)) considered.id = reading.id;
    }
    if (rank < kIsAnId) messages += (messages.empty() ? "" : "; ") + Rule(why.message, form);
    // Of those that were refused, one that is a number after all says most.
    if (rank < kIsAnId && (refused.code == 0 || (rank == kReads && best < kReads))) {
      refused.code = why.code;
    }
    if (rank > best) {
      best = rank;
      one.considered = std::move(decoded.considered);
      decoded = std::move(one);
    }
    decoded.considered.push_back(considered);
  }
  if (best < kIsAnId) {
    *failure = {refused.code, Quoted(text) + ": " + messages};
    return false;
  }
  decoded.text = text;
  const bool said = from_ != LayoutFrom::kDefault;
  const bool is_64_bit = Is64Bit(decoded.reading.form);
  if (is_64_bit && from_ != LayoutFrom::kName && (!said || !MakesSense(decoded.parts))) {
    FindOthers(&decoded);
  }
  *out = std::move(decoded);
  return true;
}

}  // namespace tool
