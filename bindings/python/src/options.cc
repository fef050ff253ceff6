// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <algorithm>
#include <iterator>

#include "arguments.h"
#include "errors.h"

namespace py = pybind11;

namespace shmflake_python {

// One for each kind of field.
struct Setters {
  template <auto kField>
  static void Text(Options& self, const char* name, py::handle value) {
    self.options_.*kField = self.texts_.emplace_back(ToText(value, name)).c_str();
  }

  template <auto kField>
  static void Path(Options& self, const char*, py::handle value) {
    self.options_.*kField = self.texts_.emplace_back(ToPath(value)).c_str();
  }

  // `kSet` is the bit that says that a 0 is meant. Where there is none, 0 would be the default.
  template <auto kField, std::uint32_t kSet = 0>
  static void Number(Options& self, const char* name, py::handle value) {
    auto& field = self.options_.*kField;
    if constexpr (std::is_same_v<decltype(field), std::int64_t&>) {
      field = ToInt64(value);
    } else {
      field = ToUint32(value, name);
    }
    if (field != 0) return;
    if (kSet == 0) ThrowZero(name);
    self.options_.set |= kSet;
  }

  template <auto kField, std::uint32_t kOff>
  static void Switch(Options& self, const char* name, py::handle value) {
    self.options_.*kField = ToBool(value, name) ? std::uint32_t{SHMFLAKE_ON} : kOff;
  }

  static void Ordering(Options& self, const char* name, py::handle value) {
    const std::string text = ToText(value, name);
    if (text == "strict") {
      self.options_.ordering = SHMFLAKE_ORDERING_STRICT;
    } else if (text == "relaxed") {
      self.options_.ordering = SHMFLAKE_ORDERING_RELAXED;
    } else {
      const std::string message = "ordering must be \"strict\" or \"relaxed\": " + text;
      ThrowSaying(SHMFLAKE_E_OPTION, message.c_str());
    }
  }

  static void Log(Options& self, const char*, py::handle value) {
    self.log_ = std::make_unique<LogSink>(py::reinterpret_borrow<py::object>(value));
    self.options_.log = LogSink::OnLog;
    self.options_.log_context = self.log_.get();
  }
};

namespace {

using O = shmflake_options;
using S = Setters;

struct Row {
  const char* name;
  Options::Setter set;
};

// The fields in the header's order, but struct_size, set and log_context.
constexpr Row kRows[] = {
    {"config_file", S::Path<&O::config_file>},
    {"directory", S::Path<&O::directory>},
    {"state_directory", S::Path<&O::state_directory>},
    {"id_namespace", S::Text<&O::id_namespace>},
    {"store", S::Text<&O::store>},
    {"group", S::Text<&O::group>},
    {"mode", S::Number<&O::mode>},
    {"worker_id", S::Number<&O::worker_id, SHMFLAKE_SET_WORKER_ID>},
    {"timestamp_bits", S::Number<&O::timestamp_bits>},
    {"worker_id_bits", S::Number<&O::worker_id_bits>},
    {"machine_bits", S::Number<&O::machine_bits>},
    {"sequence_bits", S::Number<&O::sequence_bits>},
    {"tick_us", S::Number<&O::tick_us>},
    {"epoch_ms", S::Number<&O::epoch_ms, SHMFLAKE_SET_EPOCH>},
    {"ordering", S::Ordering},
    {"max_backward_ms", S::Number<&O::max_backward_ms, SHMFLAKE_SET_MAX_BACKWARD>},
    {"max_forward_ms", S::Number<&O::max_forward_ms>},
    {"max_recovery_ms", S::Number<&O::max_recovery_ms>},
    {"horizon_ms", S::Number<&O::horizon_ms>},
    {"wait_timeout_ms", S::Number<&O::wait_timeout_ms>},
    {"background_thread", S::Switch<&O::background_thread, SHMFLAKE_OFF>},
    {"sigbus_guard", S::Switch<&O::sigbus_guard, SHMFLAKE_OFF>},
    {"attach_only", S::Switch<&O::attach_only, 0>},
    {"log_level", S::Number<&O::log_level>},
    {"log", S::Log},
    {"layout", S::Text<&O::layout>},
    {"segment_store", S::Text<&O::segment_store>},
    {"lease_ttl_ms", S::Number<&O::lease_ttl_ms>},
};

}  // namespace

Options::Options(const py::dict& keywords) {
  for (const auto& [key, value] : keywords) {
    const std::string name = ToText(key, "a keyword");
    const auto* const row = std::find_if(std::begin(kRows), std::end(kRows),
                                         [&](const Row& other) { return other.name == name; });
    if (row == std::end(kRows)) throw py::type_error("unknown option '" + name + "'");
    if (!value.is_none()) row->set(*this, row->name, value);
  }
}

}  // namespace shmflake_python
